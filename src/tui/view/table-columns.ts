// The columns of the table of services: which fit into the terminal, how wide each is, and its cell for each kind of row. The view and
// `orch ps` both use them.

import { clipMiddle, widthOf } from '../../terminal/width.ts';
import { instancesOf, type TableRow } from '../model/rows.ts';
import { NO_SAMPLES, PARTS, type Samples, sumOfUsed } from '../model/samples.ts';
import { isDescending, type SortColumn, type SortOrder } from '../model/sort.ts';
import { type Cell, type CellStyle, cell, fixedCell } from './line.ts';
import {
  cpuText,
  crashesText,
  isAlive,
  memoryText,
  pidText,
  portText,
  reasonOf,
  restartsText,
  stateOf,
  stateText,
  uptimeText,
} from './row-texts.ts';
import { cpuBars, memoryBars } from './sparkline.ts';
import { type Glyphs, STATE_STYLE } from './theme.ts';

export type ServiceColumn = {
  id: SortColumn | 'reason' | 'history' | 'title';
  title: string;
  width: number;
  align: 'left' | 'right';
  /** Empty for a row without a live process. */
  onlyWhenAlive: boolean;
  /** The lowest is dropped first when the terminal is narrow. */
  priority: number;
  cellOf(row: TableRow): Cell;
};

/** Before the first column: the cursor. */
export const GUTTER = 2;
export const GAP = 2;
/** Of names, without the room for the mark of a fold. */
const NAME_MIN = 6;
/** Wider only if no other column needs the room. */
const NAME_MAX = 32;
const REASON_MIN = 16;
/** With it, the columns of one instance have room for a pool of 20. */
const PID_MIN = 6;
/** Columns of the terminal; below, some titles are shortened. */
const WHOLE_TITLES_FROM = 100;

/** `isFixed`: rows cannot be folded, so names need no room for the mark of it. */
type ColumnFacts = { nowMs: number; glyphs: Glyphs; sort?: SortOrder; samples?: Samples; isFixed?: boolean };

/** @returns at least the column of names; together at most `columns` wide. */
export function fittingColumns(
  rows: readonly TableRow[],
  columns: number,
  { nowMs, glyphs, sort = null, samples = NO_SAMPLES, isFixed = false }: ColumnFacts,
): ServiceColumn[] {
  const fitting = columnsThatFit(rows, columns, { nowMs, glyphs, sort, samples, isFixed });
  return fitting.map((each) => (each.id === sort?.column ? withSortMark(each, sort, glyphs) : each));
}

/** Behind the columns whose last minute they show, as far as there is room; not before anything was measured. */
function withSparklines(columns: ServiceColumn[], room: number, samples: Samples, glyphs: Glyphs): ServiceColumn[] {
  if (samples.used.size === 0) return columns;
  const column = (title: string, textOf: (row: TableRow) => string): ServiceColumn => ({
    ...{ id: 'history', title, width: PARTS, align: 'left', priority: 1, onlyWhenAlive: true },
    cellOf: (row) => cell(textOf(row), 'accent'),
  });
  const idsOf = (row: TableRow) => instancesOf(row).map(({ id }) => id);
  const cpu = column('1 MIN', (row) => cpuBars(sumOfUsed(samples, idsOf(row), 'cpuPercent'), glyphs));
  const memory = column('1 MIN', (row) => memoryBars(sumOfUsed(samples, idsOf(row), 'rssBytes'), glyphs));
  const fitting = Math.floor(room / (PARTS + GAP));
  return columns.flatMap((each) => {
    if (each.id === 'cpu' && fitting >= 1) return [each, cpu];
    return each.id === 'memory' && fitting >= 2 ? [each, memory] : [each];
  });
}

/** `CPU▼` */
function withSortMark(column: ServiceColumn, sort: NonNullable<SortOrder>, glyphs: Glyphs): ServiceColumn {
  const title = `${column.title}${isDescending(sort) ? glyphs.descending : glyphs.ascending}`;
  return widthOf(title) <= column.width ? { ...column, title } : column;
}

function columnsThatFit(
  rows: readonly TableRow[],
  columns: number,
  { nowMs, glyphs, sort, samples, isFixed }: Required<ColumnFacts>,
): ServiceColumn[] {
  const names = { glyphs, isFixed };
  const margin = marginOf(names);
  const wanted = widestRow(rows, (row) => nameWidth(row, names));
  const pidWidth = widestRow(rows, (row) => pidText(row).length);
  const all = [
    nameColumn(Math.max(NAME_MIN + margin, Math.min(NAME_MAX + margin, wanted)), names),
    stateColumn(rows, glyphs),
    ...crashColumn(rows, columns, sort),
    countColumn('restarts', columns >= WHOLE_TITLES_FROM ? 'RESTARTS' : 'RST', 4, restartsText),
    numberColumn('pid', 'PID', { width: Math.max(PID_MIN, pidWidth), priority: 3 }, (row) => cell(pidText(row), 'dim')),
    ...portColumn(rows),
    numberColumn('up', 'UP', { width: 6, priority: 5 }, (row) => cell(uptimeText(row, nowMs))),
    numberColumn('cpu', 'CPU', { width: 5, priority: 8 }, (row) => cell(cpuText(row))),
    numberColumn('memory', 'MEM', { width: 5, priority: 7 }, (row) => cell(memoryText(row))),
  ];
  let kept = all;
  // Drop columns by priority until the rest fits; the name shrinks last.
  while (kept.length > 1 && totalWidth(kept) > columns) {
    const lowest = Math.min(...kept.map((each) => each.priority));
    kept = kept.filter((each) => each.priority !== lowest);
  }
  if (kept.length === all.length) kept = withSparklines(kept, columns - totalWidth(kept), samples, glyphs);
  const [name, ...others] = kept;
  if (name === undefined || others.length === 0 || totalWidth(kept) > columns) return [narrowColumn(columns, names)];
  const left = columns - totalWidth(kept);
  const hasReasons = kept.length >= all.length && left - GAP >= REASON_MIN;
  // A row without a process shows its reason in the empty columns; only live rows need this one.
  const reasons = hasReasons
    ? GAP +
      Math.max(
        REASON_MIN,
        widestRow(rows, (row) => (isAlive(row) ? widthOf(reasonOf(row)) : 0)),
      )
    : 0;
  const more = Math.max(0, Math.min(wanted - name.width, left - reasons));
  const wide = [nameColumn(name.width + more, names), ...others];
  return hasReasons ? [...wide, reasonColumn(left - more - GAP)] : wide;
}

type NameForm = { glyphs: Glyphs; isFixed: boolean };

/** Room for the mark of a fold. */
const marginOf = ({ isFixed }: Pick<NameForm, 'isFixed'>): number => (isFixed ? 0 : 2);

function nameColumn(width: number, names: NameForm): ServiceColumn {
  const cellOf = (row: TableRow) => cell(nameText(row, names, width), row.kind === 'instance' ? 'plain' : 'bold');
  return { id: 'name', title: 'NAME', width, align: 'left', priority: 10, onlyWhenAlive: false, cellOf };
}

/** Only where a service has a port. */
function portColumn(rows: readonly TableRow[]): ServiceColumn[] {
  const width = widestRow(rows, (row) => portText(row).length);
  return width === 0
    ? []
    : [numberColumn('port', 'PORT', { width: Math.max(5, width), priority: 2 }, (row) => cell(portText(row)))];
}

/** Only where something has crashed, or the rows are sorted by it. */
function crashColumn(rows: readonly TableRow[], columns: number, sort: SortOrder): ServiceColumn[] {
  if (sort?.column !== 'crashes' && rows.every((row) => crashesText(row) === '')) return [];
  const title = columns >= WHOLE_TITLES_FROM ? 'CRASHES' : 'CRASH';
  return [countColumn('crashes', title, 6, crashesText, 'warn')];
}

function countColumn(
  id: 'crashes' | 'restarts',
  title: string,
  priority: number,
  textOf: (row: TableRow) => string,
  style: CellStyle = 'plain',
): ServiceColumn {
  // One more for the mark of the order.
  const width = title.length + 1;
  return numberColumn(id, title, { width, priority }, (row) => cell(textOf(row), style));
}

function stateColumn(rows: readonly TableRow[], glyphs: Glyphs): ServiceColumn {
  const width = Math.max(9, 2 + widestRow(rows, (row) => stateText(row).length));
  const cellOf = (row: TableRow) => {
    const state = stateOf(row);
    return cell(`${glyphs.state[state]} ${stateText(row)}`.trimStart(), STATE_STYLE[state]);
  };
  return { id: 'state', title: 'STATE', width, align: 'left', priority: 9, onlyWhenAlive: false, cellOf };
}

function reasonColumn(width: number): ServiceColumn {
  const cellOf = (row: TableRow) => cell(reasonOf(row), 'dim');
  return { id: 'reason', title: 'REASON', width, align: 'left', priority: 0, onlyWhenAlive: true, cellOf };
}

/** The only column of a narrow terminal: the glyph of the state and the name. */
function narrowColumn(columns: number, names: NameForm): ServiceColumn {
  const { glyphs } = names;
  const width = Math.max(1, columns - GUTTER);
  const cellOf = (row: TableRow) =>
    cell(`${glyphs.state[stateOf(row)]}${nameText(row, names, width - 1)}`, STATE_STYLE[stateOf(row)]);
  return { id: 'name', title: 'NAME', width, align: 'left', priority: 0, onlyWhenAlive: false, cellOf };
}

function numberColumn(
  id: SortColumn,
  title: string,
  { width, priority }: { width: number; priority: number },
  cellOf: (row: TableRow) => Cell,
): ServiceColumn {
  return { id, title, width, align: 'right', priority, onlyWhenAlive: id !== 'restarts' && id !== 'crashes', cellOf };
}

export function titlesText(columns: readonly ServiceColumn[]): string {
  const titles = columns.map((each) => fixedCell(each.title, each.width, 'dim', each.align).text);
  return titles.join(' '.repeat(GAP)).trimEnd();
}

function totalWidth(columns: readonly ServiceColumn[]): number {
  return GUTTER + columns.reduce((sum, each) => sum + each.width + GAP, -GAP);
}

function widestRow(rows: readonly TableRow[], widthOfRow: (row: TableRow) => number): number {
  return rows.reduce((most, row) => Math.max(most, widthOfRow(row)), 0);
}

/** At most `width` columns if possible: the middle of a name is cut; its number and the size of the pool stay. */
function nameText(row: TableRow, names: NameForm, width = Infinity): string {
  const [before, name, after] = nameParts(row, names);
  return `${before}${clipMiddle(name, Math.max(1, width - widthOf(before) - widthOf(after)))}${after}`;
}

function nameParts(row: TableRow, names: NameForm): [before: string, name: string, after: string] {
  const { glyphs, isFixed } = names;
  const margin = ' '.repeat(marginOf(names));
  if (row.kind === 'single') return [margin, row.service.name, ''];
  if (row.kind === 'instance') {
    const { id } = row.instance;
    const end = Math.max(0, id.lastIndexOf('.'));
    return [`${margin}${glyphs.branch} `, id.slice(0, end), id.slice(end)];
  }
  const fold = row.folded ? glyphs.folded : glyphs.unfolded;
  if (row.kind === 'group') return [isFixed ? '' : `${fold} `, row.id, ''];
  const mark = isFixed ? '' : `${row.service.instances.length === 0 ? ' ' : fold} `;
  return [mark, row.service.name, ` ${glyphs.multiplier}${row.service.pool}`];
}

/** Columns of `nameText`. Called for every row of every frame: a glyph is one column, so only the name is measured. */
function nameWidth(row: TableRow, names: NameForm): number {
  const margin = marginOf(names);
  if (row.kind === 'instance') return margin + 2 + widthOf(row.instance.id);
  if (row.kind === 'group') return margin + widthOf(row.id);
  const name = margin + widthOf(row.service.name);
  return row.kind === 'single' ? name : name + 2 + String(row.service.pool).length;
}
