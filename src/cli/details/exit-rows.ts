// The last exits of instances, each with the last lines that its process wrote to stderr.
import type { EventRecord } from '../../api/protocol.ts';
import type { DetailRow } from '../../tui/model/details.ts';
import { formatClock } from '../../units.ts';
import type { StderrLine } from './stderr-lines.ts';

const EXITS = 3;
const LINES = 3;

/**
 * @param events of the instances, oldest first
 * @param stderr of the instances, oldest first
 */
export function exitRows(events: readonly EventRecord[], stderr: readonly StderrLine[]): DetailRow[] {
  const exits = events.filter(({ type }) => type === 'exited').slice(-EXITS);
  return exits.flatMap((exit) => {
    const { instance, fromMs, toMs } = lifeOf(exit, events);
    const own = stderr.filter((line) => line.instance === instance && line.timeMs >= fromMs && line.timeMs < toMs);
    const lines = own.slice(-LINES).map(({ text }): DetailRow => ({ label: 'stderr', value: text }));
    return [{ label: formatClock(Date.parse(exit.time)), value: exit.message }, ...lines];
  });
}

/** From its start to the next start in its place: the log writer may read its last lines after it has ended. Where the next one is
 * started within milliseconds, such lines are shown with that one. */
function lifeOf({ instance, seq }: EventRecord, events: readonly EventRecord[]) {
  const starts = events.filter((event) => event.type === 'started' && event.instance === instance);
  const fromMs = startOf(starts.findLast((start) => start.seq < seq)) ?? 0;
  const toMs = startOf(starts.find((start) => start.seq > seq)) ?? Number.POSITIVE_INFINITY;
  return { instance, fromMs, toMs };
}

/** When the start began: a program may have written lines before it is known to run. */
function startOf(started: EventRecord | undefined): number | null {
  if (started === undefined) return null;
  const { tookMs } = started.details;
  return Date.parse(started.time) - (typeof tookMs === 'number' ? tookMs : 0);
}
