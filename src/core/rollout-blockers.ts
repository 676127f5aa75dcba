// What keeps the instances of a pool from the version that it is rolled out to: dependencies, and their own roll-outs. Pure.
import type { Blocker, DependencyView } from './dependencies.ts';
import { type PoolInRollout, protectsNothing } from './rollout-batch.ts';
import type { PoolMember } from './rollout-members.ts';
import { isOccupied, type Rollout, type Slot } from './slot.ts';
import type { ServiceName } from './spec.ts';

export type BlockerContext = {
  dependencies: DependencyView;
  /** Of dependencies, as planned in this pass; else as they were before. */
  rollouts: ReadonlyMap<ServiceName, Rollout>;
  before: ReadonlyMap<ServiceName, Rollout>;
};

/** What keeps an instance of the pool from the version; null: nothing does. */
export function currentBlocker(context: BlockerContext, rollout: Rollout, pool: PoolInRollout): Blocker | null {
  for (const member of pool.members) {
    const blocker = memberBlocker(context, rollout, pool, member);
    if (blocker) return blocker;
  }
  return null;
}

/** What keeps one of them from it. */
export function memberBlocker(
  context: BlockerContext,
  rollout: Rollout,
  pool: PoolInRollout,
  member: PoolMember,
): Blocker | null {
  const { progress, slot } = member;
  const isEmpty = !slot || !isOccupied(slot);
  // Where nothing is to be protected, an instance that does not live leaves its version at once.
  if (progress === 'old' && !(isEmpty && protectsNothing(rollout, pool)))
    return replacementBlocker(context, rollout, pool, member);
  const mayStart = isEmpty && (progress === 'old' || progress === 'updating') && !staysEmpty(slot);
  return mayStart ? context.dependencies.blockerOf(pool.target, pool.target !== pool.declared) : null;
}

/** Until its version changes, or a command starts it. */
const staysEmpty = (slot: Slot | undefined): boolean =>
  slot?.phase.kind === 'failed' || slot?.phase.kind === 'completed' || slot?.phase.kind === 'blocked';

/** What keeps the version from taking the place of this one. */
export function replacementBlocker(
  context: BlockerContext,
  { verdict }: Rollout,
  { declared, target }: PoolInRollout,
  { staleness }: PoolMember,
): Blocker | null {
  if (target !== declared) return context.dependencies.blockerOf(target, true);
  if (verdict.kind === 'rolledBack' || staleness?.kind === 'unhealthy') return context.dependencies.blockerOf(target);
  const blocker = context.dependencies.blockerOfReplacement(target, staleness?.kind === 'version');
  const { service } = blocker?.dependency ?? {};
  const halted = service && (context.rollouts.get(service) ?? context.before.get(service))?.verdict;
  if (!blocker || !halted || halted.kind === 'going') return blocker;
  return { ...blocker, because: `${blocker.because}; ${wordFor(halted.kind)}: ${halted.because}`, outlook: 'hopeless' };
}

const wordFor = (kind: 'paused' | 'rolledBack'): string =>
  kind === 'paused' ? 'its roll-out is paused' : 'it was rolled back';
