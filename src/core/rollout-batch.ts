// Which instances of a pool move now in a roll-out: those that are replaced, and those that run on top of the pool meanwhile.
// Pure; `rollout-members.ts` says what has become of each instance.
import { isUnhealthyServer, type PoolMember } from './rollout-members.ts';
import { isOccupied, type Rollout, type Slot } from './slot.ts';
import type { InstanceId, Portion, RolloutPolicy, ServiceSpec } from './spec.ts';

/** A pool and the instances on top of it; both are judged as instances of `target`. */
export type PoolInRollout = { declared: ServiceSpec; target: ServiceSpec; members: PoolMember[]; surge: PoolMember[] };

/** Instances that are replaced now, and unhealthy ones that are restarted now in the version that they run. */
export type Replacements = { replaced: ReadonlySet<InstanceId>; restarted: ReadonlySet<InstanceId> };

/** What holds for each instance, decided elsewhere. */
export type ReplacementRules = {
  /** Nothing is replaced, only unhealthy instances are restarted. */
  isHalted: boolean;
  /** Whether the version that would take its place may start now. */
  mayReplace(member: PoolMember): boolean;
  /** Whether the version that it runs is known and may start now. */
  mayRestart(member: PoolMember): boolean;
};

/**
 * As many as there are instances still to be replaced, those that serve already first, in an older version last. Never more
 * run on top than allowed; an instance that is ending still counts. After a roll-back, none is added where every instance has the older version:
 * one that crashes later waits for its own back-off, and an extra instance would have none. For the same reason, an extra
 * instance that failed is not dropped before the roll-out is over.
 */
export function chooseSurge(
  { verdict }: Rollout,
  { declared, target, members, surge }: PoolInRollout,
  slots: Iterable<Slot>,
): PoolMember[] {
  const missing = members.filter(({ progress }) => progress === 'old' || progress === 'updating').length;
  const isTarget = (slot: Slot): boolean => slot.spec?.specHash === target.specHash;
  const hasFailed = ({ slot }: PoolMember): boolean => slot !== undefined && isTarget(slot) && isFailing(slot);
  const wanted = surge
    .toSorted((a, b) => surgeRank(a) - surgeRank(b))
    .filter((one, rank) => rank < missing || hasFailed(one));
  const staying = wanted.filter(({ slot, isAvailable }) => slot && isOccupied(slot) && (isTarget(slot) || isAvailable));
  const living = [...slots].filter(
    (slot) => slot.service === declared.name && slot.index > declared.pool && isOccupied(slot),
  );
  const isBack = verdict.kind === 'rolledBack' && members.every(({ progress }) => progress !== 'old');
  const room = isBack ? 0 : Math.max(0, surge.length - living.length);
  const starting = wanted
    .filter(({ slot }) => !slot || !isOccupied(slot))
    .toSorted((a, b) => Number(hasFailed(b)) - Number(hasFailed(a)))
    .slice(0, room);
  return [...staying, ...starting];
}

function isFailing({ phase }: Slot): boolean {
  if (phase.kind === 'ending') return phase.cause === 'exited' || phase.cause === 'unhealthy';
  return phase.kind === 'backoff' || phase.kind === 'failed';
}

function surgeRank({ progress, slot, isAvailable }: PoolMember): number {
  if (progress === 'current') return 0;
  if (progress === 'updating' && (slot?.phase.kind === 'alive' || slot?.phase.kind === 'starting')) return 1;
  // One that is ending, or has not started, serves no one.
  return isAvailable ? 2 : 3;
}

/** While the roll-out is halted, none is added or removed: an instance that failed there is the reason and must stay known. */
export function surgeToKeep({ target, members, surge }: PoolInRollout): PoolMember[] {
  if (members.every(({ progress }) => progress === 'current')) return [];
  const isTarget = (slot: Slot): boolean => slot.phase.kind !== 'idle' && slot.spec?.specHash === target.specHash;
  return surge.filter(({ slot, isAvailable }) => isAvailable || (slot && isTarget(slot)));
}

/**
 * Which old instances may be replaced now. Those that do not serve go first; those that serve follow only while at most
 * `missing` of the pool are gone. Within each group, unhealthy ones go first (the one that has run longest), then the lowest
 * number. Never more are updated at once than `missing` and the current ones on top, so that a version that never gets ready
 * ends with its first batch. Those on top that are to be restarted go by what serves alone: while they are not current, none
 * of the pool may move.
 *
 * @param pool `surge`: the instances that stay on top
 */
export function chooseReplacements(rollout: Rollout, pool: PoolInRollout, rules: ReplacementRules): Replacements {
  const { declared, surge } = pool;
  const members = pool.members.filter(({ progress }) => progress !== 'gone');
  const limits = rolloutLimitsOf(declared.rollout, pool.members.length);
  const updating = members.filter(({ progress }) => progress === 'updating').length;
  const onTop = surge.filter(({ progress }) => progress === 'current').length;
  // An older one on top serves in the place of one that does not.
  const covered = surge.filter(({ progress, isAvailable }) => progress === 'old' && isAvailable).length;
  const available = [...members, ...surge].filter(({ isAvailable }) => isAvailable).length;
  const done = surge.filter(({ progress, isAvailable }) => progress === 'current' && !isAvailable).length;
  let room = limits.missing + onTop - updating;
  // A task that has completed is missed by nothing; one on top has done the work of one of the pool.
  const needed = members.filter(({ slot }) => slot?.phase.kind !== 'completed').length - done;
  let spare = available - (needed - limits.missing);
  const replaced = new Set<InstanceId>();
  const restarted = new Set<InstanceId>();
  const old = members
    .filter(({ progress, slot, mayServe }) => progress === 'old' && isReplaceable(slot) && !mayServe)
    .sort(unhealthyFirst);
  const isFree = protectsNothing(rollout, pool);
  for (const member of rules.isHalted ? [] : old.filter(({ isAvailable }) => !isAvailable)) {
    if (room + covered <= 0 && !isFree) break;
    const isEmpty = member.slot !== undefined && !isOccupied(member.slot);
    if (!rules.mayReplace(member) && !(isEmpty && isFree)) continue;
    replaced.add(member.id);
    room--;
  }
  for (const member of rules.isHalted ? [] : surge) {
    const { id, progress, slot, isAvailable } = member;
    if (progress !== 'old' || !isReplaceable(slot) || !rules.mayReplace(member)) continue;
    if (isAvailable && spare <= 0) continue;
    replaced.add(id);
    if (isAvailable) spare--;
  }
  const serving = old.filter(({ isAvailable }) => isAvailable);
  for (const member of rules.isHalted ? [] : serving) {
    if (room <= 0 || spare <= 0) break;
    if (!rules.mayReplace(member)) continue;
    replaced.add(member.id);
    room--;
    spare--;
  }
  for (const member of serving) {
    if (spare <= 0) break;
    if (replaced.has(member.id) || !isUnhealthyServer(member.slot!) || !rules.mayRestart(member)) continue;
    restarted.add(member.id);
    spare--;
  }
  return { replaced, restarted };
}

/** No instance served when the roll-out began, or those that serve run the version that failed. */
export function protectsNothing(rollout: Rollout, { declared, target }: PoolInRollout): boolean {
  return rollout.protected === 0 || target !== declared;
}

function unhealthyFirst(a: PoolMember, b: PoolMember): number {
  const sinceMs = ({ slot }: PoolMember): number =>
    slot?.phase.kind === 'alive' && isUnhealthyServer(slot) ? slot.phase.sinceMs : Number.POSITIVE_INFINITY;
  const [first, second] = [sinceMs(a), sinceMs(b)];
  return first === second ? 0 : first - second;
}

/** An instance that is ending finishes that first; a start may be given up. */
export function isReplaceable(slot: Slot | undefined): boolean {
  return slot?.phase.kind !== 'ending';
}

/** How many of `pool` may be missing and how many may run on top. Never are both 0: the roll-out must be able to move. */
export function rolloutLimitsOf(
  { maxUnavailable, maxSurge }: RolloutPolicy,
  pool: number,
): { missing: number; extra: number } {
  const extra = instanceCountOf(maxSurge, pool, Math.ceil);
  const missing = instanceCountOf(maxUnavailable, pool, Math.floor);
  return { missing: Math.min(pool, extra === 0 ? Math.max(1, missing) : missing), extra };
}

function instanceCountOf(portion: Portion, pool: number, round: (value: number) => number): number {
  return portion.kind === 'count' ? portion.count : round((pool * portion.percent) / 100);
}
