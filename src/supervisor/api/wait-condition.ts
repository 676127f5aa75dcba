// `orch wait`: whether a condition holds, does not hold yet, or can no longer come about by itself. Pure.

import { explain } from '../../core/explain.ts';
import { isWaitingForSchedule } from '../../core/reconcile.ts';
import { emptySlot, isOccupied, type Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceName, ServiceSpec } from '../../core/spec.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isDeclared, remainingInstances } from './instance-names.ts';

export type WaitCondition = 'converged' | 'ready' | 'stopped';
export type WaitVerdict =
  | { kind: 'holds' }
  | { kind: 'pending'; because: string }
  | { kind: 'hopeless'; because: string };

/** @param names services or instances that were known when the waiting began; none: all there are. */
export function judgeWait(
  kernel: Kernel,
  condition: WaitCondition,
  names: readonly string[],
  nowMs: number,
): WaitVerdict {
  const ids = remainingInstances(kernel, names);
  if (condition === 'stopped') return judgeStopped(kernel, ids);
  const gone = names.find((name) => !isDeclared(kernel, name));
  if (gone !== undefined) return { kind: 'hopeless', because: `${gone} is not declared any more` };
  const dependencies = kernel.dependencies();
  let pending: string | null = null;
  for (const id of ids) {
    const wish = kernel.desired.instances.get(id) ?? null;
    if (!wish) continue;
    const slot = kernel.slots.get(id) ?? emptySlot(id, wish.spec.name, 1);
    const { state, reason } = explain(slot, wish, dependencies, nowMs);
    const because = `${id} is ${state}${reason ? `: ${reason}` : ''}`;
    if (wish.run && (state === 'failed' || state === 'stopped')) return { kind: 'hopeless', because };
    if (!wish.run && condition === 'ready') return { kind: 'hopeless', because };
    const halted = haltedRollout(kernel, wish.spec.name);
    if (halted !== null) return { kind: 'hopeless', because: `${id}: ${halted}` };
    const good = wish.run
      ? ((state === 'ready' || state === 'completed') && reason === null) || isBetweenRuns(slot, wish.spec, nowMs)
      : state === 'stopped' || !isOccupied(slot);
    if (!good) pending ??= because;
  }
  if (pending) return { kind: 'pending', because: pending };
  if (names.length > 0 || kernel.isConverged()) return { kind: 'holds' };
  return { kind: 'pending', because: leavingReason(kernel) };
}

/** Nothing is amiss with a scheduled service between two runs. */
function isBetweenRuns(slot: Slot, spec: ServiceSpec, nowMs: number): boolean {
  return spec.schedule !== null && isWaitingForSchedule(slot, nowMs);
}

/** A roll-out that nothing but a person or an edit brings on; the sentence, or null. */
function haltedRollout(kernel: Kernel, service: ServiceName): string | null {
  const verdict = kernel.rollouts.get(service)?.verdict;
  if (!verdict || verdict.kind === 'going') return null;
  return verdict.kind === 'paused' ? `its roll-out is paused: ${verdict.because}` : `rolled back: ${verdict.because}`;
}

function judgeStopped(kernel: Kernel, ids: readonly InstanceId[]): WaitVerdict {
  for (const id of ids) {
    const slot = kernel.slots.get(id);
    if (slot && isOccupied(slot)) return { kind: 'pending', because: `${id} is still alive` };
  }
  return { kind: 'holds' };
}

function leavingReason(kernel: Kernel): string {
  const leaving = [...kernel.slots.values()].find(
    (slot) => isOccupied(slot) && !kernel.desired.instances.get(slot.id)?.run,
  );
  return leaving ? `${leaving.id} is still being stopped` : 'changes are still being made';
}
