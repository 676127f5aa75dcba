// The scheduler on clocks of its own: next runs, time zones, what was missed, what is left out, clocks that are set.

import { expect, test } from 'vitest';
import type { Slot } from '../../src/core/slot.ts';
import type { Schedule } from '../../src/core/spec.ts';
import { Scheduler } from '../../src/supervisor/instances/scheduler.ts';
import { alive, desire, slotOf, slots, spec } from '../core/fixtures.ts';
import { contextOf } from './context.ts';

const at = (text: string): number => Date.parse(text);
const NOON = at('2026-03-28T12:00:00Z');
const RULES = { catchUp: false, overlap: 'skip' } as const;
const job = (changes: Partial<Omit<Schedule, 'everyMs'>> & { cron?: string; timeZone?: string } = {}) =>
  spec('job', { schedule: { cron: '0 3 * * *', timeZone: 'UTC', ...RULES, ...changes } });
const gaps = (everyMs: number, changes: { atStart?: true; catchUp?: boolean } = {}) =>
  spec('job', { schedule: { everyMs, ...RULES, ...changes } });

/** A scheduler with one slot that gets what it tells. */
function world(service: ReturnType<typeof job>, slot: Partial<Slot> | null = {}) {
  const clock = { nowMs: NOON, wallMs: NOON };
  const state = { slot: slotOf(service, 1, slot ?? {}), told: 0, reports: [] as string[], service, stopped: false };
  const context = contextOf({
    clock: { ...contextOf().clock, nowMs: () => clock.nowMs },
    specs: {
      get slots() {
        return slots(state.slot);
      },
      get desired() {
        return desire([state.service], { stopped: state.stopped ? ['job'] : [], pools: {} });
      },
      specOf: () => state.service,
    },
    inbox: {
      receive: (_id, _nonce, event) => {
        if (event.kind !== 'runScheduled') throw new Error(event.kind);
        state.told++;
        state.slot = { ...state.slot, nextRunMs: event.atMs };
      },
    },
    journal: { report: ({ type }) => void state.reports.push(type) },
  });
  const scheduler = new Scheduler(context, () => clock.wallMs);
  const sync = (): string | null => {
    scheduler.sync();
    return state.slot.nextRunMs === null ? null : new Date(state.slot.nextRunMs).toISOString().slice(0, 16);
  };
  return { clock, state, sync };
}

test('the scheduler reports the next run once, by the clock of its zone, daylight saving included', () => {
  const utc = world(job());
  expect(utc.sync()).toBe('2026-03-29T03:00');
  utc.sync();
  expect(utc.state.told).toBe(1);
  expect(world(job({ timeZone: 'Europe/Berlin' })).sync()).toBe('2026-03-29T01:00');
});

test('a new schedule counts from now on, and none takes the run away', () => {
  const { state, sync } = world(job());
  sync();
  state.service = job({ cron: '30 12 * * *' });
  expect(sync()).toBe('2026-03-28T12:30');
  state.service = spec('job');
  expect(sync()).toBeNull();
});

test('the next run follows the one that was used up, even if the clocks differ by a little', () => {
  const { clock, state, sync } = world(job({ cron: '*/10 * * * *' }));
  expect(sync()).toBe('2026-03-28T12:10');
  clock.nowMs = NOON + 600_000;
  clock.wallMs = clock.nowMs - 3;
  state.slot = { ...state.slot, nextRunMs: null };
  expect(sync()).toBe('2026-03-28T12:20');
});

test.each([
  [false, '2026-03-29T03:00'],
  [true, '2026-03-28T03:00'],
])('a run missed while no supervisor ran, catch_up %s', (catchUp, next) => {
  expect(world(job({ catchUp }), { nextRunMs: at('2026-03-28T03:00:00Z') }).sync()).toBe(next);
});

test.each([
  ['skip', '2026-03-28T12:20', ['run_skipped']],
  ['queue', '2026-03-28T12:10', []],
  ['replace', '2026-03-28T12:10', []],
] as const)('due while the run before still runs, overlap %s', (overlap, next, reports) => {
  const { clock, state, sync } = world(job({ cron: '*/10 * * * *', overlap }), { phase: alive() });
  sync();
  clock.nowMs = clock.wallMs = NOON + 600_000;
  expect(sync()).toBe(next);
  expect(state.reports).toEqual(reports);
});

test('a service stopped by hand misses its runs without an event', () => {
  const { clock, state, sync } = world(job({ cron: '*/10 * * * *' }));
  state.stopped = true;
  sync();
  clock.nowMs = clock.wallMs = NOON + 601_000;
  expect(sync()).toBe('2026-03-28T12:20');
  expect(state.reports).toEqual([]);
});

test('a machine that slept, or a clock that was set, leaves the run at its time of day', () => {
  const { clock, state, sync } = world(job());
  sync();
  clock.wallMs += 3_600_000;
  sync();
  expect(state.slot.nextRunMs).toBe(at('2026-03-29T03:00:00Z') - 3_600_000);
});

test('a clock that is set back: what comes sooner by the new time is not put off until the old time comes again', () => {
  const { clock, state, sync } = world(job({ cron: '*/10 * * * *' }));
  sync();
  clock.wallMs -= 365 * 86_400_000;
  sync();
  expect(state.slot.nextRunMs).toBe(NOON + 600_000);
});

const GAP = 45_000;
const afterNoon = (ms: number): string => new Date(NOON + ms).toISOString().slice(0, 16);

test('`every` counts even gaps by the clock that is never set, also after a run by hand', () => {
  const { clock, state, sync } = world(gaps(60_000));
  expect(sync()).toBe(afterNoon(60_000));
  clock.wallMs -= 365 * 86_400_000;
  expect(sync()).toBe(afterNoon(60_000));
  // Used up late.
  clock.nowMs += 75_000;
  state.slot = { ...state.slot, nextRunMs: null };
  expect(sync()).toBe(afterNoon(120_000));
  // `orch start`, long before the next one.
  clock.nowMs += 10_000;
  state.slot = { ...state.slot, nextRunMs: null };
  expect(sync()).toBe(afterNoon(120_000));
});

test('a new `every` counts from now on', () => {
  const { clock, state, sync } = world(gaps(600_000));
  sync();
  clock.nowMs += 60_000;
  state.service = gaps(120_000);
  expect(sync()).toBe(afterNoon(180_000));
});

test.each([
  ['a run that is still to come stays', 30_000, false, 30_000],
  ['gaps that have become shorter start over', 3_000_000, false, 60_000],
  ['a missed run is left out', -90_000, false, 30_000],
  ['a missed run is made up for', -90_000, true, -90_000],
] as const)('the next supervisor continues `every`: %s', (_, leftMs, catchUp, nextMs) => {
  expect(world(gaps(60_000, { catchUp }), { nextRunMs: NOON + leftMs }).sync()).toBe(afterNoon(nextMs));
});

test('`at_start` makes the first run due at once, and once only; the gaps count from there', () => {
  const { clock, state, sync } = world(gaps(60_000, { atStart: true }), { spec: null });
  expect(sync()).toBe(afterNoon(0));
  // It waits for a dependency.
  clock.nowMs += GAP;
  expect(sync()).toBe(afterNoon(0));
  const { spec: ranWith } = slotOf(state.service, 1, {});
  state.slot = { ...state.slot, spec: ranWith, nextRunMs: null };
  expect(sync()).toBe(afterNoon(60_000));
});

test('`at_start` waits until the service is to run', () => {
  const { state, sync } = world(job({ atStart: true }), { spec: null });
  state.stopped = true;
  expect(sync()).toBe('2026-03-29T03:00');
  state.stopped = false;
  expect(sync()).toBe(afterNoon(0));
});
