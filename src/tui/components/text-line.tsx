// One line of cells, and one cell of it.
import { Box, Text } from 'ink';
import { type Cell, type Line, line } from '../view/line.ts';
import { styleOf, type Theme } from '../view/themes.ts';
import { useAppearance } from './appearance.ts';

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
  const { theme } = useAppearance();
  return (
    <Text {...(selected ? theme.selected : styleOf(theme, cell.style))} wrap="truncate-end">
      {cell.text}
    </Text>
  );
}

/** For the box of a row: the bar of the selected one goes from end to end. */
export function barOf({ selected: { backgroundColor } }: Theme, isSelected: boolean) {
  return isSelected && backgroundColor !== undefined ? { backgroundColor } : {};
}
