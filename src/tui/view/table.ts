// The table of services as lines: only the rows that are visible.
import { widthOf } from '../../terminal/width.ts';
import { formatAge } from '../../units.ts';
import { firstVisible } from '../model/layout.ts';
import { selectedIndex, type TableRow } from '../model/rows.ts';
import type { UiState } from '../model/state.ts';
import { cell, EMPTY_LINE, type FrameCell, type FrameLine, fixedCell, line } from './frame.ts';
import { fittingColumns, GAP, GUTTER, isAlive, reasonOf, type ServiceColumn } from './table-columns.ts';
import type { Glyphs } from './theme.ts';

export type TableView = {
  lines: FrameLine[];
  /** Which rows are shown, when there are more and the head has no room for it; else empty. */
  visibleRange: string;
  /** When an uptime on screen changes; Infinity: none does. */
  nextChangeMs: number;
};

/**
 * @param context `height`: rows without the head; `head`: 0 or 1. `mayDropTitles`: only the head can show which rows are
 *   visible, so column titles make room for it.
 */
export function tableView(
  state: UiState,
  rows: readonly TableRow[],
  context: { height: number; head: number; mayDropTitles: boolean; nowMs: number; glyphs: Glyphs },
): TableView {
  const { height, nowMs, glyphs } = context;
  const selected = selectedIndex(rows, state.selected);
  const start = firstVisible(rows.length, height, selected);
  const visible = rows.slice(start, start + height);
  const columns = fittingColumns(rows, state.size.columns, nowMs, glyphs);
  const lines = visible.map((row, index) =>
    rowLine(row, columns, start + index === selected, state.size.columns, glyphs),
  );
  if (rows.length === 0) lines.push(line([cell(emptyText(state), 'dim')], state.size.columns));
  while (lines.length < height) lines.push(EMPTY_LINE);
  const visibleRange = visibleRangeText(rows.length, start, height, glyphs);
  const head = headLine(columns, state.size.columns, visibleRange, context.mayDropTitles);
  return {
    lines: [...(context.head > 0 ? [head.line] : []), ...lines],
    visibleRange: context.head > 0 && head.showsRange ? '' : visibleRange,
    nextChangeMs: nowMs + nextUptimeChange(visible, nowMs),
  };
}

function rowLine(row: TableRow, columns: ServiceColumn[], selected: boolean, width: number, glyphs: Glyphs): FrameLine {
  const cells: FrameCell[] = [{ text: selected ? `${glyphs.cursor} ` : '  ', style: 'accent' }];
  const reason = reasonOf(row);
  const last = columns.at(-1);
  const isCut = last?.title !== 'REASON' || widthOf(reason) > last.width;
  for (const [index, each] of columns.entries()) {
    if (index > 0) cells.push({ text: ' '.repeat(GAP), style: 'plain' });
    // Without a process its columns are empty: the reason takes their place.
    if (each.onlyWhenAlive && isCut && reason !== '' && !isAlive(row)) {
      cells.push(cell(reason, 'dim'));
      break;
    }
    const { text, style } = each.cellOf(row);
    cells.push(fixedCell(text, each.width, style, each.align));
  }
  return line(cells, width, selected);
}

/** The titles and, at the right end, which rows are shown if there is room. `mayDropTitles`: titles make room for it. */
function headLine(
  columns: ServiceColumn[],
  width: number,
  visibleRange: string,
  mayDropTitles: boolean,
): { line: FrameLine; showsRange: boolean } {
  const fits = (some: ServiceColumn[]) => GUTTER + widthOf(titlesText(some)) + GAP + visibleRange.length <= width;
  let shown = columns;
  while (visibleRange !== '' && mayDropTitles && shown.length > 1 && !fits(shown)) shown = shown.slice(0, -1);
  const showsRange = fits(shown);
  const titles = `  ${titlesText(showsRange ? shown : columns)}`;
  const text = showsRange ? titles + visibleRange.padStart(width - widthOf(titles)) : titles;
  return { line: line([cell(text, 'dim')], width), showsRange };
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

function nextUptimeChange(rows: readonly TableRow[], nowMs: number): number {
  let soonest = Infinity;
  for (const row of rows) {
    if (row.kind === 'pool' || row.instance.startedAt === null) continue;
    soonest = Math.min(soonest, formatAge(nowMs - Date.parse(row.instance.startedAt)).nextMs);
  }
  return soonest;
}
