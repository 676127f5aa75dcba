// Time for the supervisor: starts at the wall clock and then follows only the monotonic one, so that a changed wall clock
// neither shortens nor delays a back-off or a grace period.

export type Timer = { cancel(): void };
export type Clock = {
  /** Whole milliseconds; never goes back. */
  nowMs(): number;
  /** Runs `run` once, never before `nowMs() >= atMs`. A time in the past means as soon as possible. */
  setTimer(atMs: number, run: () => void): Timer;
};

/** setTimeout takes a signed 32-bit delay; anything longer would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  const offsetMs = Date.now() - performance.now();
  const nowMs = () => Math.floor(offsetMs + performance.now());
  return { nowMs, setTimer: (atMs, run) => startTimer(nowMs, atMs, run) };
}

function startTimer(nowMs: () => number, atMs: number, run: () => void): Timer {
  let handle: NodeJS.Timeout;
  const arm = () => {
    handle = setTimeout(fire, Math.min(Math.max(atMs - nowMs(), 0), MAX_DELAY_MS));
  };
  // Node may fire up to a millisecond early, and a long delay is split into several timers.
  const fire = () => (nowMs() >= atMs ? run() : arm());
  arm();
  return { cancel: () => clearTimeout(handle) };
}
