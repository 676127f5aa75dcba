// What changed between two policies of edits, as `plan` shows it: applied in place. Pure, no Node module: the supervisor imports it.
import type { EditPolicy } from '../core/edit-policy.ts';

/** A key of the policy among the services of a plan: no service has a dot in its name. */
export type PolicyChange = {
  service: `policy.${string}`;
  action: 'update';
  instances: [];
  class: 'live';
  keys: { key: string; class: 'live'; from: string | null; to: string | null }[];
  reason: string;
};

export function diffPolicies(from: EditPolicy | undefined, to: EditPolicy | undefined): PolicyChange[] {
  const [before, after] = [printPolicy(from), printPolicy(to)];
  return Object.keys(before).flatMap((key): PolicyChange[] => {
    const [old, now] = [before[key] ?? null, after[key] ?? null];
    if (old === now) return [];
    const keys = [{ key, class: 'live' as const, from: old, to: now }];
    const reason = `${key} changed, applied in place`;
    return [{ service: `policy.${key}`, action: 'update', instances: [], class: 'live', keys, reason }];
  });
}

function printPolicy(policy: EditPolicy | undefined): Record<string, string | null> {
  const { apply = 'auto', requireClean = false, stopMoreThanPercent = null } = policy ?? {};
  const share = stopMoreThanPercent === null ? null : `${stopMoreThanPercent}%`;
  return { apply, require_clean: String(requireClean), 'protect.stop_more_than': share };
}
