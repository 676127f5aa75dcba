// Makes the attempts of one probe on one process, one after the other, and counts results. Never two at a time, never longer
// than the timeout. Knows nothing of slots; reports a changed verdict.
import {
  isFirstVerdictDue,
  newProbeRecord,
  nextAttemptDelayMs,
  type ProbeRecord,
  recordProbeResult,
} from '../../core/readiness.ts';
import type { Probe, ProbeResult } from '../../core/spec.ts';
import type { RunningCheck } from '../../os/probe/running-check.ts';

export type ProbeLoopOptions = {
  probe: Probe;
  /** Begins all checks of one attempt. */
  begin(): RunningCheck[];
  /** The verdict or the reason changed; `because` is null after an attempt that succeeded. `isSilent`: no answer came in time. */
  onChange(verdict: ProbeRecord['verdict'], because: string | null, isSilent: boolean): void;
  /** Every attempt, before a change that it brings about. */
  onAttempt(outcome: ProbeResult, durationMs: number): void;
};

/** Attempts fall on multiples of this, so that those of many instances share one wake-up; not while others may wait for them. */
const TICK_MS = 20;

export class ProbeLoop {
  #options: ProbeLoopOptions;
  #record: ProbeRecord;
  #because: string | null = null;
  #state:
    | { kind: 'waiting'; timer: NodeJS.Timeout }
    | { kind: 'trying'; running: RunningCheck[]; again: boolean }
    | null;

  /** Begins at once. @param sinceMs the age of the process, which counts towards `initialDelayMs` */
  constructor(options: ProbeLoopOptions, sinceMs: number) {
    this.#options = options;
    this.#record = newProbeRecord(options.probe, performance.now() - sinceMs);
    this.#state = { kind: 'waiting', timer: this.#after(Math.max(0, options.probe.initialDelayMs - sinceMs)) };
  }

  /** The probe may pass now: makes the next attempt at once. */
  nudge(): void {
    if (this.#state?.kind === 'trying') this.#state.again = true;
    if (this.#state?.kind !== 'waiting') return;
    clearTimeout(this.#state.timer);
    void this.#attempt();
  }

  stop(): void {
    const state = this.#state;
    this.#state = null;
    if (state?.kind === 'waiting') clearTimeout(state.timer);
    if (state?.kind === 'trying') for (const running of state.running) running.cancel('no longer asked for');
  }

  #after(pauseMs: number): NodeJS.Timeout {
    const dueMs = performance.now() + pauseMs;
    const isHurried = pauseMs < TICK_MS * 5 || isFirstVerdictDue(this.#record);
    const delayMs = isHurried ? pauseMs : Math.ceil(dueMs / TICK_MS) * TICK_MS - performance.now();
    return setTimeout(() => void this.#attempt(), delayMs);
  }

  async #attempt(): Promise<void> {
    const { probe } = this.#options;
    const state = { kind: 'trying' as const, running: this.#options.begin(), again: false };
    this.#state = state;
    const beganMs = performance.now();
    const late = `no answer within ${probe.timeoutMs} ms`;
    // One tick later: if this process was blocked, the answer may have arrived already.
    let isSilent = false;
    const giveUp = (): void => {
      isSilent = true;
      for (const running of state.running) running.cancel(late);
    };
    const timer = setTimeout(() => setImmediate(giveUp), probe.timeoutMs);
    const outcomes = await Promise.all(state.running.map(({ outcome }) => outcome));
    clearTimeout(timer);
    if (this.#state !== state) return;
    const outcome = together(outcomes);
    const tookMs = performance.now() - beganMs;
    this.#options.onAttempt(outcome, tookMs);
    this.#conclude(outcome, isSilent, tookMs);
    // `onChange` may have stopped this loop.
    if (this.#state !== state) return;
    const pause = state.again ? 0 : nextAttemptDelayMs(this.#record, probe, tookMs);
    this.#state = { kind: 'waiting', timer: this.#after(pause) };
  }

  #conclude(outcome: ProbeResult, isSilent: boolean, tookMs: number): void {
    const { verdict } = this.#record;
    this.#record = recordProbeResult(this.#record, outcome, this.#options.probe, { nowMs: performance.now(), tookMs });
    const because = outcome.ok ? null : outcome.because;
    if (verdict === this.#record.verdict && because === this.#because) return;
    this.#because = because;
    this.#options.onChange(this.#record.verdict, because, isSilent);
  }
}

/** All checks must pass; the first that fails is the reason. */
function together(outcomes: ProbeResult[]): ProbeResult {
  return outcomes.find((outcome) => !outcome.ok) ?? { ok: true };
}
