// The tasks as lines: state, last run, next run, how often they ran and failed, and what needs them.
import type { ExitStatus } from '../../api/protocol.ts';
import { widthOf } from '../../terminal/width.ts';
import { formatClock, formatSpan } from '../../units.ts';
import { firstVisible } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { chosenTask, runsOf, type TaskRow, taskRows } from '../model/task-rows.ts';
import type { TaskRun } from '../model/task-runs.ts';
import { type Cell, type CellStyle, cell, fixedCell, type Line, line } from './line.ts';
import { type ListContent, type ListRow, listTitle } from './list-content.ts';
import { type Glyphs, STATE_STYLE } from './theme.ts';

const NONE = 'no task is declared (`restart: never` or `schedule`)';
const NAME_MAX = 24;
const GAP = 2;

/** @param height lines of the screen, without the title */
export function taskContent(state: UiState, height: number, glyphs: Glyphs, nowMs: number): ListContent {
  const rows = taskRows(state.status);
  const { columns } = state.size;
  const lines = taskLines(state, glyphs, nowMs);
  const chosen = chosenTask(rows, state.tasks.chosen);
  const room = Math.max(0, height - 1);
  const start = firstVisible(rows.length, room, chosen);
  const [head, ...all] = lines;
  const heads: ListRow[] = head === undefined || height < 1 ? [] : [{ cells: head, isChosen: false }];
  const visible = all.slice(start, start + room);
  return {
    title: listTitle(titleCells(rows), { start, height: room, count: rows.length }, columns, glyphs),
    rows: [...heads, ...visible.map((cells, index) => ({ cells, isChosen: start + index === chosen }))],
    empty: state.status === null || rows.length > 0 ? '' : NONE,
  };
}

function titleCells(rows: readonly TaskRow[]): Cell[] {
  const count = (test: (row: TaskRow) => boolean) => rows.filter(test).length;
  const failed = count(({ instance }) => instance?.state === 'failed');
  const running = count(({ instance }) => instance?.pid != null);
  return [
    cell('tasks', 'bold'),
    ...(running === 0 ? [] : [cell(`  ${running} running`, 'good')]),
    ...(failed === 0 ? [] : [cell(`  ${failed} failed`, 'bad')]),
  ];
}

/** The names of the columns first. @param nowMs null: each time with its date */
export function taskLines(state: UiState, glyphs: Glyphs, nowMs: number | null): Line[] {
  const rows = taskRows(state.status);
  if (rows.length === 0) return [];
  const columns = state.size.columns - 2;
  const known = rows.map((row) =>
    cellsOf(row, state.tasks.answer?.last.get(row.instance?.id ?? '') ?? null, glyphs, nowMs),
  );
  const widths = PARTS.map((part) =>
    Math.min(
      part === 'TASK' ? NAME_MAX : Infinity,
      Math.max(part.length, ...known.map((cells) => widthOf(cells[part].text))),
    ),
  );
  const shown = fittingParts(widths, columns);
  const lineOf = (textOf: (part: Part) => Cell) =>
    line(
      shown.flatMap(({ part, width }, index) => {
        const { text, style } = textOf(part);
        return [...(index === 0 ? [] : [cell(' '.repeat(GAP))]), fixedCell(text, width, style)];
      }),
      columns,
    );
  return [lineOf((part) => cell(part, 'dim')), ...known.map((cells) => lineOf((part) => cells[part]))];
}

const PARTS = [
  'TASK',
  'STATE',
  'LAST RUN',
  'TOOK',
  'EXIT',
  'NEXT RUN',
  'RUNS',
  'FAILED',
  'NEEDED BY',
  'SCHEDULE',
] as const;
type Part = (typeof PARTS)[number];
/** The less important ones make room on narrow screens. */
const BY_IMPORTANCE: readonly Part[] = [
  'TASK',
  'STATE',
  'EXIT',
  'NEXT RUN',
  'LAST RUN',
  'NEEDED BY',
  'TOOK',
  'RUNS',
  'FAILED',
  'SCHEDULE',
];

function fittingParts(widths: readonly number[], columns: number): { part: Part; width: number }[] {
  let left = columns + GAP;
  const fitting = new Set<Part>();
  for (const part of BY_IMPORTANCE) {
    const width = widths[PARTS.indexOf(part)]! + GAP;
    if (width > left && fitting.size > 1) continue;
    fitting.add(part);
    left -= width;
  }
  return PARTS.flatMap((part, index) => (fitting.has(part) ? [{ part, width: widths[index]! }] : []));
}

function cellsOf(row: TaskRow, run: TaskRun | null, glyphs: Glyphs, nowMs: number | null): Record<Part, Cell> {
  const { id, instance, task } = row;
  const exit = run === null ? (instance?.lastExit ?? null) : run.exit;
  const crashes = instance?.crashes ?? 0;
  const needed = row.dependents.map(({ name, isWaiting }) => (isWaiting ? `${name} (waits)` : name)).join(', ');
  const isHolding = row.dependents.some(({ isWaiting }) => isWaiting);
  return {
    TASK: cell(id),
    STATE: stateCell(row, glyphs),
    'LAST RUN': cell(run === null ? '' : momentOf(run.startedMs, nowMs), 'dim'),
    TOOK: cell(run === null || run.endedMs === null ? '' : formatSpan(run.endedMs - run.startedMs)),
    EXIT: exitCell(exit),
    'NEXT RUN': nextCell(row, nowMs),
    RUNS: cell(String(instance === null ? 0 : runsOf(instance)), 'dim'),
    FAILED: cell(String(crashes), crashes > 0 ? 'bad' : 'dim'),
    'NEEDED BY': cell(needed, isHolding ? 'warn' : 'dim'),
    SCHEDULE: cell(task.schedule ?? '', 'dim'),
  };
}

function stateCell({ instance }: TaskRow, glyphs: Glyphs): Cell {
  if (instance === null) return cell('no instance', 'dim');
  const { state } = instance;
  const glyph = glyphs.state[state];
  return cell(glyph === '' ? state : `${glyph} ${state}`, STATE_STYLE[state]);
}

function exitCell(exit: ExitStatus | null): Cell {
  if (exit === null) return cell('');
  const style: CellStyle = 'code' in exit && exit.code === 0 ? 'good' : 'bad';
  if ('code' in exit) return cell(String(exit.code), style);
  if ('signal' in exit) return cell(exit.signal, style);
  return 'spawnError' in exit ? cell(exit.spawnError, style) : cell('unknown', 'dim');
}

function nextCell({ task, service }: TaskRow, nowMs: number | null): Cell {
  if (task.nextRunAt !== null) return cell(momentOf(Date.parse(task.nextRunAt), nowMs));
  if (service.runs === 'never') return cell('disabled', 'dim');
  if (task.schedule !== null) return cell(service.override?.stopped === true ? 'suspended' : '?', 'dim');
  return cell(service.runs === 'on_request' ? 'by hand' : '', 'dim');
}

/** With its date unless that is today's. */
function momentOf(timeMs: number, nowMs: number | null): string {
  const dayOf = (ms: number) => formatClock(ms, { date: true }).split(' ')[0];
  return formatClock(timeMs, { date: nowMs === null || dayOf(timeMs) !== dayOf(nowMs) });
}
