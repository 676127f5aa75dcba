// One line of the screen.
import { Box, Text, Transform } from 'ink';
import { memo } from 'react';
import type { FrameLine } from '../view/frame.ts';
import type { Theme } from '../view/theme.ts';

const RESET = '\x1b[0m';

/** Drawn again only when its line is another object: see shareLines. */
export const Row = memo(function Row({ line, columns, theme }: { line: FrameLine; columns: number; theme: Theme }) {
  const text = paintLine(line, theme);
  // Ink measures and caches every text it ever saw, forever. It sees the same blank each time; the line itself, whose
  // width is known, comes in behind the measuring.
  return (
    <Box height={1} width={columns} flexShrink={0}>
      <Transform transform={() => text}>
        <Text> </Text>
      </Transform>
    </Box>
  );
});

/** The cells of a line with their colours; a selected line is one bar. */
export function paintLine(line: FrameLine, theme: Theme): string {
  let text = '';
  for (const cell of line.cells) {
    const begin = theme.startSequence(cell.style, line.selected);
    const foreign = cell.text.includes('\x1b');
    text += begin === '' && !foreign ? cell.text : `${begin}${cell.text}${RESET}`;
  }
  return text;
}
