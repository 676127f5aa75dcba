// A list on the whole screen, with a bar on the row that keys act on.
import { Box } from 'ink';
import type { Line } from '../view/line.ts';
import type { ListContent } from '../view/list-content.ts';
import { GUTTER } from '../view/table-columns.ts';
import { useAppearance } from './appearance.ts';
import { barOf, StyledText, TextLine } from './text-line.tsx';

type RowListProps = { content: ListContent; columns: number };

export function RowList({ content: { title, rows, empty }, columns }: RowListProps) {
  return (
    <>
      <TextLine cells={title} columns={columns} />
      {empty !== '' && <TextLine cells={[{ text: `  ${empty}`, style: 'dim' }]} columns={columns} />}
      {rows.map(({ cells, isChosen }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen, nothing else
        <ListedRow key={index} cells={cells} columns={columns} isChosen={isChosen} />
      ))}
    </>
  );
}

function ListedRow({ cells, columns, isChosen }: { cells: Line; columns: number; isChosen: boolean }) {
  const { glyphs, theme } = useAppearance();
  return (
    <Box height={1} width={columns} flexShrink={0} {...barOf(theme, isChosen)}>
      <Box width={Math.min(GUTTER, columns)} flexShrink={0}>
        {isChosen && <StyledText cell={{ text: glyphs.cursor, style: 'accent' }} selected />}
      </Box>
      {cells.map((cell, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place in the line
        <StyledText key={index} cell={cell} selected={isChosen} />
      ))}
    </Box>
  );
}
