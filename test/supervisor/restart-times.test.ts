// restart.cron on clocks of its own: which instances are restarted when, edits, and clocks that are set.
import { expect, test } from 'vitest';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { RestartTimes } from '../../src/supervisor/instances/restart-times.ts';
import { alive, slotOf, slots, spec } from '../core/fixtures.ts';
import { contextOf } from './context.ts';

const NOON = Date.parse('2026-03-28T12:00:00Z');
const api = (cron: string | null): ServiceSpec => {
  const service = spec('api', { pool: 3 });
  return { ...service, restart: { ...service.restart, ...(cron !== null && { times: { cron, timeZone: 'UTC' } }) } };
};

function world(service: ServiceSpec) {
  const clock = { nowMs: NOON, wallMs: NOON };
  const timers = new Map<object, { atMs: number; run: () => void }>();
  const requested: string[] = [];
  const running = [
    slotOf(service, 1, { phase: alive(11) }),
    slotOf(service, 2, { phase: { kind: 'backoff', untilMs: 0, because: null } }),
    slotOf(service, 3, { phase: alive(13) }),
  ];
  const context = contextOf({
    clock: {
      nowMs: () => clock.nowMs,
      setTimer: (atMs, run) => {
        const timer = { cancel: () => void timers.delete(timer) };
        timers.set(timer, { atMs, run });
        return timer;
      },
    },
    specs: { slots: slots(...running), desired: null as never, specOf: () => service },
    inbox: { receive: (id, nonce, { kind }) => void requested.push(`${kind} ${id} ${nonce}`) },
    journal: { report: ({ type }) => void requested.push(type) },
  });
  const times = new RestartTimes(context, () => clock.wallMs);
  /** Lets time pass in steps, on both clocks. */
  const pass = (forMs: number): string[] => {
    const endMs = clock.nowMs + forMs;
    for (;;) {
      const next = [...timers].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (!next || next[1].atMs > endMs) break;
      const stepMs = Math.max(0, next[1].atMs - clock.nowMs);
      clock.nowMs += stepMs;
      clock.wallMs += stepMs;
      timers.delete(next[0]);
      next[1].run();
    }
    clock.wallMs += endMs - clock.nowMs;
    clock.nowMs = endMs;
    return requested.splice(0);
  };
  return { clock, times, pass, timers };
}

const RESTARTS = ['restart_due', 'restartRequested api.1 nonce-11', 'restartRequested api.3 nonce-13'];
const HOUR = 3_600_000;

test('what runs is restarted at each time, and at no other', () => {
  const { times, pass } = world(api(null));
  times.configure([api('0 * * * *')]);
  expect(pass(HOUR - 1)).toEqual([]);
  expect(pass(1)).toEqual(RESTARTS);
  expect(pass(HOUR - 1)).toEqual([]);
  expect(pass(1)).toEqual(RESTARTS);
});

test('an edit of the times counts at once, other edits change nothing, and no times mean no timer', () => {
  const { times, pass, timers } = world(api(null));
  times.configure([api('0 * * * *')]);
  pass(HOUR / 2);
  times.configure([api('0 * * * *')]);
  expect(pass(HOUR / 2)).toEqual(RESTARTS);
  times.configure([api('15 * * * *')]);
  expect(pass(HOUR / 4)).toEqual(RESTARTS);
  times.configure([api(null)]);
  expect(timers.size).toBe(0);
});

test('a clock that is set, or a machine that slept, makes the restart due by the new time', () => {
  const { clock, times, pass } = world(api(null));
  times.configure([api('0 3 * * *')]);
  clock.wallMs += 15 * HOUR;
  expect(pass(60_000)).toEqual(RESTARTS);
  clock.wallMs -= 365 * 24 * HOUR;
  expect(pass(24 * HOUR)).toEqual(RESTARTS);
});
