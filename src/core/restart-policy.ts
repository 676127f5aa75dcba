// What follows when an instance exits by itself: it starts again after a back-off, has completed, or has failed.
// Deterministic: the jitter is derived from the instance and the count, so that a replay gives the same times.

import { shellExitCode } from './shell-exit-code.ts';
import type { Exit, Phase, Slot } from './slot.ts';
import type { InstanceId, RestartPolicy } from './spec.ts';

/** Of the delay; spreads instances that fail together without ever exceeding the formula. */
const DEFAULT_JITTER = 0.1;

export type ProcessEnd = {
  exit: Exit;
  /** How long the process lived; a healthy spell forgets earlier failures first. */
  aliveMs: number;
  /** False: the host was short of something, which is not the program's fault and does not count. */
  countsAsFailure: boolean;
  /** The sentence, where it was ended because a liveness or startup probe failed. */
  unhealthy: string | null;
  /** `timed out after 5 s`, where it was. */
  timedOut?: string;
};
export type RestartDecision = Pick<Slot, 'phase' | 'crashes' | 'failures' | 'recentFailuresMs' | 'lastExit'>;

/**
 * Decides by policy after a process ended (or could not be started).
 *
 * Rules, first match wins (compare systemd.service(5) Restart=, Kubernetes' crash-loop back-off):
 * 1. success (exit 0, or one of `success_codes`) and the policy is not `always`: `completed`.
 * 2. the policy is `never`: `failed`. Also after exit 0 that does not count as success, as a restart would end the same way.
 * 3. more than `limit.count` failures within `limit.withinMs`, or in a row: `failed`. With `always`, exit 0 counts as well.
 * 4. otherwise `backoff`, for `always` after exit 0 as well, so that nothing ever spins.
 *
 * An end that orch brought about because the instance was unhealthy, or ran for too long, is a failure, whatever its exit.
 * No spell that ended so was healthy for its whole time: a timeout forgets no failures.
 */
export function decideRestart(slot: Slot, death: ProcessEnd, nowMs: number): RestartDecision {
  const { exit, aliveMs, countsAsFailure, unhealthy, timedOut } = death;
  const policy = slot.spec?.restart ?? NEVER_RESTART;
  const healthy = aliveMs >= policy.healthyAfterMs && timedOut === undefined;
  const earlier = healthy ? { failures: 0, recentFailuresMs: [] } : slot;
  const succeeded = isSuccess(exit, slot.spec?.successCodes) && unhealthy === null && timedOut === undefined;
  if (succeeded && policy.policy !== 'always') {
    const phase: Phase = { kind: 'completed', atMs: nowMs };
    return { phase, crashes: slot.crashes, failures: 0, recentFailuresMs: [], lastExit: exit };
  }
  const failures = earlier.failures + 1;
  const recent = countsAsFailure ? [...earlier.recentFailuresMs, nowMs] : earlier.recentFailuresMs;
  const recentFailuresMs = withinLimitWindow(recent, policy, nowMs);
  const phase = failurePhase(slot.id, policy, { ...death, failures, recentFailuresMs }, nowMs);
  const crashes = succeeded || !countsAsFailure ? slot.crashes : slot.crashes + 1;
  return { phase, crashes, failures, recentFailuresMs, lastExit: exit };
}

/**
 * After another process took over the key of the singleton: it stays down. A task that has completed, and what has failed,
 * stays so; a service that ends well when it is replaced has not completed by that.
 */
export function phaseWhenTakenOver({ phase, spec }: Slot, by: string): Phase {
  if (phase.kind === 'completed' && spec?.restart.policy === 'never') return phase;
  return phase.kind === 'failed' ? { ...phase, reason: `${phase.reason}; ${by}` } : { kind: 'blocked', by };
}

/** @returns how long to wait before start number `failures` + 1, in ms: `min(max, initial × factor^(failures − 1))`, less up to `jitter`. */
export function backoffMs(id: InstanceId, policy: RestartPolicy, failures: number): number {
  const { initialMs, maxMs, factor, jitter = DEFAULT_JITTER } = policy.backoff;
  const delay = Math.min(maxMs, initialMs * factor ** Math.min(failures - 1, 1_000));
  return Math.round(delay * (1 - jitter * fractionOf(`${id}#${failures}`)));
}

/** @param codes exit codes as a shell reports them; null: 0 */
export function isSuccess(exit: Exit, codes: readonly number[] | null = null): boolean {
  if ('code' in exit) return (codes ?? [0]).includes(exit.code) && exit.because === undefined;
  return codes !== null && 'signal' in exit && codes.includes(shellExitCode(exit));
}

/** A sentence part: `exit code 1`, `SIGKILL`, … */
export function describeExit(exit: Exit): string {
  if ('code' in exit) {
    if (exit.because !== undefined) return `exit code ${exit.code}: ${exit.because}`;
    return exit.code === 0 ? 'success (exit code 0)' : `exit code ${exit.code}`;
  }
  if ('signal' in exit) return exit.because === undefined ? exit.signal : `${exit.signal} for being ${exit.because}`;
  if ('spawnError' in exit) return exit.detail;
  return 'an unknown exit status';
}

/** Of a task that failed; where a schedule begins the next run it says too much. */
export const NOT_RESTARTED = ' and is never restarted';

const NEVER_RESTART: RestartPolicy = {
  policy: 'never',
  backoff: { initialMs: 0, maxMs: 0, factor: 1 },
  limit: null,
  healthyAfterMs: Number.POSITIVE_INFINITY,
};

type CountedFailure = ProcessEnd & { failures: number; recentFailuresMs: number[] };

function failurePhase(id: InstanceId, policy: RestartPolicy, failure: CountedFailure, nowMs: number): Phase {
  const { exit, unhealthy, timedOut, failures, recentFailuresMs } = failure;
  const isForced = unhealthy !== null || timedOut !== undefined;
  if (policy.policy === 'on_failure' && !isForced && 'code' in exit && exit.code === 0) {
    return { kind: 'failed', atMs: nowMs, reason: `ended with ${describeExit(exit)}` };
  }
  if (policy.policy === 'never') {
    const ended = timedOut ?? describeEnd(exit, unhealthy);
    return { kind: 'failed', atMs: nowMs, reason: `${ended}${NOT_RESTARTED}` };
  }
  const { limit } = policy;
  if (limit && recentFailuresMs.length > limit.count) {
    const { length } = recentFailuresMs;
    const spell =
      limit.withinMs === null ? `${length} times in a row` : `${length} times within ${seconds(limit.withinMs)}`;
    const last = timedOut ?? (unhealthy === null ? `with ${describeExit(exit)}` : `as unhealthy (${unhealthy})`);
    const ended = !isForced && isSuccess(exit) ? 'ended' : 'failed';
    return { kind: 'failed', atMs: nowMs, reason: `${ended} ${spell}, last ${last}: given up` };
  }
  const untilMs = nowMs + backoffMs(id, policy, failures);
  if (timedOut !== undefined) return { kind: 'backoff', untilMs, because: timedOut, isTimeout: true };
  return { kind: 'backoff', untilMs, because: unhealthy };
}

function describeEnd(exit: Exit, unhealthy: string | null): string {
  return unhealthy === null ? `ended with ${describeExit(exit)}` : `was ended as unhealthy (${unhealthy})`;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

/** Keeps what can still count against the limit, so that the list stays bounded. */
function withinLimitWindow(recent: readonly number[], policy: RestartPolicy, nowMs: number): number[] {
  const { limit } = policy;
  if (!limit) return [];
  const sinceMs = limit.withinMs === null ? Number.NEGATIVE_INFINITY : nowMs - limit.withinMs;
  return recent.filter((atMs) => atMs > sinceMs).slice(-(limit.count + 1));
}

/** FNV-1a, folded to [0, 1): the same text always gives the same fraction. */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
