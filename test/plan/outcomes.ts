// What becomes of each instance, as a plan says it and as events show it.
import type { Plan } from '../../src/api/protocol-plan.ts';
import type { Desired } from '../../src/core/desired.ts';
import { isOccupied, type Slot } from '../../src/core/slot.ts';
import { type InstanceId, parseInstanceId, type ServiceName } from '../../src/core/spec.ts';
import type { InstanceOutcome } from '../../src/plan/simulate.ts';

export type Outcomes = Map<string, InstanceOutcome>;

/** @param slots before the change: whether a scaled instance starts or stops */
export function plannedOutcomes({ changes }: Pick<Plan, 'changes'>, slots: ReadonlyMap<InstanceId, Slot>): Outcomes {
  const isRunning = (id: string): boolean => {
    const slot = slots.get(id as InstanceId);
    return slot !== undefined && isOccupied(slot);
  };
  return outcomesOf(changes, isRunning);
}

/** The same where only the status is known. */
export function outcomesOf(changes: Plan['changes'], isRunning: (id: string) => boolean): Outcomes {
  const outcomes: Outcomes = new Map();
  for (const { action, instances } of changes) {
    if (action === 'update') continue;
    for (const id of instances) outcomes.set(id, action === 'scale' ? (isRunning(id) ? 'stop' : 'start') : action);
  }
  return outcomes;
}

/** Of the events `started` and `stopping`, in order. */
export function eventOutcomes(events: readonly { type: string; instance: string | null }[]): Outcomes {
  const outcomes: Outcomes = new Map();
  for (const { type, instance } of events) {
    if (instance === null) continue;
    const before = outcomes.get(instance);
    if (type === 'started') outcomes.set(instance, before === undefined || before === 'start' ? 'start' : 'restart');
    else if (type === 'stopping') outcomes.set(instance, before === 'start' ? before : 'stop');
  }
  return outcomes;
}

/** Instances that a plan lists, but which wait for a dependency that does not come: it says so. */
export function waitingIn({ changes }: Pick<Plan, 'changes'>): Set<string> {
  const waiting = changes.filter(({ action, reason }) => action !== 'stop' && reason.includes('; it waits for '));
  return new Set(waiting.flatMap(({ instances }) => instances));
}

/** Without the instances on top of a pool that come and go while it is replaced: part of how, not of what. */
export function withoutSurge(outcomes: Outcomes, { services }: Desired, planned: Outcomes): Outcomes {
  return new Map(
    [...outcomes].filter(([id]) => {
      const { service, index } = parseInstanceId(id)!;
      return planned.has(id) || index <= (services.get(service as ServiceName)?.pool ?? Number.POSITIVE_INFINITY);
    }),
  );
}
