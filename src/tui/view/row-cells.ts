// The cells of one row of the table of services, of the view and of `orch ps`: where each goes, and what takes the place of empty ones.
import { clip, widthOf } from '../../terminal/width.ts';
import type { TableRow } from '../model/rows.ts';
import { cell, type Line } from './line.ts';
import { poolDots } from './pool-dots.ts';
import { isAlive, reasonOf } from './row-texts.ts';
import { GAP, GUTTER, type ServiceColumn } from './table-columns.ts';
import type { Glyphs } from './theme.ts';

export type PlacedCells = { cells: Line; width: number; align: 'left' | 'right' };
type RowRoom = { columns: readonly ServiceColumn[]; width: number; glyphs: Glyphs };

/** The cells of a row behind the cursor, at most `width` columns with the gaps between them. */
export function rowCells(row: TableRow, { columns, width, glyphs }: RowRoom): PlacedCells[] {
  const reason = reasonOf(row);
  const last = columns.at(-1);
  const isCut = last?.id !== 'reason' || widthOf(reason) > last.width;
  const dots = dotsOf(row, columns, glyphs);
  const placed: PlacedCells[] = [];
  let left = width - GUTTER;
  for (let index = 0; index < columns.length && left > 0; index++) {
    const each = columns[index]!;
    // Without a process its columns are empty: the reason takes their place.
    if (each.onlyWhenAlive && isCut && reason !== '' && !isAlive(row)) {
      const { text, style } = cell(reason, 'dim');
      placed.push({ cells: [{ text: clip(text, left), style }], width: left, align: 'left' });
      break;
    }
    if (dots?.from === index) {
      placed.push({ cells: dots.cells, width: dots.width, align: 'left' });
      left -= dots.width + GAP;
      index = dots.to;
      continue;
    }
    const { text, style } = each.cellOf(row);
    const room = Math.min(each.width, left);
    placed.push({ cells: [{ text: clip(text, room), style }], width: room, align: each.align });
    left -= room + GAP;
  }
  return placed;
}

/** What only a single instance has, apart from its cost: a folded pool shows its instances there. */
const OF_ONE_INSTANCE = new Set<ServiceColumn['id']>(['crashes', 'restarts', 'pid', 'port', 'up']);

const COUNTS = new Set<ServiceColumn['id']>(['crashes', 'restarts']);

/** Where the instances of a folded pool go: the columns `from` to `to`, which are empty for it. null: nowhere. */
function dotsOf(row: TableRow, columns: readonly ServiceColumn[], glyphs: Glyphs) {
  if (row.kind !== 'pool' || !row.folded || !isAlive(row)) return null;
  const hasCounts = row.service.instances.some(({ restarts, crashes = 0 }) => restarts > 0 || crashes > 0);
  const isFree = ({ id }: ServiceColumn) => OF_ONE_INSTANCE.has(id) && !(hasCounts && COUNTS.has(id));
  const from = columns.findIndex(isFree);
  if (from === -1) return null;
  const free = columns.filter(isFree);
  const width = free.reduce((sum, each) => sum + each.width + GAP, -GAP);
  const cells = poolDots(row, width, glyphs);
  return cells.length === 0 ? null : { from, to: from + free.length - 1, width, cells };
}
