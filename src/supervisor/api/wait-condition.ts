// `orch wait`: whether a condition is met, pending, or impossible without a change. Pure.
import { outlookOf } from '../../core/degraded.ts';
import { queuesWrittenBy } from '../../core/log-queue-spec.ts';
import { exitCodeOfEnd } from '../../core/project-end.ts';
import { isWaitingForSchedule } from '../../core/reconcile.ts';
import { isOccupied, type Slot } from '../../core/slot.ts';
import { type InstanceId, parseInstanceId, type ServiceName, type ServiceSpec } from '../../core/spec.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { explainInstance, slotFor } from './explanations.ts';
import { isDeclared, remainingInstances } from './instance-names.ts';

export type WaitCondition = 'converged' | 'ready' | 'stopped' | 'ended';
export type WaitVerdict =
  | { kind: 'met' }
  | { kind: 'pending'; because: string }
  | { kind: 'impossible'; because: string };

/** @param names services or instances that were known when the wait began; none: all. */
export function judgeWait(
  kernel: Kernel,
  condition: WaitCondition,
  names: readonly string[],
  nowMs: number,
): WaitVerdict {
  const ids = remainingInstances(kernel, names);
  if (condition === 'stopped') return judgeStopped(kernel, ids);
  if (condition === 'ended') return judgeEnded(kernel, ids, nowMs);
  if (kernel.projectEnd)
    return { kind: 'impossible', because: `the project is going down: ${kernel.projectEnd.because}` };
  const gone = names.find((name) => !isDeclared(kernel, name));
  if (gone !== undefined) return { kind: 'impossible', because: `${gone} is not declared any more` };
  const empty = names.find((name) => kernel.desired.services.get(name as ServiceName)?.pool === 0);
  if (empty !== undefined) return { kind: 'impossible', because: `${empty} has no instances (pool: 0)` };
  const dependencies = kernel.dependencies();
  let pending: string | null = null;
  for (const id of ids) {
    const desired = kernel.desired.instances.get(id) ?? null;
    if (!desired) continue;
    const slot = slotFor(kernel, id);
    const { state, reason } = explainInstance(kernel, id, nowMs, dependencies);
    const because = `${id} is ${state}${reason ? `: ${reason}` : ''}`;
    if (!desired.run && (condition === 'ready' || (names.length > 0 && !isStoppedByHand(kernel, id))))
      return { kind: 'impossible', because };
    // Only by name: a task among others ends well by completing.
    if (condition === 'ready' && state === 'completed' && names.length > 0)
      return { kind: 'impossible', because: `${id} has completed, which does not count as ready` };
    const halted = haltedRollout(kernel, desired.spec.name);
    if (halted !== null) return { kind: 'impossible', because: `${id}: ${halted}` };
    if (outlookOf(slot, desired, dependencies) === 'hopeless') return { kind: 'impossible', because };
    const good = desired.run
      ? ((state === 'ready' || state === 'completed') && reason === null) || isBetweenRuns(slot, desired.spec, nowMs)
      : state === 'stopped' || !isOccupied(slot);
    const isRolling = condition === 'converged' && kernel.rollouts.has(desired.spec.name);
    if (!good) pending ??= because;
    else if (isRolling) pending ??= `the roll-out of ${desired.spec.name} is not over`;
  }
  if (pending) return { kind: 'pending', because: pending };
  if (names.length > 0 || kernel.isConverged()) return { kind: 'met' };
  return { kind: 'pending', because: leavingReason(kernel) };
}

/** @returns null: the files are what is in force. */
export function judgeFiles({ problems, generation }: Kernel): WaitVerdict | null {
  const [first] = problems;
  if (!first) return null;
  const position = [first.file, first.line, first.column].filter((part) => part !== null).join(':');
  const because = `the files have a problem (${position}: ${first.message}); generation ${generation} stays in force`;
  return { kind: 'impossible', because };
}

/**
 * A program whose output cannot be written stops as soon as its pipe is full, ready or not.
 * @param faultOf a log queue -> a sentence; null: it can be written
 * @returns null: the output of these instances can be written
 */
export function judgeOutput(
  kernel: Kernel,
  faultOf: (queue: string) => string | null,
  names: readonly string[],
): WaitVerdict | null {
  for (const id of remainingInstances(kernel, names)) {
    const desired = kernel.desired.instances.get(id);
    const faults = desired?.run ? queuesWrittenBy(desired.spec).map(faultOf) : [];
    const fault = faults.find((one) => one !== null) ?? null;
    if (fault !== null) return { kind: 'impossible', because: `${id}: ${fault}` };
  }
  return null;
}

/** The user asked for that, so a stopped instance is as it should be. */
function isStoppedByHand({ overrides, desired }: Kernel, id: InstanceId): boolean {
  const service = desired.instances.get(id)?.spec.name ?? '';
  return desired.shuttingDown || overrides.stopped.includes(id) || overrides.stopped.includes(service);
}

/** A scheduled service between two runs is healthy. */
function isBetweenRuns(slot: Slot, spec: ServiceSpec, nowMs: number): boolean {
  return spec.schedule !== null && isWaitingForSchedule(slot, nowMs);
}

/** @returns a clause where the roll-out continues only after a command or an edit; null: it continues by itself. */
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
  return { kind: 'met' };
}

/** Whether every instance has completed or was given up: nothing restarts it. */
function judgeEnded(kernel: Kernel, ids: readonly InstanceId[], nowMs: number): WaitVerdict {
  const dependencies = kernel.dependencies();
  let pending: string | null = null;
  if (ids.length === 0) return { kind: 'impossible', because: 'it has no instances (pool: 0)' };
  for (const id of ids) {
    const slot = slotFor(kernel, id);
    if (hasEnded(slot)) continue;
    const desired = kernel.desired.instances.get(id);
    const { state, reason } = explainInstance(kernel, id, nowMs, dependencies);
    const because = `${id} is ${state}${reason ? `: ${reason}` : ''}`;
    if (!isOccupied(slot) && !desired?.run) return { kind: 'impossible', because };
    if (desired && outlookOf(slot, desired, dependencies) === 'hopeless') return { kind: 'impossible', because };
    const { policy, limit } = desired?.spec.restart ?? {};
    if (policy === 'always' && !limit && desired?.run)
      return { kind: 'impossible', because: `${id} is always restarted (restart: always)` };
    pending ??= because;
  }
  return pending ? { kind: 'pending', because: pending } : { kind: 'met' };
}

const hasEnded = ({ phase }: Slot): boolean => phase.kind === 'completed' || phase.kind === 'failed';

/** Whether every name is that of a task, or of an instance of one. */
export function areTasks(kernel: Kernel, names: readonly string[]): boolean {
  const isTask = (name: string): boolean => {
    const spec = kernel.desired.services.get((parseInstanceId(name)?.service ?? name) as ServiceName);
    return spec?.restart.policy === 'never' && spec.schedule === null;
  };
  return names.length > 0 && names.every(isTask);
}

/** Of instances that have ended: the first exit code that is not 0. */
export function exitCodeOfAll(kernel: Kernel, names: readonly string[]): number {
  const codes = remainingInstances(kernel, names).map((id) => exitCodeOfEnd(slotFor(kernel, id)));
  return codes.find((code) => code !== 0) ?? 0;
}

function leavingReason(kernel: Kernel): string {
  const leaving = [...kernel.slots.values()].find(
    (slot) => isOccupied(slot) && !kernel.desired.instances.get(slot.id)?.run,
  );
  return leaving ? `${leaving.id} is still being stopped` : 'changes are still being made';
}
