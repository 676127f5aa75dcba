// Scheduled services: when a run begins, what it does to the one before, and what is said about it.

import { describe, expect, test } from 'vitest';
import { viewDependencies } from '../../src/core/dependencies.ts';
import { explain } from '../../src/core/explain.ts';
import { isConverged, reconcile } from '../../src/core/reconcile.ts';
import type { Phase, Slot } from '../../src/core/slot.ts';
import type { Schedule } from '../../src/core/spec.ts';
import { transition } from '../../src/core/transition.ts';
import { alive, desire, slotOf, slots, spec } from './fixtures.ts';

const schedule = (overlap: Schedule['overlap'] = 'skip'): Schedule => ({
  cron: '* * * * *',
  timeZone: 'UTC',
  catchUp: false,
  overlap,
});
const NOW = 1_000_000;
const LATER = NOW + 5_000;
const job = (overlap?: Schedule['overlap']) => spec('job', { schedule: schedule(overlap) });
const plan = (service: ReturnType<typeof job>, changes: Partial<Slot>) =>
  reconcile(desire([service]), slots(slotOf(service, 1, changes)), NOW);
const idle: Phase = { kind: 'idle' };
const completed: Phase = { kind: 'completed', atMs: 1 };
const failed: Phase = { kind: 'failed', atMs: 1, reason: 'ended with exit code 1 and is never restarted' };
const retry: Phase = { kind: 'backoff', untilMs: NOW + 100, because: null };

test('nothing runs before the time of its first run is known', () => {
  expect(reconcile(desire([job()]), slots(), NOW)).toEqual({ actions: [], wakeAtMs: null });
});

describe('nothing lives', () => {
  test.each([idle, completed, failed])('$kind: starts when it is due, not before', (phase) => {
    expect(plan(job(), { phase, nextRunMs: LATER })).toEqual({ actions: [], wakeAtMs: LATER });
    expect(plan(job(), { phase, nextRunMs: NOW }).actions).toMatchObject([
      { kind: 'start', reason: 'its time has come' },
    ]);
  });

  test('a failed run is tried again by its restart policy, between the times', () => {
    expect(plan(job(), { phase: retry, nextRunMs: LATER })).toEqual({ actions: [], wakeAtMs: NOW + 100 });
    const due = { ...retry, untilMs: NOW };
    expect(plan(job(), { phase: due, nextRunMs: LATER }).actions).toMatchObject([{ reason: 'the back-off is over' }]);
  });

  test('a changed command waits for its time, too', () => {
    const edited = { ...job(), specHash: 'job-v2' };
    const desired = desire([edited]);
    expect(reconcile(desired, slots(slotOf(job(), 1, { nextRunMs: LATER })), NOW).actions).toEqual([]);
  });

  test('being started by hand makes it due', () => {
    const slot = transition(slotOf(job(), 1, { phase: completed, nextRunMs: LATER }), { kind: 'rearmed' }, NOW);
    expect(reconcile(desire([job()]), slots(slot), NOW).actions).toMatchObject([{ kind: 'start' }]);
  });
});

test.each([
  ['skip', []],
  ['queue', []],
  ['replace', [{ kind: 'stop', cause: 'replaced', reason: 'its next run is due' }]],
] as const)('overlap %s: what is done to the run before', (overlap, actions) => {
  expect(plan(job(overlap), { phase: alive(), nextRunMs: NOW }).actions).toMatchObject(actions);
  expect(plan(job(overlap), { phase: alive(), nextRunMs: LATER })).toEqual({ actions: [], wakeAtMs: LATER });
});

test('the start uses up the run that was due, and only that', () => {
  const start = { kind: 'startIntended', nonce: 'n', spec: slotOf(job(), 1).spec! } as const;
  expect(transition(slotOf(job(), 1, { nextRunMs: NOW }), start, NOW).nextRunMs).toBeNull();
  expect(transition(slotOf(job(), 1, { nextRunMs: LATER }), start, NOW).nextRunMs).toBe(LATER);
});

test('converged between the runs and while one runs; a failed one is amiss', () => {
  const at = (changes: Partial<Slot>) => isConverged(desire([job()]), slots(slotOf(job(), 1, changes)), NOW);
  expect(at({ nextRunMs: LATER })).toBe(true);
  expect(at({ phase: completed, nextRunMs: LATER })).toBe(true);
  expect(at({ phase: alive(), nextRunMs: LATER })).toBe(true);
  expect(at({ phase: failed, nextRunMs: LATER })).toBe(false);
  expect(at({ nextRunMs: null })).toBe(false);
});

test('why: when it runs next, and how the last run went', () => {
  const why = (changes: Partial<Slot>) => {
    const desired = desire([job()]);
    const slot = slotOf(job(), 1, changes);
    return explain(slot, desired.instances.get(slot.id)!, viewDependencies(desired, slots(slot)), NOW);
  };
  expect(why({ nextRunMs: LATER })).toEqual({
    state: 'waiting',
    reason: 'Next run at 1970-01-01T00:16:45Z.',
    unblock: '`orch start job.1` runs it now',
  });
  expect(why({ phase: completed, nextRunMs: LATER }).reason).toMatch(
    /; the last one ended well at 1970-01-01T00:00:00Z/,
  );
  expect(why({ phase: failed, nextRunMs: LATER })).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/^The last run ended with exit code 1; next run at 1970/),
  });
});
