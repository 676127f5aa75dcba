// What the table of services shows: the rows that are visible, the columns that fit, and the cells of both. Pure.
import { clip, widthOf } from '../../terminal/width.ts';
import { firstVisible, tableColumns } from '../model/layout.ts';
import { selectedIndex, type TableRow } from '../model/rows.ts';
import type { UiState } from '../model/state.ts';
import { cell, fixedCell, type Line } from './line.ts';
import { poolDots } from './pool-dots.ts';
import { fittingColumns, GAP, GUTTER, isAlive, reasonOf, type ServiceColumn } from './table-columns.ts';
import type { Glyphs } from './theme.ts';

export type TableContent = {
  columns: ServiceColumn[];
  visible: readonly TableRow[];
  /** Id of the row that keys act on. */
  selected: string | null;
  marked: ReadonlySet<string>;
  /** Empty without room for it. */
  head: Line;
  /** Which rows are shown, when there are more and the head has no room for it; else empty. */
  visibleRange: string;
  /** Instead of rows. */
  emptyText: string;
};

type TableRoom = {
  /** Rows without the head; `head`: 0 or 1. */
  height: number;
  head: number;
  /** Only the head can show which rows are visible, so column titles make room for it. */
  mayDropTitles: boolean;
};

export function tableOf(
  state: UiState,
  rows: readonly TableRow[],
  { height, head, mayDropTitles }: TableRoom,
  { nowMs, glyphs }: { nowMs: number; glyphs: Glyphs },
): TableContent {
  const width = tableColumns(state);
  const at = selectedIndex(rows, state.selected);
  const start = firstVisible(rows.length, height, at);
  const columns = fittingColumns(rows, width, { nowMs, glyphs, sort: state.sort, samples: state.samples });
  const visibleRange = visibleRangeText(rows.length, start, height, glyphs);
  const headLine = headLineOf(columns, width, visibleRange, mayDropTitles);
  return {
    columns,
    visible: rows.slice(start, start + height),
    selected: rows[at]?.id ?? null,
    marked: new Set(state.marked),
    head: head > 0 ? headLine.line : [],
    visibleRange: head > 0 && headLine.showsRange ? '' : visibleRange,
    emptyText: rows.length === 0 ? emptyText(state) : '',
  };
}

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
const OF_ONE_INSTANCE = new Set<ServiceColumn['id']>(['restarts', 'pid', 'port', 'up']);

/** Where the instances of a folded pool go: the columns `from` to `to`, which are empty for it. null: nowhere. */
function dotsOf(row: TableRow, columns: readonly ServiceColumn[], glyphs: Glyphs) {
  if (row.kind !== 'pool' || !row.folded || !isAlive(row)) return null;
  const hasRestarts = row.service.instances.some(({ restarts }) => restarts > 0);
  const isFree = ({ id }: ServiceColumn) => OF_ONE_INSTANCE.has(id) && !(hasRestarts && id === 'restarts');
  const from = columns.findIndex(isFree);
  if (from === -1) return null;
  const free = columns.filter(isFree);
  const width = free.reduce((sum, each) => sum + each.width + GAP, -GAP);
  const cells = poolDots(row, width, glyphs);
  return cells.length === 0 ? null : { from, to: from + free.length - 1, width, cells };
}

/** The titles and, at the right end, which rows are shown if there is room. `mayDropTitles`: titles make room for it. */
function headLineOf(
  columns: ServiceColumn[],
  width: number,
  visibleRange: string,
  mayDropTitles: boolean,
): { line: Line; showsRange: boolean } {
  const fits = (some: ServiceColumn[]) => GUTTER + widthOf(titlesText(some)) + GAP + visibleRange.length <= width;
  let shown = columns;
  while (visibleRange !== '' && mayDropTitles && shown.length > 1 && !fits(shown)) shown = shown.slice(0, -1);
  const showsRange = fits(shown);
  const titles = `  ${titlesText(showsRange ? shown : columns)}`;
  const text = showsRange ? titles + visibleRange.padStart(width - widthOf(titles)) : titles;
  return { line: [cell(text, 'dim')], showsRange };
}

function titlesText(columns: ServiceColumn[]): string {
  const titles = columns.map((each) => fixedCell(each.title, each.width, 'dim', each.align).text);
  return titles.join(' '.repeat(GAP)).trimEnd();
}

function visibleRangeText(count: number, start: number, height: number, glyphs: Glyphs): string {
  return count > height ? `${start + 1}${glyphs.rule}${Math.min(count, start + height)} of ${count}` : '';
}

function emptyText(state: UiState): string {
  if (state.status === null) return '  waiting for the supervisor …';
  return state.nameFilter === ''
    ? '  no services: `services:` in procs.yaml is empty'
    : `  no match for ${state.nameFilter}`;
}
