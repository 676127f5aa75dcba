// What each log queue took in during the last seconds. Pure. Kept only while the queues are shown.
import type { LogQueueStatus } from '../../api/protocol.ts';

type Total = { lines: number; bytes: number };
/** Oldest first. `totals`: by name, since the writer started. */
export type QueueSamples = readonly { atMs: number; totals: ReadonlyMap<string, Total> }[];

/** `scroll`: lines above the first visible one. */
export type QueuesPage = { scroll: number; samples: QueueSamples };
export const NO_QUEUES: QueuesPage = { scroll: 0, samples: [] };

const WINDOW_MS = 5000;
const APART_MS = 400;

export function withQueueSample(samples: QueueSamples, queues: readonly LogQueueStatus[], nowMs: number): QueueSamples {
  const last = samples.at(-1);
  if (last !== undefined && nowMs - last.atMs < APART_MS) return samples;
  const totals = new Map(queues.map(({ name, lines, bytes }) => [name, { lines, bytes }]));
  // One from before the window stays: a status comes only every 2 s from a project at rest.
  const first = samples.findLastIndex(({ atMs }) => atMs <= nowMs - WINDOW_MS);
  return [...samples.slice(Math.max(0, first)), { atMs: nowMs, totals }];
}

/** A second. null: not known yet, or the writer has begun to count again. */
export function rateOf(samples: QueueSamples, name: string): Total | null {
  const newest = samples.at(-1);
  const oldest = samples[0];
  const [to, from] = [newest?.totals.get(name), oldest?.totals.get(name)];
  const seconds = ((newest?.atMs ?? 0) - (oldest?.atMs ?? 0)) / 1000;
  if (to === undefined || from === undefined || seconds <= 0 || to.lines < from.lines) return null;
  return { lines: (to.lines - from.lines) / seconds, bytes: (to.bytes - from.bytes) / seconds };
}
