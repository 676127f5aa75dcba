// One line of cells, and one cell of it.
import { Box, Text } from 'ink';
import { type Cell, type Line, line } from '../view/line.ts';
import { SELECTED_STYLE, TEXT_STYLES } from '../view/theme.ts';

/** What does not fit into `columns` is cut. */
export function TextLine({ cells, columns }: { cells: Line; columns: number }) {
  return (
    <Box height={1} flexShrink={0}>
      {line(cells, columns).map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place in the line
        <StyledText key={index} cell={cell} />
      ))}
    </Box>
  );
}

export function StyledText({ cell, selected = false }: { cell: Cell; selected?: boolean }) {
  return (
    <Text {...(selected ? SELECTED_STYLE : TEXT_STYLES[cell.style])} wrap="truncate-end">
      {cell.text}
    </Text>
  );
}
