// What each instance used in the last minute: the status is sent every 2 s anyway, and this keeps the recent ones. Pure.
import type { Status } from '../../api/protocol.ts';

/** Of a tenth of the minute, the highest. */
type Used = { cpuPercent: number; rssBytes: number };
/** `taken`: how many statuses so far. Oldest first, at most `PARTS` of each instance. */
export type Samples = { takenMs: number; taken: number; used: ReadonlyMap<string, readonly Used[]> };

export const NO_SAMPLES: Samples = { takenMs: 0, taken: 0, used: new Map() };
export const PARTS = 10;
const PER_PART = 3;
/** The supervisor measures every 2 s. */
const INTERVAL_MS = 1900;

export function withSample(samples: Samples, { services }: Status, nowMs: number): Samples {
  if (nowMs - samples.takenMs < INTERVAL_MS) return samples;
  const startsPart = samples.taken % PER_PART === 0;
  const live = services.flatMap(({ instances }) => instances.filter(({ pid }) => pid !== null));
  const used = live.map(({ id, cpuPercent, rssBytes }): [string, readonly Used[]] => {
    const before = samples.used.get(id) ?? [];
    const last = before.at(-1);
    if (startsPart || last === undefined) return [id, [...before, { cpuPercent, rssBytes }].slice(-PARTS)];
    const highest = {
      cpuPercent: Math.max(last.cpuPercent, cpuPercent),
      rssBytes: Math.max(last.rssBytes, rssBytes),
    };
    return [id, [...before.slice(0, -1), highest]];
  });
  return { takenMs: nowMs, taken: samples.taken + 1, used: new Map(used) };
}

/** The sum of several instances, oldest first. */
export function sumOfUsed({ used }: Samples, ids: readonly string[], what: keyof Used): number[] {
  const rows = ids.map((id) => used.get(id) ?? []);
  const length = rows.reduce((most, row) => Math.max(most, row.length), 0);
  return Array.from({ length }, (_, index) =>
    rows.reduce((sum, row) => sum + (row[row.length - length + index]?.[what] ?? 0), 0),
  );
}
