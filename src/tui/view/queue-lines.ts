// The log queues as lines: how much waits to be written, how much comes in, what was lost, and where it goes.
import type { LogQueueStatus } from '../../api/protocol.ts';
import { formatDroppedByInstance } from '../../api/status-queries.ts';
import { formatAge } from '../../units.ts';
import { isQueueInTrouble } from '../model/layout.ts';
import { rateOf } from '../model/queue-rates.ts';
import type { UiState } from '../model/state.ts';
import { formatRoundedBytes } from './format.ts';
import { type Cell, type CellStyle, cell, fittingGroups, fixedCell, type Line, line } from './line.ts';
import { type ListContent, scrolledContent } from './list-content.ts';
import type { Glyphs } from './theme.ts';

const BAR = 10;
const NAME_MAX = 24;

/** @param height lines of the screen, without the title */
export function queueContent(state: UiState, height: number, glyphs: Glyphs): ListContent {
  const lines = queueLines(state, glyphs);
  const empty = lines.length === 0 ? 'no log queues are known yet' : '';
  const place = { scroll: state.queues.scroll, height, columns: state.size.columns };
  return { ...scrolledContent([cell('log queues', 'bold')], lines, place, glyphs), empty };
}

/** All of them, each with its path and its troubles below. */
export function queueLines(state: UiState, glyphs: Glyphs): Line[] {
  const queues = state.status?.logQueues ?? [];
  if (queues.length === 0) return [];
  const width = Math.min(NAME_MAX, Math.max(5, ...queues.map(({ name }) => name.length)));
  const columns = state.size.columns - 2;
  const head = rowCells(TITLES, width, glyphs.full === '' ? 0 : BAR);
  return [
    line(fittingGroups(head, columns, 2), columns),
    ...queues.flatMap((queue) => [
      line(fittingGroups(rowCells(valuesOf(queue, state, glyphs), width, 0), columns, 2), columns),
      ...detailLines(queue, columns, glyphs),
    ]),
  ];
}

/** From the left, the most important first: narrow screens cut at the right. */
type RowValues = { name: Cell; bar: Cell; depth: Cell } & Record<
  'lines' | 'bytes' | 'dropped' | 'lag' | 'highest',
  Cell
>;

const title = (text: string): Cell => cell(text, 'dim');
const TITLES: RowValues = {
  name: title('QUEUE'),
  bar: title('WAITS'),
  depth: title('TO BE WRITTEN'),
  lines: title('LINES/S'),
  bytes: title('BYTES/S'),
  dropped: title('DROPPED'),
  lag: title('LAG'),
  highest: title('HIGHEST'),
};

/** @param bar columns of its title */
function rowCells(values: RowValues, nameWidth: number, bar: number): Cell[][] {
  const { name, bar: drawn, depth } = values;
  const right = (each: Cell, width: number): Cell[] => [fixedCell(each.text, width + 2, each.style, 'right')];
  return [
    [fixedCell(name.text, nameWidth, name.style), cell('  ')],
    [bar === 0 ? drawn : fixedCell(drawn.text, bar, drawn.style)],
    right(depth, 20),
    right(values.lines, 7),
    right(values.bytes, 9),
    right(values.dropped, 7),
    right(values.lag, 5),
    right(values.highest, 9),
  ];
}

function valuesOf(queue: LogQueueStatus, { queues }: UiState, glyphs: Glyphs): RowValues {
  const { name, depthBytes, capacityBytes, highWaterBytes, droppedLines, lagMs = 0 } = queue;
  const rate = rateOf(queues.samples, name);
  const style = styleOf(queue);
  return {
    name: cell(name, 'bold'),
    bar: cell(barOf(depthBytes, capacityBytes, glyphs), style),
    depth: cell(`${formatRoundedBytes(depthBytes)} of ${formatRoundedBytes(capacityBytes)}`, style),
    lines: cell(rate === null ? '?' : String(Math.round(rate.lines)), rate === null ? 'dim' : 'plain'),
    bytes: cell(rate === null ? '?' : formatRoundedBytes(Math.round(rate.bytes)), rate === null ? 'dim' : 'plain'),
    dropped: cell(String(droppedLines), droppedLines > 0 ? 'warn' : 'dim'),
    lag: cell(lagMs >= 1000 ? formatAge(lagMs).text : '0s', lagMs >= 1000 ? 'warn' : 'dim'),
    highest: cell(formatRoundedBytes(highWaterBytes), 'dim'),
  };
}

function styleOf(queue: LogQueueStatus): CellStyle {
  if (queue.error !== null) return 'bad';
  return isQueueInTrouble(queue) ? 'warn' : 'good';
}

function barOf(depthBytes: number, capacityBytes: number, glyphs: Glyphs): string {
  const share = capacityBytes > 0 ? Math.min(1, depthBytes / capacityBytes) : 0;
  const full = Math.round(share * BAR);
  return glyphs.full.repeat(full) + glyphs.empty.repeat(BAR - full);
}

const WHEN_FULL: Record<LogQueueStatus['overflow'], string> = {
  block: 'when it is full, its programs wait',
  drop_oldest: 'when it is full, the oldest lines are dropped',
  drop_newest: 'when it is full, new lines are dropped',
};

function detailLines(queue: LogQueueStatus, columns: number, glyphs: Glyphs): Line[] {
  const { path, overflow, error } = queue;
  const losers = formatDroppedByInstance(queue);
  const trouble = (text: string, style: CellStyle) =>
    line([cell(`    ${glyphs.state.failed} `, style), cell(text, style)], columns);
  return [
    line([cell(`    ${path}`), cell(`  ${WHEN_FULL[overflow]}`, 'dim')], columns),
    ...(error === null ? [] : [trouble(error, 'bad')]),
    ...(losers === '' ? [] : [trouble(`lines lost by ${losers}`, 'warn')]),
  ];
}
