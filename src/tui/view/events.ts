// Events: the last few under the output, with the log queues in their rule, or all of them on the whole screen.
import type { EventRecord, LogQueueStatus } from '../../api/protocol.ts';
import { formatDroppedByInstance } from '../../api/status-queries.ts';
import { formatAge, formatClock } from '../../units.ts';
import { isQueueInTrouble } from '../model/layout.ts';
import { searchPattern } from '../model/search-pattern.ts';
import type { UiState } from '../model/state.ts';
import { formatRoundedBytes } from './format.ts';
import { type Cell, type CellStyle, cell, fittingGroups, type Line, line, ruleLine } from './line.ts';
import { indexOfSeq, matchingEvents } from './scrolling.ts';
import type { Glyphs } from './theme.ts';

/** A batch of the writer takes this long: a shorter lag is normal. */
const MIN_SHOWN_LAG_MS = 1000;

/** The newest `height` events, the newest at the bottom. */
export function lastEventLines(state: UiState, height: number): Line[] {
  return height <= 0 ? [] : state.events.slice(-height).map((event) => eventLine(event, state.size.columns));
}

/** The event view: the events at its scroll position that match the search. */
export function eventPageLines(state: UiState, height: number): Line[] {
  const events = matchingEvents(state.events, searchPattern(state.lineFilter));
  const bottom = state.eventBottom === null ? events.length - 1 : indexOfSeq(events, state.eventBottom);
  const page = events.slice(Math.max(0, bottom + 1 - height), bottom + 1);
  if (page.length === 0) return [line([cell('  no events yet', 'dim')], state.size.columns)];
  return page.map((event) => eventLine(event, state.size.columns));
}

export function eventTitle(state: UiState, glyphs: Glyphs): Line {
  const title = [
    cell('events', 'bold'),
    ...(state.lineFilter === '' ? [] : [cell(' with ', 'dim'), cell(state.lineFilter, 'match')]),
  ];
  const isPaused = state.eventBottom !== null;
  const mark = isPaused
    ? cell(`${glyphs.pause} paused ${glyphs.dot} End to follow`, 'warn')
    : cell(`${glyphs.follow} following`, 'dim');
  return ruleLine(title, [mark], state.size.columns, glyphs.rule);
}

function eventLine(event: EventRecord, columns: number): Line {
  const subject = event.instance ?? event.service;
  const isNamed = subject !== null && event.message.startsWith(subject);
  return line(
    [
      cell(`${formatClock(Date.parse(event.time))} `, 'dim'),
      ...(subject === null || isNamed ? [] : [cell(`${subject} `, 'accent')]),
      cell(event.message, eventStyle(event)),
    ],
    columns,
  );
}

function eventStyle({ type }: EventRecord): CellStyle {
  if (/fail|reject|error|lost|crash/i.test(type)) return 'bad';
  if (/backoff|unready|kill|drop|refus|taken/i.test(type)) return 'warn';
  return 'plain';
}

/** The rule above the last events, and in it the log queues: `── events ───── main 12 KiB of 8.0 MiB ──`. */
export function eventRule(state: UiState, glyphs: Glyphs): Line {
  const { columns } = state.size;
  return ruleLine([cell('events', 'bold')], queueCells(state, glyphs, columns - 16), columns, glyphs.rule);
}

/** Queues in trouble first; as many as fit uncut. */
function queueCells(state: UiState, glyphs: Glyphs, room: number): Cell[] {
  const queues = [...(state.status?.logQueues ?? [])];
  queues.sort((one, other) => Number(isQueueInTrouble(other)) - Number(isQueueInTrouble(one)));
  const groups = queues.map((queue, index) => [
    cell(index === 0 ? 'queue ' : '  ', 'dim'),
    cell(queue.name, 'bold'),
    cell(` ${depthText(queue)}`, queueStyle(queue)),
    ...troubleCells(queue, glyphs),
  ]);
  return [...line(fittingGroups(groups, room, 1), Math.max(0, room))];
}

function depthText(queue: LogQueueStatus): string {
  const high = queue.highWaterBytes > 0 ? `, high ${formatRoundedBytes(queue.highWaterBytes)}` : '';
  const lag = (queue.lagMs ?? 0) >= MIN_SHOWN_LAG_MS ? `, ${formatAge(queue.lagMs!).text} behind` : '';
  return `${formatRoundedBytes(queue.depthBytes)} of ${formatRoundedBytes(queue.capacityBytes)}${high}${lag}`;
}

function troubleCells(queue: LogQueueStatus, glyphs: Glyphs): Cell[] {
  const cells: Cell[] = [];
  const losers = formatDroppedByInstance(queue);
  const whose = losers === '' ? '' : ` (${losers})`;
  if (queue.droppedLines > 0)
    cells.push(cell(` ${glyphs.state.failed} ${queue.droppedLines} lines dropped${whose}`, 'warn'));
  if (queue.error !== null) cells.push(cell(` ${glyphs.state.failed} ${queue.error}`, 'bad'));
  return cells;
}

function queueStyle(queue: LogQueueStatus): CellStyle {
  if (queue.error !== null) return 'bad';
  return isQueueInTrouble(queue) ? 'warn' : 'dim';
}
