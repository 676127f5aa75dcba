// The scheduler on clocks of its own: next runs, time zones, what was missed, what is left out, clocks that are set.

import { expect, test } from 'vitest';
import type { Slot } from '../../src/core/slot.ts';
import type { Schedule } from '../../src/core/spec.ts';
import { Scheduler } from '../../src/supervisor/instances/scheduler.ts';
import { alive, desire, slotOf, slots, spec } from '../core/fixtures.ts';
import { contextOf } from './context.ts';

const at = (text: string): number => Date.parse(text);
const NOON = at('2026-03-28T12:00:00Z');
const job = (changes: Partial<Schedule> = {}) =>
  spec('job', { schedule: { cron: '0 3 * * *', timeZone: 'UTC', catchUp: false, overlap: 'skip', ...changes } });

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
