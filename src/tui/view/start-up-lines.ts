// The start-up as lines: the chain that decided how long it took, then every instance, and what is not known.
import type { CriticalStep } from '../../api/start-times.ts';
import { formatSpan } from '../../units.ts';
import { type StartUp, startUpOf } from '../model/start-up.ts';
import type { UiState } from '../model/state.ts';
import { type Cell, type CellStyle, cell, EMPTY_LINE, fixedCell, type Line, line } from './line.ts';
import { type ListContent, scrolledContent } from './list-content.ts';
import { type Glyphs, STATE_STYLE } from './theme.ts';
import { wrapWords } from './wrap-words.ts';

const NAME_MAX = 30;
const SPAN = 9;
/** Of the longest text: `completed`. */
const END = 9;
const BAR_MIN = 8;

/** @param height lines of the screen, without the title */
export function startUpContent(state: UiState, height: number, glyphs: Glyphs): ListContent {
  const { startUp, size } = state;
  const { answer, error } = startUp;
  const { path, pending } = startUpOf(answer ?? [], state.status);
  const isOver = pending.length === 0;
  const total = path === null ? [] : [cell(`  ${formatSpan(path.totalMs)} ${isOver ? 'in all' : 'so far'}`, 'accent')];
  const lines = startUpLines(state, glyphs);
  const place = { scroll: startUp.scroll, height, columns: size.columns };
  const empty = error ?? (answer === null ? 'asking the supervisor …' : '');
  return { ...scrolledContent([cell('start-up', 'bold'), ...total], lines, place, glyphs), empty };
}

export function startUpLines({ startUp: { answer }, status, size }: UiState, glyphs: Glyphs): Line[] {
  if (answer === null) return [];
  const columns = size.columns - 2;
  const found = startUpOf(answer, status);
  return [
    ...chainLines(found, columns, glyphs),
    ...allLines(found, columns, glyphs),
    ...openLines(found, columns, glyphs),
  ];
}

function chainLines(found: StartUp, columns: number, glyphs: Glyphs): Line[] {
  const { path } = found;
  if (path === null) return [line([cell('No start was seen by this supervisor.')], columns), EMPTY_LINE];
  return [
    line([cell('the chain that decided it', 'title')], columns),
    ...path.steps.map((step) => rowLine(step, 'accent', { found, columns, glyphs })),
    EMPTY_LINE,
  ];
}

function allLines(found: StartUp, columns: number, glyphs: Glyphs): Line[] {
  const { path, starts } = found;
  if (path === null || starts.length === 0) return [];
  const chain = new Set(path.steps.map(({ instance }) => instance));
  return [
    line([cell('every instance, the slowest first', 'title')], columns),
    ...starts.map(({ instance, waitedFor, startedMs, spawnMs, endMs, end }) => {
      const beganMs = startedMs - spawnMs - path.beganAtMs;
      const step = { instance, waitedFor, beganMs, spawnMs, workMs: endMs - startedMs, end };
      return rowLine(step, chain.has(instance) ? 'accent' : 'dim', { found, columns, glyphs });
    }),
    EMPTY_LINE,
  ];
}

type StepRoom = { found: StartUp; columns: number; glyphs: Glyphs };

/** `db.1  at 10 ms  390 ms until ready  ░░████░░` */
function rowLine(step: CriticalStep, style: CellStyle, { found, columns, glyphs }: StepRoom): Line {
  const { instance, beganMs, spawnMs, workMs, end } = step;
  const longest = found.starts.reduce((most, each) => Math.max(most, each.instance.length), 0);
  const name = Math.min(NAME_MAX, Math.max(longest, instance.length), Math.max(8, Math.floor(columns / 3)));
  const tookMs = spawnMs + workMs;
  const cells: Cell[] = [
    fixedCell(instance, name),
    cell('  '),
    fixedCell(`+${formatSpan(Math.max(0, beganMs))}`, SPAN, 'dim', 'right'),
    fixedCell(formatSpan(tookMs), SPAN + 2, 'plain', 'right'),
    fixedCell(` ${end}`, END + 1, 'dim'),
    cell('  '),
  ];
  const room = Math.min(60, columns - name - 2 * SPAN - END - 7);
  return line([...cells, ...barCells(step, style, { found, room, glyphs })], columns);
}

/** Where in the whole start it was. */
function barCells(
  { beganMs, spawnMs, workMs }: CriticalStep,
  style: CellStyle,
  { found: { path }, room, glyphs }: { found: StartUp; room: number; glyphs: Glyphs },
): Cell[] {
  if (path === null || room < BAR_MIN) return [];
  const columnOf = (ms: number) =>
    Math.round((Math.max(0, Math.min(path.totalMs, ms)) / Math.max(1, path.totalMs)) * room);
  const from = Math.min(room - 1, columnOf(beganMs));
  const to = Math.max(from + 1, columnOf(beganMs + spawnMs + workMs));
  return [
    cell(glyphs.empty.repeat(from), 'dim'),
    cell(glyphs.full.repeat(to - from), style),
    cell(glyphs.empty.repeat(room - to), 'dim'),
  ];
}

function openLines({ pending, adopted }: StartUp, columns: number, glyphs: Glyphs): Line[] {
  const text = (words: string, style: CellStyle = 'plain') =>
    wrapWords(words, Math.max(8, columns)).map((part) => line([cell(part, style)], columns));
  return [
    ...(pending.length === 0 ? [] : [line([cell('not ready yet', 'title')], columns)]),
    ...pending.map(({ id, state, reason }) =>
      line(
        [
          cell(`${glyphs.state[state]} `, STATE_STYLE[state]),
          cell(id),
          cell(`  ${state}`, STATE_STYLE[state]),
          cell(reason === null ? '' : `  ${reason}`, 'dim'),
        ],
        columns,
      ),
    ),
    ...(pending.length === 0 ? [] : [EMPTY_LINE]),
    ...(adopted.length === 0 ? [] : [line([cell('not known', 'title')], columns)]),
    ...(adopted.length === 0
      ? []
      : text(
          `${adopted.join(', ')}: adopted. They were started by an earlier supervisor, and this one has no events of that.`,
        )),
  ];
}
