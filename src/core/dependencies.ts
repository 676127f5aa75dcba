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
  /** The first dependency with `on_loss: hold` of which no instance meets the condition (or soon none will); or null. */
  lostOf(spec: ServiceSpec): ServiceName | null;
  /** The first dependency with `on_loss: restart` that holds with processes all begun after `sinceMs`; or null. */
  renewedSince(spec: ServiceSpec, sinceMs: number): ServiceName | null;
};

export function viewDependencies(desired: Desired, slots: Slots): DependencyView {
  const unmet = new Map<string, string | null>();
  const lost = new Map<string, boolean>();
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
  const lostOf = (spec: ServiceSpec): ServiceName | null => {
    const found = spec.dependsOn.find((dependency) => {
      if (dependency.onLoss !== 'hold') return false;
      const key = `${dependency.service} ${dependency.condition}`;
      const known = lost.get(key) ?? isLost(dependency, desired, slots);
      lost.set(key, known);
      return known;
    });
    return found?.service ?? null;
  };
  const isLeaving = (slot: Slot): boolean => {
    const wish = desired.wishes.get(slot.id);
    return !wish?.run || lostOf(wish.spec) !== null;
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
    lostOf,
    renewedSince(spec, sinceMs) {
      const renewed = spec.dependsOn.find((dependency) => {
        if (dependency.onLoss !== 'restart' || reasonFor(dependency) !== null) return false;
        return everySlot(dependency, desired, slots).every((slot) => slot !== undefined && beganAfter(slot, sinceMs));
      });
      return renewed?.service ?? null;
    },
  };
}

function everySlot({ service }: Dependency, desired: Desired, slots: Slots): (Slot | undefined)[] {
  const pool = desired.services.get(service)?.pool ?? 0;
  return Array.from({ length: pool }, (_, index) => slots.get(instanceId(service, index + 1)));
}

function beganAfter({ phase }: Slot, sinceMs: number): boolean {
  if (phase.kind === 'completed') return phase.atMs > sinceMs;
  return phase.kind === 'alive' && phase.sinceMs > sinceMs;
}

/** Nobody meets the condition, or only who is about to go: then the dependents go first. */
function isLost(dependency: Dependency, desired: Desired, slots: Slots): boolean {
  const spec = desired.services.get(dependency.service);
  if (!spec) return true;
  return !everySlot(dependency, desired, slots).some((slot) => {
    const wish = slot && desired.wishes.get(slot.id);
    const isStaying = wish?.run && wish.stage?.turn !== 'now';
    return slot !== undefined && isStaying && holdsFor(slot, spec, dependency.condition);
  });
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
