// The state of a supervisor that is not there: one that has run a configuration for so long that nothing moves any more.
// `plan A..B` starts from it, so that two commits are compared by the rules that carry a change out. Pure.
import { viewDependencies } from '../core/dependencies.ts';
import { type Desired, desiredOf, NO_OVERRIDES } from '../core/desired.ts';
import { startedSpec } from '../core/ports.ts';
import { initialReadiness } from '../core/readiness.ts';
import { runsToCompletion, tasksOf } from '../core/rollout-members.ts';
import { emptySlotOf, type Phase, type Slot } from '../core/slot.ts';
import {
  type InstanceId,
  instanceId,
  isFirstRunDue,
  type ProjectConfig,
  type ServiceName,
  type ServiceSpec,
} from '../core/spec.ts';
import type { PlanBase } from './plan.ts';

/** The time at which such a state is examined: every instance has been ready for longer than any `min_ready`. */
export const SETTLED_MS = 1e15;

/** Every wanted instance is ready and every task has completed, in the order of their dependencies. @param config null: nothing was ever declared. */
export function settledState(config: ProjectConfig | null): PlanBase {
  const desired = desiredOf(config, NO_OVERRIDES, false);
  const tasks = tasksOf(desired.services.values());
  const slots = new Map<InstanceId, Slot>();
  const startedMs = startTimes(desired);
  for (const [id, { run, spec }] of desired.instances) {
    if (run) slots.set(id, settledSlot(id, spec, startedMs(spec.name), tasks, desired));
  }
  removeBlocked(desired, slots);
  return {
    desired,
    slots,
    rollouts: new Map(),
    overrides: NO_OVERRIDES,
    accepted: config && { config },
    versionOf: (name, hash) => {
      const declared = desired.services.get(name);
      return declared?.specHash === hash ? declared : null;
    },
  };
}

/** @returns when a service has started: after what it depends on and runs. `on_loss: restart` compares these times. */
function startTimes({ services, instances }: Desired): (name: ServiceName) => number {
  const known = new Map<ServiceName, number>();
  const startedMs = (name: ServiceName): number => {
    const awaited = (services.get(name)?.dependsOn ?? []).filter(
      ({ service }) => instances.get(instanceId(service, 1))?.run,
    );
    const time = known.get(name) ?? Math.max(0, ...awaited.map(({ service }) => startedMs(service) + 1));
    known.set(name, time);
    return time;
  };
  return startedMs;
}

function settledSlot(
  id: InstanceId,
  spec: ServiceSpec,
  startedMs: number,
  tasks: ReadonlySet<ServiceName>,
  desired: Desired,
): Slot {
  const empty = emptySlotOf(id, spec.name);
  // A service that others wait for has run. Of all other schedules no run is assumed: they change no instance.
  const hasRun = spec.schedule === null || tasks.has(spec.name) || isFirstRunDue(spec, null);
  if (!hasRun) return empty;
  const phase: Phase =
    runsToCompletion(spec, tasks) || spec.schedule !== null
      ? { kind: 'completed', atMs: startedMs }
      : alivePhase(id, spec, startedMs);
  return { ...empty, spec: startedSpec(spec, id, desired), phase };
}

function alivePhase(id: InstanceId, spec: ServiceSpec, startedMs: number): Phase {
  const readiness = initialReadiness(spec) === 'none' ? 'none' : 'passing';
  const process = { pid: 0, startTime: '', bootId: '', nonce: id };
  const times = { sinceMs: startedMs, readinessSinceMs: startedMs };
  return { kind: 'alive', process, ...times, adopted: false, readiness, because: null, unhealthy: null };
}

/** An instance whose dependency never runs (disabled, of a profile, no instances) has not been started either. */
function removeBlocked(desired: Desired, slots: Map<InstanceId, Slot>): void {
  for (let before = -1; before !== slots.size; ) {
    before = slots.size;
    const dependencies = viewDependencies(desired, slots);
    const blocked = [...slots.keys()].filter((id) => dependencies.blockerOf(desired.instances.get(id)!.spec) !== null);
    for (const id of blocked) slots.delete(id);
  }
}
