// `rollout` -> a policy with portions and milliseconds.
import type { Portion, Problem, RolloutPolicy } from '../../core/model.ts';
import { DEFAULT_ROLLOUT } from '../defaults.ts';
import { problemAt } from '../problem.ts';
import { child, type Tree } from '../tree/tree.ts';
import { durationOf } from './duration.ts';
import { integerOf, literalOf } from './normalizing.ts';

/** @param service the whole service: `rollout` may stand beside `pool` or in it. */
export function normalizeRollout(service: Tree, problems: Problem[]): RolloutPolicy {
  const beside = child(service, 'rollout');
  const within = child(child(service, 'pool'), 'rollout');
  if (beside && within) {
    const message = '`rollout` is written twice: in `pool` and beside it';
    problems.push(problemAt(beside.at, { code: 'bad-value', message, hint: 'take one of them out' }));
  }
  const tree = within ?? beside;
  const unavailable = child(tree, 'max_unavailable');
  const policy: RolloutPolicy = {
    maxUnavailable: portionOf(unavailable, DEFAULT_ROLLOUT.maxUnavailable),
    maxSurge: portionOf(child(tree, 'max_surge'), DEFAULT_ROLLOUT.maxSurge),
    minReadyMs: durationOf(child(tree, 'min_ready'), DEFAULT_ROLLOUT.minReady, problems),
    deadlineMs: durationOf(child(tree, 'deadline'), DEFAULT_ROLLOUT.deadline, problems),
    onFailure: (literalOf(child(tree, 'on_failure')) ?? DEFAULT_ROLLOUT.onFailure) as RolloutPolicy['onFailure'],
  };
  if (unavailable && isNone(policy.maxUnavailable) && isNone(policy.maxSurge)) {
    const message = 'none may be missing and none may be there on top: nothing could ever be replaced';
    problems.push(problemAt(unavailable.at, { code: 'bad-value', message, hint: 'raise it, or set `max_surge`' }));
  }
  return policy;
}

/** `2` or `25%`. */
function portionOf(tree: Tree | undefined, otherwise: string | number): Portion {
  const count = integerOf(tree);
  if (count !== null) return { kind: 'count', count };
  const text = literalOf(tree) ?? String(otherwise);
  return text.endsWith('%')
    ? { kind: 'percent', percent: Number(text.slice(0, -1)) }
    : { kind: 'count', count: Number(text) };
}

const isNone = (portion: Portion): boolean => (portion.kind === 'count' ? portion.count : portion.percent) === 0;
