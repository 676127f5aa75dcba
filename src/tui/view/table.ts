// The table of services: which columns fit, what they say, only the rows that are visible.
import { formatAge } from '../format.ts';
import { type Cell, cell, EMPTY_LINE, fixedCell, type Line, line } from '../frame.ts';
import { firstVisible } from '../layout.ts';
import { selectedIndex, type TableRow, worstState } from '../rows.ts';
import type { UiState } from '../state.ts';
import { widthOf } from '../text.ts';
import { type Glyphs, STATE_STYLE } from '../theme.ts';
import {
  cpuText,
  isAlive,
  memoryText,
  nameCell,
  nameText,
  nameWidth,
  pidText,
  pidWidth,
  reasonCell,
  reasonOf,
  restartsCell,
  stateCell,
  stateWidth,
  uptimeText,
} from './table-cells.ts';

export type TableView = {
  lines: Line[];
  /** When an uptime on screen changes; Infinity: none does. */
  nextChangeMs: number;
};

type Column = {
  title: string;
  width: number;
  align: 'left' | 'right';
  /** Says something of a live process only. */
  ofProcess: boolean;
  /** The lowest goes first when the terminal is narrow. */
  rank: number;
  show(row: TableRow): Cell;
};

const GUTTER = 2;
const GAP = 2;
const NAME_MIN = 8;
const NAME_MAX = 34;
const REASON_MIN = 16;

/** @param height rows without the head; `head`: 0 or 1. */
export function tableView(
  state: UiState,
  rows: readonly TableRow[],
  around: { height: number; head: number; nowMs: number; glyphs: Glyphs },
): TableView {
  const { height, nowMs, glyphs } = around;
  const selected = selectedIndex(rows, state.selected);
  const start = firstVisible(rows.length, height, selected);
  const visible = rows.slice(start, start + height);
  const columns = fittingColumns(rows, state.size.columns, nowMs, glyphs);
  const lines = visible.map((row, index) =>
    rowLine(row, columns, start + index === selected, state.size.columns, glyphs),
  );
  if (rows.length === 0) lines.push(line([cell(emptyText(state), 'dim')], state.size.columns));
  while (lines.length < height) lines.push(EMPTY_LINE);
  const head =
    around.head > 0 ? [headLine(columns, state.size.columns, hiddenText(rows.length, start, height, glyphs))] : [];
  return { lines: [...head, ...lines], nextChangeMs: nowMs + nextUptimeChange(visible, nowMs) };
}

function fittingColumns(rows: readonly TableRow[], columns: number, nowMs: number, glyphs: Glyphs): Column[] {
  const name: Column = {
    title: 'NAME',
    ofProcess: false,
    width: Math.max(NAME_MIN, Math.min(NAME_MAX, widest(rows, nameWidth))),
    align: 'left',
    rank: 9,
    show: (row) => nameCell(row, glyphs),
  };
  const stateColumn: Column = {
    title: 'STATE',
    ofProcess: false,
    width: Math.max(9, widest(rows, stateWidth)),
    align: 'left',
    rank: 8,
    show: (row) => stateCell(row, glyphs),
  };
  const all = [
    name,
    stateColumn,
    column(columns >= 100 ? 'RESTARTS' : 'RST', columns >= 100 ? 8 : 3, 4, (row) => restartsCell(row)),
    column('PID', Math.max(5, widest(rows, pidWidth)), 3, (row) => cell(pidText(row), 'dim')),
    column('UP', 6, 5, (row) => cell(uptimeText(row, nowMs))),
    column('CPU', 5, 7, (row) => cell(cpuText(row))),
    column('MEM', 5, 6, (row) => cell(memoryText(row))),
  ];
  let kept = all;
  // Columns go, the least wanted first, until the rest fits; the name gives way last.
  while (kept.length > 1 && totalWidth(kept) > columns) {
    const lowest = Math.min(...kept.map((each) => each.rank));
    kept = kept.filter((each) => each.rank !== lowest);
  }
  if (totalWidth(kept) > columns || kept.length === 1) kept = [narrowColumn(columns, glyphs)];
  const left = columns - totalWidth(kept) - GAP;
  if (kept.length < all.length || left < REASON_MIN) return kept;
  return [...kept, { title: 'REASON', width: left, align: 'left', rank: 0, ofProcess: true, show: reasonCell }];
}

/** Where there is room for one column only: the glyph of the state and the name. */
function narrowColumn(columns: number, glyphs: Glyphs): Column {
  const show = (row: TableRow) => {
    const state = row.kind === 'pool' ? worstState(row.service) : row.instance.state;
    return cell(`${glyphs.state[state]}${nameText(row, glyphs)}`, STATE_STYLE[state]);
  };
  return { title: 'NAME', width: Math.max(1, columns - GUTTER), align: 'left', rank: 0, ofProcess: false, show };
}

function column(title: string, width: number, rank: number, show: (row: TableRow) => Cell): Column {
  return { title, width, align: 'right', rank, ofProcess: title !== 'RESTARTS' && title !== 'RST', show };
}

function totalWidth(columns: readonly Column[]): number {
  return GUTTER + columns.reduce((sum, each) => sum + each.width + GAP, -GAP);
}

function rowLine(row: TableRow, columns: Column[], selected: boolean, width: number, glyphs: Glyphs): Line {
  const cells: Cell[] = [{ text: selected ? `${glyphs.cursor} ` : '  ', style: 'accent' }];
  const reason = reasonOf(row);
  const last = columns.at(-1);
  const isCut = last?.title !== 'REASON' || widthOf(reason) > last.width;
  for (const [index, each] of columns.entries()) {
    if (index > 0) cells.push({ text: ' '.repeat(GAP), style: 'plain' });
    // Nothing lives: the columns of a process are empty, so the reason may have their place.
    if (each.ofProcess && isCut && reason !== '' && !isAlive(row)) {
      cells.push(cell(reason, 'dim'));
      break;
    }
    const { text, style } = each.show(row);
    cells.push(fixedCell(text, each.width, style, each.align));
  }
  return line(cells, width, selected);
}

function headLine(columns: Column[], width: number, hidden: string): Line {
  const titles = columns.map((each) => fixedCell(each.title, each.width, 'dim', each.align).text).join(' '.repeat(GAP));
  const room = width - GUTTER - widthOf(titles);
  const tail = hidden !== '' && columns.at(-1)?.title !== 'REASON' && room > hidden.length ? hidden : '';
  return line([cell(`  ${titles}${tail === '' ? '' : tail.padStart(room)}`, 'dim')], width);
}

function hiddenText(count: number, start: number, height: number, glyphs: Glyphs): string {
  return count > height ? `${start + 1}${glyphs.rule}${Math.min(count, start + height)} of ${count}` : '';
}

function emptyText(state: UiState): string {
  if (state.status === null) return '  waiting for the supervisor …';
  return state.nameFilter === ''
    ? '  no services: `services:` in procs.yaml is empty'
    : `  nothing matches ${state.nameFilter}`;
}

function nextUptimeChange(rows: readonly TableRow[], nowMs: number): number {
  let soonest = Infinity;
  for (const row of rows) {
    if (row.kind === 'pool' || row.instance.startedAt === null) continue;
    soonest = Math.min(soonest, formatAge(nowMs - Date.parse(row.instance.startedAt)).nextMs);
  }
  return soonest;
}

function widest(rows: readonly TableRow[], widthOfRow: (row: TableRow) => number): number {
  return rows.reduce((most, row) => Math.max(most, widthOfRow(row)), 0);
}
