// The table of services: which columns fit, what they say, only the rows that are visible.
import type { InstanceStatus, ServiceStatus } from '../../api/protocol.ts';
import { formatAge, formatBytesShort, formatPercent } from '../format.ts';
import { type Cell, cell, EMPTY_LINE, fixedCell, type Line, line, type Style } from '../frame.ts';
import { firstVisible } from '../layout.ts';
import { selectedIndex, type TableRow, worstState } from '../rows.ts';
import type { UiState } from '../state.ts';
import { widthOf } from '../text.ts';
import { type Glyphs, STATE_STYLE } from '../theme.ts';

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
    width: Math.max(
      NAME_MIN,
      Math.min(
        NAME_MAX,
        widest(rows, (row) => widthOf(nameText(row, glyphs))),
      ),
    ),
    align: 'left',
    rank: 9,
    show: (row) => nameCell(row, glyphs),
  };
  const stateColumn: Column = {
    title: 'STATE',
    ofProcess: false,
    width: Math.max(
      9,
      widest(rows, (row) => widthOf(stateText(row, glyphs))),
    ),
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

function nameText(row: TableRow, glyphs: Glyphs): string {
  if (row.kind === 'instance') return `  ${glyphs.branch} ${row.instance.id}`;
  if (row.kind === 'single') return `  ${row.service.name}`;
  const fold = row.service.instances.length === 0 ? ' ' : row.folded ? glyphs.folded : glyphs.unfolded;
  return `${fold} ${row.service.name} ${glyphs.times}${row.service.pool}`;
}

function nameCell(row: TableRow, glyphs: Glyphs): Cell {
  return cell(nameText(row, glyphs), row.kind === 'instance' ? 'plain' : 'bold');
}

function stateText(row: TableRow, glyphs: Glyphs): string {
  if (row.kind !== 'pool') return `${glyphs.state[row.instance.state]} ${row.instance.state}`;
  const state = worstState(row.service);
  if (row.service.instances.length === 0) return `${glyphs.state[state]} none`;
  return `${glyphs.state[state]} ${state} ${countText(row.service)}`;
}

/** `3/4`: how many of the pool are in the state that is shown; for `ready` those that are ready. */
function countText(service: ServiceStatus): string {
  const state = worstState(service);
  const count = service.instances.filter((instance) => instance.state === state).length;
  return `${count}/${Math.max(service.pool, service.instances.length)}`;
}

function stateCell(row: TableRow, glyphs: Glyphs): Cell {
  const state = row.kind === 'pool' ? worstState(row.service) : row.instance.state;
  return cell(stateText(row, glyphs), STATE_STYLE[state]);
}

function pidText(row: TableRow): string {
  return row.kind === 'pool' || row.instance.pid === null ? '' : String(row.instance.pid);
}

function pidWidth(row: TableRow): number {
  return pidText(row).length;
}

function restartsCell(row: TableRow): Cell {
  const restarts = sum(row, (instance) => instance.restarts);
  return cell(restarts === 0 ? '' : String(restarts), (restarts > 0 ? 'warn' : 'plain') satisfies Style);
}

function uptimeText(row: TableRow, nowMs: number): string {
  if (row.kind === 'pool' || row.instance.startedAt === null) return '';
  return formatAge(nowMs - Date.parse(row.instance.startedAt)).text;
}

function nextUptimeChange(rows: readonly TableRow[], nowMs: number): number {
  let soonest = Infinity;
  for (const row of rows) {
    if (row.kind === 'pool' || row.instance.startedAt === null) continue;
    soonest = Math.min(soonest, formatAge(nowMs - Date.parse(row.instance.startedAt)).nextMs);
  }
  return soonest;
}

function cpuText(row: TableRow): string {
  return isAlive(row) ? formatPercent(sum(row, (instance) => instance.cpuPercent)) : '';
}

function memoryText(row: TableRow): string {
  return isAlive(row) ? formatBytesShort(sum(row, (instance) => instance.rssBytes)) : '';
}

function reasonCell(row: TableRow): Cell {
  const text = reasonOf(row);
  return cell(text, 'dim');
}

/** The sentence about a row: its own reason, what a command holds against the file, what it was adopted from. */
export function reasonOf(row: TableRow): string {
  const { override } = row.service;
  const held = override?.stopped ? 'held stopped' : override?.pool !== undefined ? `pool ${override.pool} for now` : '';
  if (row.kind === 'pool') {
    const worst = worstState(row.service);
    const reason = row.service.instances.find((instance) => instance.state === worst)?.reason ?? '';
    return [held, reason].filter((part) => part !== '').join('; ');
  }
  const note = row.instance.reason ?? (row.instance.adopted ? 'adopted from an earlier supervisor' : '');
  return [row.kind === 'single' ? held : '', note].filter((part) => part !== '').join('; ');
}

function sum(row: TableRow, of: (instance: InstanceStatus) => number): number {
  const instances = row.kind === 'pool' ? row.service.instances : [row.instance];
  return instances.reduce((total, instance) => total + of(instance), 0);
}

function isAlive(row: TableRow): boolean {
  const instances = row.kind === 'pool' ? row.service.instances : [row.instance];
  return instances.some((instance) => instance.pid !== null);
}

function widest(rows: readonly TableRow[], widthOfRow: (row: TableRow) => number): number {
  return rows.reduce((most, row) => Math.max(most, widthOfRow(row)), 0);
}

function emptyText(state: UiState): string {
  if (state.status === null) return '  waiting for the supervisor …';
  return state.nameFilter === ''
    ? '  no services: `services:` in procs.yaml is empty'
    : `  nothing matches ${state.nameFilter}`;
}
