// The critical path of a start: from the instance that was ready last back over the instances that each one waited for.
// Pure.
import type { EventRecord } from './protocol.ts';

export type CriticalStep = {
  instance: string;
  /** The instance whose readiness, start or completion it waited for last; null: none. */
  waitedFor: string | null;
  /** Since the whole start began. */
  beganMs: number;
  /** From the moment at which it could start until its process ran. */
  spawnMs: number;
  /** From then until it was ready or had completed; 0 if it has neither readiness nor an end. */
  workMs: number;
  end: 'started' | 'ready' | 'completed';
};
/** `beganAtMs`: when the whole start began, since the epoch. */
export type CriticalPath = { beganAtMs: number; totalMs: number; steps: CriticalStep[] };

/** The first of an instance: what came later is a restart. `spawnMs`: until its process ran. Times since the epoch. */
export type FirstStart = {
  instance: string;
  startedMs: number;
  spawnMs: number;
  waitedFor: string | null;
  endMs: number;
  end: CriticalStep['end'];
};

const ENDS: Record<string, CriticalStep['end']> = { became_ready: 'ready', completed: 'completed' };

/** @returns null if nothing was started. Only first starts count: a restart is not part of the start. */
export function criticalPath(events: readonly EventRecord[]): CriticalPath | null {
  const runs = firstStarts(events);
  const last = [...runs.values()].reduce<FirstStart | null>((a, b) => (a && a.endMs >= b.endMs ? a : b), null);
  if (!last) return null;
  const chain: FirstStart[] = [];
  let beganAtMs = last.startedMs;
  for (let run: FirstStart | undefined = last; run && !chain.includes(run); ) {
    chain.unshift(run);
    beganAtMs = startOfRun(events, run);
    const before: FirstStart | undefined = runs.get(run.waitedFor ?? '');
    // What was up before the configuration came that started the next one did not hold it up.
    run = before && before.endMs >= beganAtMs ? before : undefined;
  }
  return { beganAtMs, totalMs: last.endMs - beganAtMs, steps: chain.map((run) => stepOf(run, beganAtMs)) };
}

export function firstStarts(events: readonly EventRecord[]): Map<string, FirstStart> {
  const runs = new Map<string, FirstStart>();
  for (const { type, instance, time, details } of events) {
    const atMs = Date.parse(time);
    const run = instance === null ? undefined : runs.get(instance);
    if (instance !== null && type === 'started' && !run && details.restarts === 0) {
      const waitedFor = typeof details.waitedFor === 'string' ? details.waitedFor : null;
      const spawnMs = Number(details.tookMs ?? 0);
      runs.set(instance, { instance, startedMs: atMs, spawnMs, waitedFor, endMs: atMs, end: 'started' });
    } else if (run?.end === 'started' && ENDS[type]) {
      run.endMs = atMs;
      run.end = ENDS[type];
    }
  }
  return runs;
}

/** When the configuration that started it was applied. */
function startOfRun(events: readonly EventRecord[], { startedMs, spawnMs }: FirstStart): number {
  const applied = events.filter(({ type, time }) => type === 'config_applied' && Date.parse(time) <= startedMs).at(-1);
  return applied ? Date.parse(applied.time) : startedMs - spawnMs;
}

function stepOf({ instance, waitedFor, startedMs, spawnMs, endMs, end }: FirstStart, beginMs: number): CriticalStep {
  return { instance, waitedFor, beganMs: startedMs - spawnMs - beginMs, spawnMs, workMs: endMs - startedMs, end };
}
