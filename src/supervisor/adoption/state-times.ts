// Converts the times of a remembered state to the clock of this supervisor. A wall clock that is set between two supervisors
// must not shorten a back-off, nor stretch it by a year. Pure but for reading the clocks.
import type { Clock } from '../../os/clock.ts';
import { bootId } from '../../os/process/identity.ts';
import type { KernelState } from '../kernel/kernel.ts';

/** One moment on three clocks: the supervisor's, the wall clock, and the time since boot, which cannot be set. */
export type ClockMark = { nowMs: number; wallMs: number; bootMs: number; bootId: string };

export function markClock(clock: Clock): ClockMark {
  const bootMs = Number(process.hrtime.bigint() / 1_000_000n);
  return { nowMs: clock.nowMs(), wallMs: Date.now(), bootMs, bootId: bootId() };
}

/** Keys that hold a point of time; all others that end in `Ms` are durations. */
const TIME_KEYS = new Set([
  'sinceMs',
  'readinessSinceMs',
  'startedMs',
  'deadlineMs',
  'nextCheckMs',
  'untilMs',
  'atMs',
  'progressMs',
  'waitingSinceMs',
  'recentFailuresMs',
  'restartRequestedMs',
]);

/**
 * @returns the state with its times on the clock of `now`. After a reboot (or where the clock was not recorded), all that is
 * known of a time is that it lies in the past.
 */
export function toClock<T extends Pick<KernelState, 'slots' | 'rollouts'>>(
  state: T,
  written: ClockMark | null,
  now: ClockMark,
): T {
  const sameBoot = written?.bootId === now.bootId;
  const shiftMs = sameBoot ? now.nowMs - written.nowMs - (now.bootMs - written.bootMs) : 0;
  const move = (timeMs: number): number => (sameBoot ? timeMs + shiftMs : Math.min(timeMs, now.nowMs));
  const slots = shiftTimes(state.slots, move).map((slot) => ({
    ...slot,
    nextRunMs: nextRunOn(slot.nextRunMs, written, now),
  }));
  return { ...state, slots, rollouts: shiftTimes(state.rollouts, move) };
}

/** A schedule follows the wall clock, even one that was set: the run stays at its time of day. */
function nextRunOn(nextRunMs: number | null, written: ClockMark | null, now: ClockMark): number | null {
  // An earlier version did not record the wall clock.
  if (nextRunMs === null || written?.wallMs === undefined) return nextRunMs;
  return nextRunMs + (written.wallMs - written.nowMs) - (now.wallMs - now.nowMs);
}

function shiftTimes<T>(value: T, move: (timeMs: number) => number): T {
  if (Array.isArray(value)) return value.map((item) => shiftTimes(item, move)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    // A spec holds durations only.
    if (key === 'spec') return [key, item];
    return [key, TIME_KEYS.has(key) ? shiftTime(item, move) : shiftTimes(item, move)];
  });
  return Object.fromEntries(entries) as T;
}

function shiftTime(value: unknown, move: (timeMs: number) => number): unknown {
  if (typeof value === 'number') return move(value);
  return Array.isArray(value) ? value.map((item) => shiftTime(item, move)) : value;
}
