// The clock: monotonic whatever the wall clock does, exact about "not before", and good for years.
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/os/clock.ts';
import { holdsFor } from '../rig/wait-for.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const YEAR_MS = 365 * 86_400_000;

test('the clock starts at the wall clock', () => {
  expect(Math.abs(systemClock().nowMs() - Date.now())).toBeLessThanOrEqual(50);
});

test.each([-YEAR_MS, YEAR_MS])('the clock is not moved by a wall clock that jumps by %i ms', async (jumpMs) => {
  const clock = systemClock();
  const before = clock.nowMs();
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + jumpMs);
  const fired = new Promise<number>((resolve) => clock.setTimer(before + 30, () => resolve(clock.nowMs())));
  const late = (await fired) - before;
  expect(late).toBeGreaterThanOrEqual(30);
  expect(late).toBeLessThan(2000);
});

test('never fires early, not even by a millisecond', async () => {
  const clock = systemClock();
  const fires = Array.from({ length: 200 }, (_, index) => {
    const atMs = clock.nowMs() + (index % 25);
    return new Promise<number>((resolve) => clock.setTimer(atMs, () => resolve(clock.nowMs() - atMs)));
  });
  expect(Math.min(...(await Promise.all(fires)))).toBeGreaterThanOrEqual(0);
});

test('a timer fires as soon as possible for a time in the past', async () => {
  const clock = systemClock();
  await new Promise<void>((resolve) => clock.setTimer(clock.nowMs() - YEAR_MS, resolve));
});

test('a timer can wait a hundred years', async () => {
  const clock = systemClock();
  let fired = false;
  const timer = clock.setTimer(clock.nowMs() + 100 * YEAR_MS, () => {
    fired = true;
  });
  await holdsFor(
    'not yet',
    () => fired,
    (now) => !now,
    60,
  );
  timer.cancel();
});

test('a long delay is split into several timers', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  const clock = systemClock();
  let fired = false;
  clock.setTimer(clock.nowMs() + 60 * 86_400_000, () => {
    fired = true;
  });
  vi.advanceTimersByTime(59 * 86_400_000);
  expect(fired).toBe(false);
  vi.advanceTimersByTime(86_400_000 + 1);
  expect(fired).toBe(true);
});

test('a timer does not fire once cancelled', async () => {
  const clock = systemClock();
  let fired = false;
  clock
    .setTimer(clock.nowMs() + 10, () => {
      fired = true;
    })
    .cancel();
  await holdsFor(
    'cancelled',
    () => fired,
    (now) => !now,
    50,
  );
});
