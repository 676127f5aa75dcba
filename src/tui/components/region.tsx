// A region of the screen: its lines, one below the other.
import { Box } from 'ink';
import { memo } from 'react';
import type { FrameRegion as RegionLines } from '../view/frame.ts';
import type { Theme } from '../view/theme.ts';
import { Row } from './row.tsx';

type Props = { region: RegionLines; columns: number; theme: Theme };

export const Region = memo(function Region({ region, columns, theme }: Props) {
  return (
    <Box flexDirection="column" flexShrink={0}>
      {region.lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen, nothing else
        <Row key={index} line={line} columns={columns} theme={theme} />
      ))}
    </Box>
  );
});
