// Order between services: when a dependency's condition holds, and whose stop must wait for whom. Pure.
import type { Desired } from './desired.ts';
import type { Dependency, DependencyCondition, InstanceId, ServiceName, ServiceSpec, Slot } from './model.ts';
import { instanceId } from './model.ts';
import { isReady } from './readiness.ts';
import { isOccupied } from './transition.ts';

export type Slots = ReadonlyMap<InstanceId, Slot>;

/** A dependency that does not hold yet, and the sentence that says why. */
export type Blocker = { dependency: Dependency; because: string };

/** Answers for one pass over one state; each condition is looked up once, however many instances wait for it. */
export type DependencyView = {
  /** The first dependency of `spec` that is not satisfied, or null when it may start. */
  blockerOf(spec: ServiceSpec): Blocker | null;
  /**
   * Slots that must end before an instance of `service` may: leaving ones that depend on it. A dependent that stays
   * wanted does not hold up a stop that the user asked for.
   */
  holdersOf(service: ServiceName): readonly Slot[];
};

/** @param isLeaving whether an occupied slot is not wanted any more. */
export function viewDependencies(desired: Desired, slots: Slots, isLeaving: (slot: Slot) => boolean): DependencyView {
  const unmet = new Map<string, string | null>();
  let holders: Map<ServiceName, Slot[]> | null = null;
  const reasonFor = (dependency: Dependency): string | null => {
    const key = `${dependency.service} ${dependency.condition}`;
    let because = unmet.get(key);
    if (because === undefined) {
      because = unmetReason(dependency, desired, slots);
      unmet.set(key, because);
    }
    return because;
  };
  return {
    blockerOf(spec) {
      for (const dependency of spec.dependsOn) {
        const because = reasonFor(dependency);
        if (because !== null) return { dependency, because };
      }
      return null;
    },
    holdersOf(service) {
      holders ??= collectHolders(slots, isLeaving);
      return holders.get(service) ?? [];
    },
  };
}

function collectHolders(slots: Slots, isLeaving: (slot: Slot) => boolean): Map<ServiceName, Slot[]> {
  const holders = new Map<ServiceName, Slot[]>();
  for (const slot of slots.values()) {
    if (!isOccupied(slot) || !isLeaving(slot)) continue;
    for (const { service } of slot.spec?.dependsOn ?? []) {
      const list = holders.get(service);
      if (list) list.push(slot);
      else holders.set(service, [slot]);
    }
  }
  return holders;
}

/** `names` and everything they depend on, directly or not. */
export function withDependencies(names: readonly string[], services: Desired['services']): Set<ServiceName> {
  const closure = new Set<ServiceName>();
  const visit = (name: ServiceName): void => {
    if (closure.has(name)) return;
    closure.add(name);
    for (const dependency of services.get(name)?.dependsOn ?? []) visit(dependency.service);
  };
  for (const name of names) visit(name as ServiceName);
  return closure;
}

function unmetReason({ service, condition }: Dependency, desired: Desired, slots: Slots): string | null {
  const spec = desired.services.get(service);
  if (!spec) return `${service} is not declared`;
  if (spec.pool === 0) return `${service} has no instances (pool: 0)`;
  for (let index = 1; index <= spec.pool; index++) {
    const id = instanceId(service, index);
    const slot = slots.get(id);
    if (!slot || !holdsFor(slot, spec, condition)) return describeUnmet(id, condition, slot, desired);
  }
  return null;
}

function holdsFor(slot: Slot, spec: ServiceSpec, condition: DependencyCondition): boolean {
  const { phase } = slot;
  // What ended or runs with an older spec says nothing about the one that is declared now.
  const current = slot.spec?.specHash === spec.specHash;
  if (phase.kind === 'completed') return current;
  if (phase.kind !== 'alive' || condition === 'completed') return false;
  return condition === 'started' || isReady(phase);
}

const WORD: Record<DependencyCondition, string> = { started: 'started', ready: 'ready', completed: 'completed' };

function describeUnmet(
  id: InstanceId,
  condition: DependencyCondition,
  slot: Slot | undefined,
  desired: Desired,
): string {
  const wish = desired.wishes.get(id);
  if (wish && !wish.run) return `${id} is not wanted: ${wish.because}`;
  if (slot?.phase.kind === 'failed') return `${id} ${slot.phase.reason}`;
  return `${id} has not ${condition === 'ready' ? 'become ' : ''}${WORD[condition]}${slot ? ` (${phaseWord(slot)})` : ''}`;
}

function phaseWord(slot: Slot): string {
  switch (slot.phase.kind) {
    case 'idle':
      return 'waiting';
    case 'alive':
      return 'running';
    default:
      return slot.phase.kind;
  }
}
