// Which instances of a roll-out move now: who of the pool is replaced, and who lives on top of it meanwhile. Pure.
import type { InstanceId, Rollout, ServiceSpec, Slot } from './model.ts';
import { limitsOf } from './portion.ts';
import type { Member } from './rollout.ts';
import { isOccupied } from './transition.ts';

/** A pool and what is on top of it; both are looked at as instances of `target`. */
export type Stages = { declared: ServiceSpec; target: ServiceSpec; members: Member[]; surge: Member[] };

/**
 * As many as there are instances still to be replaced, who serves already first; never more live on top than may, who is
 * leaving counted in.
 */
export function chooseSurge({ declared, target, members, surge }: Stages, slots: Iterable<Slot>): Member[] {
  const missing = members.filter(({ standing }) => standing !== 'good').length;
  const isTarget = (slot: Slot): boolean => slot.spec?.specHash === target.specHash;
  const wanted = surge.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, missing);
  const staying = wanted.filter(({ slot }) => slot && isOccupied(slot) && isTarget(slot));
  const living = [...slots].filter(
    (slot) => slot.service === declared.name && slot.index > declared.pool && isOccupied(slot),
  );
  const room = Math.max(0, surge.length - living.length);
  const starting = wanted.filter(({ slot }) => !slot || !isOccupied(slot)).slice(0, room);
  return [...staying, ...starting];
}

function rankOf({ standing, slot }: Member): number {
  if (standing !== 'moving') return standing === 'good' ? 0 : 2;
  return slot?.phase.kind === 'alive' || slot?.phase.kind === 'starting' ? 1 : 2;
}

/** While nothing moves nobody comes or goes on top: who has failed there must not be forgotten, it is why nothing moves. */
export function keepSurge({ target, members, surge }: Stages): Member[] {
  if (members.every(({ standing }) => standing === 'good')) return [];
  return surge.filter(({ slot }) => slot && slot.phase.kind !== 'idle' && slot.spec?.specHash === target.specHash);
}

/**
 * Which old instances may be replaced now. What does not serve anyway goes first; of what serves only so many that never
 * more than `missing` of the pool are gone; and never more on their way at once than `missing` and the good ones on top,
 * so that a version which does not get good ends with its first batch.
 *
 * @param stages `surge`: who is to stay on top
 */
export function chooseNext(rollout: Rollout, { declared, members, surge }: Stages): Set<InstanceId> {
  const limits = limitsOf(declared.rollout, members.length);
  const moving = members.filter(({ standing }) => standing === 'moving').length;
  const onTop = surge.filter(({ standing }) => standing === 'good').length;
  let room = limits.missing + onTop - moving;
  let spare =
    [...members, ...surge].filter(({ isAvailable }) => isAvailable).length - (members.length - limits.missing);
  const chosen = new Set<InstanceId>();
  const old = members.filter(({ standing, slot }) => standing === 'old' && isReplaceable(slot));
  for (const { id } of old.filter(({ isAvailable }) => !isAvailable)) {
    // Nothing served when it began: there is nothing to protect.
    if (room <= 0 && rollout.protected > 0) break;
    chosen.add(id);
    room--;
  }
  for (const { id } of old.filter(({ isAvailable }) => isAvailable)) {
    if (room <= 0 || spare <= 0) break;
    chosen.add(id);
    room--;
    spare--;
  }
  return chosen;
}

/** What ends is left to do so first; a start may be given up. */
export function isReplaceable(slot: Slot | undefined): boolean {
  return slot?.phase.kind !== 'stopping';
}
