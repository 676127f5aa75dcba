// Lines that stream by: output and events. Ink lays out their places; the lines themselves go around it to the output,
// because Ink would measure, keep, and take apart, every line that ever was on the screen (decision 0300).
import { Box, Text, Transform } from 'ink';
import { memo } from 'react';
import type { Line } from '../view/line.ts';
import { paintLine } from '../view/paint.ts';
import { useAppearance } from './appearance.ts';

type PreparedLinesProps = { lines: readonly Line[]; height: number };

/** @param props `lines`: as wide as the screen at most; those beyond `height` are cut. */
export function PreparedLines({ lines, height }: PreparedLinesProps) {
  const { theme } = useAppearance();
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      {lines.slice(0, height).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen, nothing else
        <PreparedLine key={index} text={paintLine(line, theme)} />
      ))}
    </Box>
  );
}

const PreparedLine = memo(function PreparedLine({ text }: { text: string }) {
  const { place } = useAppearance();
  return (
    <Box height={1} flexShrink={0}>
      <Transform transform={() => place(text)}>
        <Text> </Text>
      </Transform>
    </Box>
  );
});
