// Order between services: what a start waits for, whose stop must wait for whom, and what a lost dependency means. Pure.
import { findUnmet, meets, type Slots } from './dependency-conditions.ts';
import type { Desired } from './desired.ts';
import type { Dependency, ServiceName, ServiceSpec, Slot } from './model.ts';
import { instanceId } from './model.ts';
import { isOccupied } from './transition.ts';

export type { Slots } from './dependency-conditions.ts';

/** A dependency that does not hold yet, and the sentence that says why: down to the first cause. */
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
  return new View(desired, slots);
}

class View implements DependencyView {
  #desired: Desired;
  #slots: Slots;
  #unmet = new Map<string, string | null>();
  #lost = new Map<string, boolean>();
  #holders: Map<ServiceName, Slot[]> | null = null;

  constructor(desired: Desired, slots: Slots) {
    this.#desired = desired;
    this.#slots = slots;
  }

  blockerOf(spec: ServiceSpec): Blocker | null {
    for (const dependency of spec.dependsOn) {
      const because = this.#unmetReason(dependency);
      if (because !== null) return { dependency, because };
    }
    return null;
  }

  /** Services do not depend on one another in a circle (the loader refuses that), so this comes to an end. */
  #unmetReason(dependency: Dependency): string | null {
    const key = `${dependency.service} ${dependency.condition} ${dependency.onLoss}`;
    const known = this.#unmet.get(key);
    if (known !== undefined) return known;
    const because = this.#findReason(dependency);
    this.#unmet.set(key, because);
    return because;
  }

  #findReason(dependency: Dependency): string | null {
    const unmet = findUnmet(dependency, this.#desired, this.#slots);
    // Who would have to end again at once does not begin.
    if (!unmet)
      return dependency.onLoss === 'hold' && this.#isLost(dependency) ? `${dependency.service} is leaving` : null;
    const spec = this.#desired.services.get(dependency.service);
    const nearer = unmet.isWaiting && spec ? this.blockerOf(spec) : null;
    return nearer ? `${unmet.because}, because ${nearer.because}` : unmet.because;
  }

  holdersOf(service: ServiceName): readonly Slot[] {
    this.#holders ??= this.#collectHolders();
    return this.#holders.get(service) ?? [];
  }

  #collectHolders(): Map<ServiceName, Slot[]> {
    const holders = new Map<ServiceName, Slot[]>();
    for (const slot of this.#slots.values()) {
      if (!isOccupied(slot) || !this.#isLeaving(slot)) continue;
      for (const { service } of slot.spec?.dependsOn ?? []) {
        const list = holders.get(service);
        if (list) list.push(slot);
        else holders.set(service, [slot]);
      }
    }
    return holders;
  }

  #isLeaving(slot: Slot): boolean {
    const wish = this.#desired.wishes.get(slot.id);
    return !wish?.run || this.lostOf(wish.spec) !== null;
  }

  lostOf(spec: ServiceSpec): ServiceName | null {
    return (
      spec.dependsOn.find((dependency) => dependency.onLoss === 'hold' && this.#isLost(dependency))?.service ?? null
    );
  }

  #isLost(dependency: Dependency): boolean {
    const key = `${dependency.service} ${dependency.condition}`;
    const known = this.#lost.get(key);
    if (known !== undefined) return known;
    const isLost = !this.#instancesOf(dependency).some((slot) => slot && this.#isStaying(slot, dependency));
    this.#lost.set(key, isLost);
    return isLost;
  }

  /** Meets the condition, and is not about to go: otherwise the dependents go first. */
  #isStaying(slot: Slot, { service, condition }: Dependency): boolean {
    const spec = this.#desired.services.get(service);
    const wish = this.#desired.wishes.get(slot.id);
    if (!spec || !wish?.run || wish.stage?.turn === 'now') return false;
    return meets(slot, spec, condition) && this.lostOf(wish.spec) === null;
  }

  renewedSince(spec: ServiceSpec, sinceMs: number): ServiceName | null {
    const renewed = spec.dependsOn.find((dependency) => {
      if (dependency.onLoss !== 'restart' || this.#unmetReason(dependency) !== null) return false;
      return this.#instancesOf(dependency).every((slot) => slot !== undefined && beganAfter(slot, sinceMs));
    });
    return renewed?.service ?? null;
  }

  #instancesOf({ service }: Dependency): (Slot | undefined)[] {
    const pool = this.#desired.services.get(service)?.pool ?? 0;
    return Array.from({ length: pool }, (_, index) => this.#slots.get(instanceId(service, index + 1)));
  }
}

function beganAfter({ phase }: Slot, sinceMs: number): boolean {
  if (phase.kind === 'completed') return phase.atMs > sinceMs;
  return phase.kind === 'alive' && phase.sinceMs > sinceMs;
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
