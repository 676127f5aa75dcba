// The root component: the frame as regions, and the keyboard. Holds no state; what is shown comes in as a frame.
import { Box, type Key, useInput, useStdin } from 'ink';
import { Region } from './components/region.tsx';
import type { Frame } from './view/frame.ts';
import type { Theme } from './view/theme.ts';

export type AppProps = { frame: Frame; theme: Theme; onInput: (input: string, key: Key) => void };

export function App({ frame, theme, onInput }: AppProps) {
  const { isRawModeSupported } = useStdin();
  useInput(onInput, { isActive: isRawModeSupported });
  return (
    <Box flexDirection="column" width={frame.columns}>
      {frame.regions.map((region) => (
        <Region key={region.name} region={region} columns={frame.columns} theme={theme} />
      ))}
    </Box>
  );
}
