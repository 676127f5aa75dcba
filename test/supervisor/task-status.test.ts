// Which services a status calls tasks, by which schedule they run, and when next.
import { expect, test } from 'vitest';
import type { ScheduleTimes } from '../../src/core/spec.ts';
import { taskField } from '../../src/supervisor/api/task-status.ts';
import { slotOf, spec } from '../core/fixtures.ts';

const { restart } = spec('any');
const once = spec('once', { restart: { ...restart, policy: 'never' } });
const scheduled = (schedule: ScheduleTimes) =>
  spec('timed', { pool: 2, schedule: { ...schedule, catchUp: false, overlap: 'skip' } });
const slotsOf = (service: ReturnType<typeof spec>, ...times: (number | null)[]) =>
  times.map((nextRunMs, index) => slotOf(service, index + 1, { nextRunMs }));
const NOON = Date.parse('2026-03-01T12:00:00.000Z');

test('a service that is restarted is not a task', () => {
  expect(taskField(spec('api'), [], true)).toEqual({});
});

test('a task without a schedule has no next run', () => {
  expect(taskField(once, slotsOf(once, null), true)).toEqual({ task: { schedule: null, nextRunAt: null } });
});

test('a schedule is named as its file names it, with a time zone other than UTC', () => {
  const textOf = (service: ReturnType<typeof spec>) => taskField(service, [], true).task?.schedule;
  expect(textOf(scheduled({ everyMs: 45_000 }))).toBe('every 45s');
  expect(textOf(scheduled({ cron: '0 3 * * *', timeZone: 'UTC' }))).toBe('0 3 * * *');
  expect(textOf(scheduled({ cron: '0 3 * * *', timeZone: 'Europe/Berlin' }))).toBe('0 3 * * * Europe/Berlin');
});

test('the next run is that of the instance that runs first, to the second', () => {
  const timed = scheduled({ everyMs: 45_000 });
  const nextOf = (mayRun: boolean, ...times: (number | null)[]) =>
    taskField(timed, slotsOf(timed, ...times), mayRun).task?.nextRunAt;
  expect(nextOf(true, NOON + 10_003, NOON + 2)).toBe('2026-03-01T12:00:00.000Z');
  expect(nextOf(true, null, NOON - 400)).toBe('2026-03-01T12:00:00.000Z');
  expect(nextOf(true, null, null)).toBeNull();
  expect(nextOf(false, NOON, NOON)).toBeNull();
});
