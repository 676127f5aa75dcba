// The table of services: a head, and one row for each visible service, pool or instance.
import { Box } from 'ink';
import { isMarked, type TableRow } from '../model/rows.ts';
import { rowCells } from '../view/row-cells.ts';
import type { TableContent } from '../view/table.ts';
import { GAP, GUTTER } from '../view/table-columns.ts';
import { useAppearance } from './appearance.ts';
import { barOf, StyledText, TextLine } from './text-line.tsx';

type ServiceTableProps = { table: TableContent; width: number; height: number };

export function ServiceTable({ table, width, height }: ServiceTableProps) {
  const { columns, visible, selected, marked, head, emptyText } = table;
  return (
    <>
      {head.length > 0 && <TextLine cells={head} columns={width} />}
      <Box flexDirection="column" height={height} flexShrink={0}>
        {emptyText !== '' && <TextLine cells={[{ text: emptyText, style: 'dim' }]} columns={width} />}
        {visible.map((row, index) => (
          <ServiceRow
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place; two broken services may share a name
            key={index}
            row={row}
            columns={columns}
            width={width}
            selected={row.id === selected}
            marked={isMarked(row, marked)}
          />
        ))}
      </Box>
    </>
  );
}

type ServiceRowProps = {
  row: TableRow;
  columns: TableContent['columns'];
  width: number;
  selected: boolean;
  marked: boolean;
};

function ServiceRow({ row, columns, width, selected, marked }: ServiceRowProps) {
  const { glyphs, theme } = useAppearance();
  const gutterText = `${selected ? glyphs.cursor : ' '}${marked ? glyphs.marked : ''}`;
  return (
    <Box height={1} flexShrink={0} {...barOf(theme, selected)}>
      <Box width={Math.min(GUTTER, width)} flexShrink={0}>
        {(selected || marked) && <StyledText cell={{ text: gutterText, style: 'accent' }} selected={selected} />}
      </Box>
      {rowCells(row, { columns, width, glyphs }).map(({ cells, width: columnWidth, align }, index) => (
        <Box
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place in the row
          key={index}
          width={columnWidth}
          marginLeft={index === 0 ? 0 : GAP}
          justifyContent={align === 'right' ? 'flex-end' : 'flex-start'}
          flexShrink={0}
        >
          {cells.map((cell, part) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text
            <StyledText key={part} cell={cell} selected={selected} />
          ))}
        </Box>
      ))}
    </Box>
  );
}
