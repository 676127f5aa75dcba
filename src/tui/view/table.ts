// What the table of services shows: the rows that are visible, the columns that fit, and the cells of both. Pure.
import { widthOf } from '../../terminal/width.ts';
import { tableColumns, tableStart } from '../model/layout.ts';
import { selectedIndex, type TableRow } from '../model/rows.ts';
import type { UiState } from '../model/state.ts';
import { cell, type Line } from './line.ts';
import { fittingColumns, GAP, GUTTER, type ServiceColumn, titlesText } from './table-columns.ts';
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
  const start = tableStart(state, rows.length, height, at);
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

function visibleRangeText(count: number, start: number, height: number, glyphs: Glyphs): string {
  return count > height ? `${start + 1}${glyphs.rule}${Math.min(count, start + height)} of ${count}` : '';
}

function emptyText(state: UiState): string {
  if (state.status === null) return '  waiting for the supervisor …';
  return state.nameFilter === ''
    ? '  no services: `services:` in procs.yaml is empty'
    : `  no match for ${state.nameFilter}`;
}
