// How an instance had ended in the version before: a roll-back returns to that, so that nothing runs a second time that has
// completed or was given up, no back-off is cut short, and no key of a singleton is taken back. Pure.
import type { EarlierEnd, Phase, Slot, SlotSpec } from './slot.ts';

/** Of the slot once `next` starts in it. A start of a version makes void how it had ended before. */
export function earlierEndFor(slot: Slot, next: SlotSpec): EarlierEnd | null {
  const { phase, spec, failures, recentFailuresMs, lastExit, earlierEnd } = slot;
  if (isEnded(phase) && spec !== null && spec.specHash !== next.specHash)
    return { phase, spec, failures, recentFailuresMs, lastExit };
  return earlierEnd?.spec.specHash === next.specHash ? null : earlierEnd;
}

/** Whether a slot with this phase stays empty, or does so for a while. */
export function isEnded(phase: Phase): phase is EarlierEnd['phase'] {
  const { kind } = phase;
  return kind === 'completed' || kind === 'failed' || kind === 'backoff' || kind === 'blocked';
}

/** A process of a newer version has the key of the singleton that was refused to the older one. */
export const earlierEndAfterSpawn = ({ earlierEnd }: Slot): EarlierEnd | null =>
  earlierEnd?.phase.kind === 'blocked' ? null : earlierEnd;

/** Whether an empty slot is to go back to how it had ended in this version, instead of a start. */
export function hasEndedIn({ spec, earlierEnd }: Slot, { specHash }: { specHash: string }): boolean {
  return earlierEnd?.spec.specHash === specHash && spec?.specHash !== specHash;
}

/** @returns the slot as it was before the start of the newer version. */
export function withEarlierEnd(slot: Slot): Slot {
  if (slot.earlierEnd === null) return slot;
  return { ...slot, ...slot.earlierEnd, lastEnd: null, earlierEnd: null };
}
