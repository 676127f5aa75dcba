// Whether a roll-out goes on, has to stop, or may go on again. Pure.
import type { Rollout, RolloutVerdict, ServiceSpec, Slot } from './model.ts';
import type { Member } from './rollout.ts';

type Clock = { nowMs: number; wakeAtMs: number | null };

/**
 * Takes in what the instances have come to. Rules, first match wins:
 * 1. More new instances are good than ever before: that is progress, and the deadline starts over.
 * 2. Paused, and every new instance is good after all: it goes on.
 * 3. Going, and a new instance has given up, or none got good for as long as the deadline: it fails.
 *
 * @param members of the pool and on top of it; `clock.wakeAtMs` is brought forward to the deadline.
 */
export function judgeRollout(rollout: Rollout, declared: ServiceSpec, members: Member[], clock: Clock): Rollout {
  const { nowMs } = clock;
  const good = members.filter(({ standing }) => standing === 'good').length;
  const grown = good > rollout.good ? { ...rollout, good, progressMs: nowMs } : rollout;
  const { verdict } = grown;
  if (verdict.kind === 'rolledBack') return grown;
  const fresh = members.filter(
    ({ standing, slot }) => standing === 'moving' && slot?.spec?.specHash === declared.specHash,
  );
  if (verdict.kind === 'paused') {
    const isWell = fresh.length === 0 && good > 0;
    return isWell ? { ...grown, progressMs: nowMs, verdict: { kind: 'going' } } : grown;
  }
  const failure = failureOf(grown, declared, fresh, nowMs);
  if (failure) return { ...grown, verdict: failed(grown, declared, failure, nowMs) };
  const deadlineMs = grown.progressMs + declared.rollout.deadlineMs;
  clock.wakeAtMs = clock.wakeAtMs === null ? deadlineMs : Math.min(clock.wakeAtMs, deadlineMs);
  return grown;
}

/** The sentence, or null. */
function failureOf(rollout: Rollout, { rollout: policy }: ServiceSpec, fresh: Member[], nowMs: number): string | null {
  for (const { id, slot } of fresh) if (slot?.phase.kind === 'failed') return `${id} ${slot.phase.reason}`;
  if (nowMs < rollout.progressMs + policy.deadlineMs) return null;
  const [first] = fresh;
  const seconds = Math.round(policy.deadlineMs / 100) / 10;
  const culprit = first?.slot ? `: ${first.id} ${conditionOf(first.slot)}` : '';
  return `no new instance got ready within ${seconds} s${culprit}`;
}

function conditionOf({ phase, failures }: Slot): string {
  if (phase.kind === 'alive')
    return phase.because ? `is not ready (${phase.because})` : 'was not ready for long enough';
  if (phase.kind === 'backoff') return `failed ${failures} times in a row`;
  return `is ${phase.kind}`;
}

/** Back to the older version only if that was in service; otherwise there is nothing better to go to. */
function failed(rollout: Rollout, declared: ServiceSpec, because: string, atMs: number): RolloutVerdict {
  const canGoBack = declared.rollout.onFailure === 'rollback' && rollout.olderHash !== null;
  return { kind: canGoBack ? 'rolledBack' : 'paused', atMs, because };
}
