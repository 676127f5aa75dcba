// What the outcomes of one probe's attempts mean: thresholds, and the pace of the next attempt. Pure.

import { earlier, type Phase, type Slot } from './slot.ts';
import type { Probe, ProbeResult, ServiceSpec } from './spec.ts';

export type ProbeRecord = {
  /** What counts now; `unknown` until a threshold was reached for the first time. */
  verdict: 'unknown' | 'passing' | 'failing';
  /** In a row. */
  successes: number;
  failures: number;
  /** Attempts before the first success; they come quickly at first. */
  earlyAttempts: number;
  /** When a failure may count next: failures of early attempts must not use up the threshold faster than `everyMs`. */
  failureCountsAtMs: number;
};

/** Until it has passed once, a cheap probe is tried again after this, doubled each time, at most after `everyMs`. */
const FIRST_GAP_MS = 25;

/** @param nowMs when probing starts, before `initialDelayMs`. */
export function newProbeRecord(probe: Probe, nowMs: number): ProbeRecord {
  const failureCountsAtMs = nowMs + probe.initialDelayMs;
  return { verdict: 'unknown', successes: 0, failures: 0, earlyAttempts: 0, failureCountsAtMs };
}

/** @param end of the attempt: when, and how long it took */
export function recordProbeResult(
  record: ProbeRecord,
  outcome: ProbeResult,
  probe: Probe,
  { nowMs, tookMs }: { nowMs: number; tookMs: number },
): ProbeRecord {
  const earlyAttempts = record.earlyAttempts + 1;
  if (outcome.ok) {
    const successes = Math.min(record.successes + 1, probe.successes);
    const verdict = successes >= probe.successes ? 'passing' : record.verdict;
    return { ...record, verdict, successes, failures: 0, earlyAttempts };
  }
  const counts = nowMs >= record.failureCountsAtMs;
  const failures = counts ? Math.min(record.failures + 1, probe.failures) : record.failures;
  return {
    verdict: failures >= probe.failures ? 'failing' : record.verdict,
    successes: 0,
    failures,
    earlyAttempts,
    failureCountsAtMs: counts ? nowMs + paceMs(probe, tookMs) : record.failureCountsAtMs,
  };
}

/** It has not passed or failed yet: something may wait for it. */
export const isFirstVerdictDue = ({ verdict, successes }: ProbeRecord): boolean =>
  verdict === 'unknown' && successes === 0;

/** A chain of services must not add up the durations of their attempts; one that takes long must not run all the time. */
const paceMs = ({ everyMs }: Probe, tookMs: number): number => everyMs - Math.min(tookMs, everyMs / 10);

/** @param tookMs the attempt before. @returns the pause before the next attempt, in ms. */
export function nextAttemptDelayMs(record: ProbeRecord, probe: Probe, tookMs = 0): number {
  if (!isFirstVerdictDue(record)) return probe.everyMs;
  if (probe.checks.some(({ kind }) => kind === 'exec')) return paceMs(probe, tookMs);
  return Math.min(probe.everyMs, FIRST_GAP_MS * 2 ** Math.min(record.earlyAttempts - 1, 20));
}

type ReadinessRules = Pick<ServiceSpec, 'readiness' | 'startup' | 'readyAfterMs'>;

/** Of a process that was just started. */
export function initialReadiness(rules: ReadinessRules): 'none' | 'pending' {
  return isProbed(rules) || rules.readyAfterMs > 0 ? 'pending' : 'none';
}

/** Whether a probe says when an instance is ready. */
export function isProbed({ readiness, startup }: ReadinessRules): boolean {
  return readiness !== null || startup !== null;
}

/**
 * When an instance counts as ready because it has lived for long enough; null: it is ready, a probe says when it is, or
 * something is known that keeps it from being ready.
 */
export function readyAtMs({ readiness, sinceMs, because }: Extract<Phase, { kind: 'alive' }>, rules: ReadinessRules) {
  const isWaiting = (readiness === 'pending' || readiness === 'failing') && because === null && !isProbed(rules);
  return isWaiting ? sinceMs + rules.readyAfterMs : null;
}

/** Instances that were started one after another become ready together: a pool of a thousand needs few steps for that. */
const READY_STEP_MS = 20;

/**
 * Which instances have lived for long enough to count as ready. Asked before anything is planned: after a pause of the
 * machine, an edit must not find a pool that counts as never ready.
 *
 * @param rulesOf of the version that the instance runs; null: unknown
 */
export function readyByAge(
  slots: Iterable<Slot>,
  rulesOf: (slot: Slot) => ReadinessRules | null,
  nowMs: number,
): { due: Slot[]; wakeAtMs: number | null } {
  const due: Slot[] = [];
  let wakeAtMs: number | null = null;
  for (const slot of slots) {
    if (slot.phase.kind !== 'alive' || isReady(slot.phase)) continue;
    const rules = rulesOf(slot);
    const atMs = rules && readyAtMs(slot.phase, rules);
    if (atMs === null) continue;
    if (atMs <= nowMs) due.push(slot);
    else wakeAtMs = earlier(wakeAtMs, Math.ceil(atMs / READY_STEP_MS) * READY_STEP_MS);
  }
  return { due, wakeAtMs };
}

/** Alive and ready. */
export function isReady(phase: Phase): phase is Extract<Phase, { kind: 'alive' }> {
  return phase.kind === 'alive' && (phase.readiness === 'none' || phase.readiness === 'passing');
}
