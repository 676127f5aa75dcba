// Services that run at given times: whether it is time. Pure; when the next run is comes from outside, as part of the slot.
import type { ServiceSpec, Slot } from './model.ts';

/** `null`: not scheduled; the other two: as long as nothing lives. */
export function turnOf(slot: Slot, spec: ServiceSpec, nowMs: number): 'due' | 'later' | null {
  if (spec.schedule === null) return null;
  const isRetry = slot.phase.kind === 'backoff' && slot.spec?.specHash === spec.specHash;
  if (isRetry && slot.phase.kind === 'backoff' && slot.phase.untilMs <= nowMs) return 'due';
  return isDue(slot, nowMs) ? 'due' : 'later';
}

export const isDue = ({ nextRunMs }: Slot, nowMs: number): boolean => nextRunMs !== null && nextRunMs <= nowMs;

/** When something will be due by itself; null: that is not known yet. */
export function nextTurnMs({ phase, nextRunMs }: Slot): number | null {
  if (phase.kind !== 'backoff') return nextRunMs;
  return nextRunMs === null ? phase.untilMs : Math.min(nextRunMs, phase.untilMs);
}

/** Whether a scheduled service without a process is as it should be: it waits for its time, and the last run went well. */
export function isAtRest({ phase, nextRunMs }: Slot, nowMs: number): boolean {
  const isCalm = phase.kind === 'idle' || phase.kind === 'completed';
  return isCalm && nextRunMs !== null && nextRunMs > nowMs;
}
