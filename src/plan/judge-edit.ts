// Whether a policy holds an edit, and by which rules. Pure.

import type { HeldEdit } from '../api/protocol-edits.ts';
import type { Plan } from '../api/protocol-plan.ts';
import type { Slots } from '../core/dependencies.ts';
import type { EditPolicy } from '../core/edit-policy.ts';

export type EditFacts = {
  /** Called only where a rule asks for it. */
  plan: () => Plan;
  slots: Slots;
  /** Why the files do not count as committed, a clause; null: they do, or no policy asks. */
  uncommitted: string | null;
};

/**
 * The policy in force and that of the edit both count: an edit must not switch off what holds it.
 * @returns null: neither holds anything
 */
export function strictestPolicy(inForce: EditPolicy | undefined, edited: EditPolicy | undefined): EditPolicy | null {
  if (!inForce || !edited) return inForce ?? edited ?? null;
  const shares = [inForce.stopMoreThanPercent, edited.stopMoreThanPercent].filter((share) => share !== null);
  return {
    apply: inForce.apply === 'manual' ? 'manual' : edited.apply,
    requireClean: inForce.requireClean || edited.requireClean,
    stopMoreThanPercent: shares.length === 0 ? null : Math.min(...shares),
  };
}

/** @returns the rules that hold it; empty: it may be applied */
export function judgeEdit(policy: EditPolicy, { plan, slots, uncommitted }: EditFacts): HeldEdit['reasons'] {
  const reasons: HeldEdit['reasons'] = [];
  if (policy.apply === 'manual') reasons.push({ rule: 'manual', because: 'policy.apply is manual' });
  if (policy.requireClean && uncommitted !== null)
    reasons.push({ rule: 'require_clean', because: `policy.require_clean: ${uncommitted}` });
  const tooMany = policy.stopMoreThanPercent === null ? null : stopsTooMany(plan(), slots, policy.stopMoreThanPercent);
  if (tooMany !== null) reasons.push({ rule: 'protect', because: `policy.protect.stop_more_than: ${tooMany}` });
  return reasons;
}

/** An instance that is replaced is not stopped, whatever it takes: its slot runs again. */
function stopsTooMany({ changes }: Plan, slots: Slots, percent: number): string | null {
  const running = new Set(
    [...slots.values()].filter(({ phase }) => isRunning(phase.kind)).map(({ id }) => id as string),
  );
  // A pool that is scaled lists the instances that come or go: what runs already goes.
  const leaving = changes.filter(({ action }) => action === 'stop' || action === 'scale');
  const stopped = new Set(leaving.flatMap(({ instances }) => instances).filter((id) => running.has(id)));
  if (stopped.size * 100 <= running.size * percent) return null;
  return `it would stop ${stopped.size} of ${running.size} running instances, more than ${percent}%`;
}

const isRunning = (phase: string): boolean => phase === 'alive' || phase === 'starting';
