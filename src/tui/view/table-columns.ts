// Which columns of the table fit into the terminal, and how wide each is.
import { type Cell, cell } from '../frame.ts';
import { type TableRow, worstState } from '../rows.ts';
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

export type Column = {
  title: string;
  width: number;
  align: 'left' | 'right';
  /** Says something of a live process only. */
  ofProcess: boolean;
  /** The lowest goes first when the terminal is narrow. */
  rank: number;
  show(row: TableRow): Cell;
};

/** Before the first column: the cursor. */
export const GUTTER = 2;
export const GAP = 2;
const NAME_MIN = 8;
/** More only where nothing else wants the room. */
const NAME_MAX = 34;
const REASON_MIN = 16;

/** @returns at least the column of names; together at most `columns` wide. */
export function fittingColumns(rows: readonly TableRow[], columns: number, nowMs: number, glyphs: Glyphs): Column[] {
  const wanted = widest(rows, nameWidth);
  const all = [
    nameColumn(Math.max(NAME_MIN, Math.min(NAME_MAX, wanted)), glyphs),
    stateColumn(rows, glyphs),
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
  const [name, ...others] = kept;
  if (name === undefined || others.length === 0 || totalWidth(kept) > columns) return [narrowColumn(columns, glyphs)];
  const left = columns - totalWidth(kept);
  const hasReasons = kept.length === all.length && left - GAP >= REASON_MIN;
  // What has ended says why in the columns of a process, which are empty then; only what lives needs the column.
  const reasons = hasReasons ? GAP + Math.max(REASON_MIN, widest(rows, livingReasonWidth)) : 0;
  const more = Math.max(0, Math.min(wanted - name.width, left - reasons));
  const wide = [nameColumn(name.width + more, glyphs), ...others];
  return hasReasons ? [...wide, reasonColumn(left - more - GAP)] : wide;
}

function nameColumn(width: number, glyphs: Glyphs): Column {
  const show = (row: TableRow) => nameCell(row, glyphs, width);
  return { title: 'NAME', ofProcess: false, width, align: 'left', rank: 9, show };
}

function stateColumn(rows: readonly TableRow[], glyphs: Glyphs): Column {
  const width = Math.max(9, widest(rows, stateWidth));
  return { title: 'STATE', ofProcess: false, width, align: 'left', rank: 8, show: (row) => stateCell(row, glyphs) };
}

function reasonColumn(width: number): Column {
  return { title: 'REASON', width, align: 'left', rank: 0, ofProcess: true, show: reasonCell };
}

function livingReasonWidth(row: TableRow): number {
  return isAlive(row) ? widthOf(reasonOf(row)) : 0;
}

/** Where there is room for one column only: the glyph of the state and the name. */
function narrowColumn(columns: number, glyphs: Glyphs): Column {
  const width = Math.max(1, columns - GUTTER);
  const show = (row: TableRow) => {
    const state = row.kind === 'pool' ? worstState(row.service) : row.instance.state;
    return cell(`${glyphs.state[state]}${nameText(row, glyphs, width - 1)}`, STATE_STYLE[state]);
  };
  return { title: 'NAME', width, align: 'left', rank: 0, ofProcess: false, show };
}

function column(title: string, width: number, rank: number, show: (row: TableRow) => Cell): Column {
  return { title, width, align: 'right', rank, ofProcess: title !== 'RESTARTS' && title !== 'RST', show };
}

function totalWidth(columns: readonly Column[]): number {
  return GUTTER + columns.reduce((sum, each) => sum + each.width + GAP, -GAP);
}

export function widest(rows: readonly TableRow[], widthOfRow: (row: TableRow) => number): number {
  return rows.reduce((most, row) => Math.max(most, widthOfRow(row)), 0);
}
