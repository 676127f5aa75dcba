// What the state file says of a followed ref, without trusting it.
import type { BadCommit, FollowedRef, FollowPhase, FollowState, MoveReason } from '../../core/follow.ts';

/** @returns null: no ref was followed, or that is not known */
export function readFollowState(value: unknown): FollowState | null {
  const { ref, good, phase, bad, excused } = fieldsOf(value);
  const [known, at] = [readFollowedRef(ref), readPhase(phase)];
  if (!known || !at) return null;
  const names = Array.isArray(excused) ? excused.filter((name) => typeof name === 'string') : [];
  return { ref: known, good: isCommit(good) ? good : null, phase: at, bad: readBad(bad), excused: names };
}

/** @returns null: that is not one */
export function readFollowedRef(value: unknown): FollowedRef | null {
  const { name, full, takesRewrites, fetchEveryMs, timeoutMs } = fieldsOf(value);
  if (typeof name !== 'string' || typeof full !== 'string' || !full.startsWith('refs/') || !isPositive(timeoutMs))
    return null;
  const every = isPositive(fetchEveryMs) ? fetchEveryMs : null;
  return { name, full, takesRewrites: takesRewrites === true, fetchEveryMs: every, timeoutMs };
}

function readPhase(value: unknown): FollowPhase | null {
  const { kind, commit, from, to, reason, isOurs } = fieldsOf(value);
  if (kind === 'settled' && isCommit(commit)) return { kind, commit };
  if (kind === 'proving' && isCommit(commit)) return { kind, commit, isOurs: isOurs === true };
  const why = readReason(reason);
  return kind === 'moving' && isCommit(from) && isCommit(to) && why ? { kind, from, to, reason: why } : null;
}

function readReason(value: unknown): MoveReason | null {
  const { kind, because } = fieldsOf(value);
  if (kind === 'forward' || kind === 'by_hand') return { kind };
  return kind === 'back' && typeof because === 'string' ? { kind, because } : null;
}

function readBad(value: unknown): BadCommit | null {
  const { commit, kind, because } = fieldsOf(value);
  const isBad = isCommit(commit) && (kind === 'rejected' || kind === 'failed') && typeof because === 'string';
  return isBad ? { commit, kind, because } : null;
}

/** They become arguments of git. */
const isCommit = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value);
const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
