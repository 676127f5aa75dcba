// Exit events can be lost, so main processes are checked again. Says which ones, and how soon the next check is. Pure.

import type { Slots } from './dependencies.ts';
import type { Incarnation, Slot } from './slot.ts';
import type { InstanceId } from './spec.ts';

export const RESYNC_MS = 5_000;
/** Only a check finds the end of a process that is not our child. */
export const ADOPTED_RESYNC_MS = 250;
/** A child's own exit event gets this long before it counts as lost. */
const EXIT_EVENT_GRACE_MS = 2_000;

export type ResyncPlan = {
  /** If one of them is gone, its exit event was lost. */
  suspects: { id: InstanceId; process: Incarnation }[];
  nextMs: number;
};

/** @param withChildren false: adopted processes only */
export function planResync(slots: Slots, nowMs: number, withChildren: boolean): ResyncPlan {
  const suspects: ResyncPlan['suspects'] = [];
  let hasAdopted = false;
  for (const slot of slots.values()) {
    const isAdopted = isOfAdopted(slot);
    hasAdopted ||= isAdopted;
    const process = isAdopted || withChildren ? suspectOf(slot, nowMs) : null;
    if (process) suspects.push({ id: slot.id, process });
  }
  return { suspects, nextMs: hasAdopted ? ADOPTED_RESYNC_MS : RESYNC_MS };
}

function suspectOf({ phase }: Slot, nowMs: number): Incarnation | null {
  if (phase.kind === 'alive') {
    return phase.adopted || nowMs - phase.sinceMs > EXIT_EVENT_GRACE_MS ? phase.process : null;
  }
  if (phase.kind !== 'ending' || phase.exit !== null) return null;
  return phase.adopted || nowMs - phase.sinceMs > EXIT_EVENT_GRACE_MS ? phase.process : null;
}

function isOfAdopted({ phase }: Slot): boolean {
  return (phase.kind === 'alive' || phase.kind === 'ending') && phase.adopted;
}
