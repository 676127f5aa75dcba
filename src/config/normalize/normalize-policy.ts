// `policy` -> EditPolicy. A policy that holds nothing counts as none.
import type { EditPolicy } from '../../core/edit-policy.ts';
import { childOf, isTrue, literalOf, type Tree } from '../tree/tree.ts';

export function normalizeEditPolicy(tree: Tree | undefined): EditPolicy | null {
  const share = literalOf(childOf(childOf(tree, 'protect'), 'stop_more_than'));
  const policy: EditPolicy = {
    apply: literalOf(childOf(tree, 'apply')) === 'manual' ? 'manual' : 'auto',
    requireClean: isTrue(childOf(tree, 'require_clean')),
    stopMoreThanPercent: share === null ? null : Number(share.replace('%', '')),
  };
  return policy.apply === 'auto' && !policy.requireClean && policy.stopMoreThanPercent === null ? null : policy;
}
