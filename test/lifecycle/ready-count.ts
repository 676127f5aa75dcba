// From the events of a project: how many instances of a service were ready at any moment.
import type { EventRecord } from '../../src/api/protocol.ts';

const GAINED = new Set(['became_ready']);
const LOST = new Set(['stopping', 'exited', 'became_unready']);

/** @param afterSeq events before this one only tell what was ready then */
export function fewestReady(events: readonly EventRecord[], service: string, afterSeq = 0): number {
  const ready = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  for (const { seq, type, instance } of events) {
    if (!instance?.startsWith(`${service}.`)) continue;
    if (GAINED.has(type)) ready.add(instance);
    if (LOST.has(type)) ready.delete(instance);
    if (seq > afterSeq) fewest = Math.min(fewest, ready.size);
  }
  return fewest;
}

export const ofType = (events: readonly EventRecord[], type: string): EventRecord[] =>
  events.filter((event) => event.type === type);

/** Instances in the order of these events. */
export const instancesOf = (events: readonly EventRecord[], type: string): string[] =>
  ofType(events, type).map(({ instance }) => String(instance));
