// Order between services: what a start waits for, which stops wait for others, and what a lost dependency means. Pure.

import type { Desired, DesiredInstance } from './desired.ts';
import { type Outlook, outlookOfSlot } from './outlook.ts';
import { isReady } from './readiness.ts';
import { describeExit } from './restart-policy.ts';
import { isOccupied, phaseWord, type Slot } from './slot.ts';
import {
  type Dependency,
  type DependencyCondition,
  type InstanceId,
  instanceId,
  type ServiceName,
  type ServiceSpec,
} from './spec.ts';

/** A dependency that does not hold yet, and the sentence that says why: down to the first cause. */
export type Blocker = { dependency: Dependency; because: string; outlook: Outlook };

/** Answers for one pass over one state; each condition is looked up once, however many instances wait for it. */
export type DependencyView = {
  /**
   * The first dependency of `spec` that is not satisfied, or null when it may start.
   *
   * @param isOlder of a version that was declared before: what it waited for to complete has completed for it
   */
  blockerOf(spec: ServiceSpec, isOlder?: boolean): Blocker | null;
  /** Whether the condition holds now. */
  isMet(dependency: Dependency): boolean;
  /**
   * As `blockerOf`, for a version that takes the place of one that serves: instances that are still to be replaced themselves
   * do not satisfy a condition.
   *
   * @param isNewVersion false: for a restart in the version that runs, instances of any version count
   */
  blockerOfReplacement(spec: ServiceSpec, isNewVersion: boolean): Blocker | null;
  /**
   * Slots that must end before an instance of `service` may: leaving ones that depend on it. A dependent that stays
   * wanted does not hold up a stop that the user asked for.
   */
  dependentsToStopFirst(service: ServiceName): readonly Slot[];
  /** The first dependency with `on_loss: hold` of which no instance meets the condition (or soon none will); or null. */
  lostDependencyOf(wanted: { spec: ServiceSpec; isOlder?: boolean }): ServiceName | null;
  /** The first dependency with `on_loss: restart` that holds with processes all begun after `sinceMs`; or null. */
  dependencyRestartedSince(spec: ServiceSpec, sinceMs: number): ServiceName | null;
};

export function viewDependencies(desired: Desired, slots: Slots): DependencyView {
  return new MemoizedDependencyView(desired, slots);
}

class MemoizedDependencyView implements DependencyView {
  #desired: Desired;
  #slots: Slots;
  #unmet = new Map<string, UnmetReason | null>();
  #lostDependencies = new Map<string, boolean>();
  #leavingDependents: Map<ServiceName, Slot[]> | null = null;

  constructor(desired: Desired, slots: Slots) {
    this.#desired = desired;
    this.#slots = slots;
  }

  blockerOf(spec: ServiceSpec, isOlder = false): Blocker | null {
    for (const dependency of spec.dependsOn) {
      if (isOlder && isOfTasks(dependency)) continue;
      const reason = this.#unmetReason(dependency);
      if (reason?.outlook === 'hopeless' && dependency.required === false) continue;
      if (reason !== null) return { dependency, ...reason };
    }
    return null;
  }

  isMet(dependency: Dependency): boolean {
    return this.#unmetReason(dependency) === null;
  }

  blockerOfReplacement(spec: ServiceSpec, isNewVersion: boolean): Blocker | null {
    const unmet = this.blockerOf(spec);
    if (unmet) return unmet;
    for (const dependency of spec.dependsOn) {
      const declared = this.#desired.services.get(dependency.service);
      for (const slot of this.#instancesOf(dependency)) {
        const because = slot && declared ? this.#whyReplaced(slot, declared, isNewVersion) : null;
        if (because !== null) return { dependency, because, outlook: 'open' };
      }
    }
    return null;
  }

  /** A clause; null: the instance stays as it is. */
  #whyReplaced({ id, phase, spec, restartRequestedMs }: Slot, declared: ServiceSpec, isNewVersion: boolean) {
    if (isNewVersion && declared.schedule === null && spec?.specHash !== declared.specHash)
      return `${id} still runs an older configuration`;
    if (phase.kind !== 'alive') return null;
    const isRequested = restartRequestedMs !== null && phase.sinceMs <= restartRequestedMs;
    const isRenewed = isRequested || this.dependencyRestartedSince(declared, phase.sinceMs) !== null;
    return isRenewed ? `${id} is still to be restarted` : null;
  }

  /** Services do not depend on one another in a circle (the loader refuses that), so this ends. */
  #unmetReason(dependency: Dependency): UnmetReason | null {
    const key = `${dependency.service} ${dependency.condition} ${dependency.onLoss}`;
    const known = this.#unmet.get(key);
    if (known !== undefined) return known;
    const reason = this.#findReason(dependency);
    this.#unmet.set(key, reason);
    return reason;
  }

  #findReason(dependency: Dependency): UnmetReason | null {
    const unmet = findUnmetCondition(dependency, this.#desired, this.#slots);
    // An instance that would have to stop again at once is not started.
    if (!unmet) {
      const isLeaving = dependency.onLoss === 'hold' && this.#isLost(dependency);
      return isLeaving ? { because: `${dependency.service} is leaving`, outlook: 'open' } : null;
    }
    const spec = this.#desired.services.get(dependency.service);
    const nearer = unmet.isWaiting && spec ? this.blockerOf(spec) : null;
    const { because, outlook } = unmet;
    return nearer
      ? { because: `${because}, because ${nearer.because}`, outlook: nearer.outlook }
      : { because, outlook };
  }

  dependentsToStopFirst(service: ServiceName): readonly Slot[] {
    this.#leavingDependents ??= this.#collectLeavingDependents();
    return this.#leavingDependents.get(service) ?? [];
  }

  #collectLeavingDependents(): Map<ServiceName, Slot[]> {
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
    const wanted = this.#desired.instances.get(slot.id);
    return !wanted?.run || this.lostDependencyOf(wanted) !== null;
  }

  lostDependencyOf({ spec, isOlder = false }: { spec: ServiceSpec; isOlder?: boolean }): ServiceName | null {
    const lost = spec.dependsOn.find(
      (dependency) =>
        // As in `blockerOf`: it would be started again at once, and stopped, forever.
        dependency.onLoss === 'hold' && !(isOlder && isOfTasks(dependency)) && this.#isLost(dependency),
    );
    return lost?.service ?? null;
  }

  #isLost(dependency: Dependency): boolean {
    const key = `${dependency.service} ${dependency.condition}`;
    const known = this.#lostDependencies.get(key);
    if (known !== undefined) return known;
    const isLost = !this.#instancesOf(dependency).some((slot) => slot && this.#keepsMeeting(slot, dependency));
    this.#lostDependencies.set(key, isLost);
    return isLost;
  }

  /** Meets the condition and is not about to stop: otherwise its dependents stop first. */
  #keepsMeeting(slot: Slot, { service, condition }: Dependency): boolean {
    const spec = this.#desired.services.get(service);
    const wanted = this.#desired.instances.get(slot.id);
    if (!spec || !wanted?.run || wanted.rolloutStep?.step === 'now') return false;
    return meetsCondition(slot, spec, condition) && this.lostDependencyOf(wanted) === null;
  }

  dependencyRestartedSince(spec: ServiceSpec, sinceMs: number): ServiceName | null {
    const renewed = spec.dependsOn.find((dependency) => {
      if (dependency.onLoss !== 'restart' || this.#unmetReason(dependency) !== null) return false;
      return this.#instancesOf(dependency).every((slot) => slot !== undefined && startedAfter(slot, sinceMs));
    });
    return renewed?.service ?? null;
  }

  #instancesOf({ service }: Dependency): (Slot | undefined)[] {
    const pool = this.#desired.services.get(service)?.pool ?? 0;
    return Array.from({ length: pool }, (_, index) => this.#slots.get(instanceId(service, index + 1)));
  }
}

/** Whether the condition is about the end of a task. */
export const isOfTasks = ({ condition }: Dependency): boolean => condition === 'completed' || condition === 'ended';

function startedAfter({ phase }: Slot, sinceMs: number): boolean {
  if (phase.kind === 'completed' || phase.kind === 'failed') return phase.atMs > sinceMs;
  return phase.kind === 'alive' && phase.sinceMs > sinceMs;
}

export type Slots = ReadonlyMap<InstanceId, Slot>;

type UnmetReason = Pick<Blocker, 'because' | 'outlook'>;
type UnmetCondition = UnmetReason & {
  /** It has not run yet, though it should: its own unmet dependency is the nearer cause. */
  isWaiting: boolean;
};

/** The first instance that does not meet the condition; null when all do. */
function findUnmetCondition({ service, condition }: Dependency, desired: Desired, slots: Slots): UnmetCondition | null {
  const spec = desired.services.get(service);
  if (!spec) return { because: `${service} is not declared`, outlook: 'hopeless', isWaiting: false };
  if (spec.pool === 0)
    return { because: `${service} has no instances (pool: 0)`, outlook: 'hopeless', isWaiting: false };
  for (let index = 1; index <= spec.pool; index++) {
    const id = instanceId(service, index);
    const slot = slots.get(id);
    if (!slot || !meetsCondition(slot, spec, condition)) return describeUnmet(id, condition, slot, desired);
  }
  return null;
}

function meetsCondition(slot: Slot, spec: ServiceSpec, condition: DependencyCondition): boolean {
  const { phase } = slot;
  // A completed run of an older spec does not count for the declared one, and none counts as ready.
  const isCurrent = slot.spec?.specHash === spec.specHash;
  if (phase.kind === 'failed') return condition === 'ended' && isCurrent;
  if (phase.kind === 'completed') return condition !== 'ready' && isCurrent;
  if (phase.kind !== 'alive' || condition === 'completed' || condition === 'ended') return false;
  return condition === 'started' || isReady(phase);
}

function describeUnmet(
  id: InstanceId,
  condition: DependencyCondition,
  slot: Slot | undefined,
  desired: Desired,
): UnmetCondition {
  const wanted = desired.instances.get(id);
  if (wanted && !wanted.run)
    return { because: `${id} is not wanted: ${wanted.because}`, outlook: 'hopeless', isWaiting: false };
  const goal = condition === 'ready' ? 'become ready' : condition;
  if (!slot) return { because: `${id} has not ${goal}`, outlook: 'open', isWaiting: true };
  const because = `${id} ${describeUnmetSlot(slot, goal)}`;
  const isCurrent = slot.spec?.specHash === wanted?.spec.specHash;
  return { because, outlook: isCurrent ? outlookFor(slot, wanted) : 'open', isWaiting: slot.phase.kind === 'idle' };
}

/** A process that has completed becomes ready only by another run. */
function outlookFor(slot: Slot, wanted: DesiredInstance | undefined): Outlook {
  return slot.phase.kind === 'completed' && !wanted?.spec.schedule ? 'hopeless' : outlookOfSlot(slot);
}

function describeUnmetSlot({ phase, lastExit, failures }: Slot, goal: string): string {
  switch (phase.kind) {
    case 'failed':
      return phase.reason;
    case 'idle':
      return `has not ${goal} (waiting)`;
    case 'completed':
      return goal === 'become ready' ? 'has completed, which does not count as ready' : `has not ${goal} (completed)`;
    case 'alive':
      return `${phase.readiness === 'failing' ? 'is not ready any more' : `has not ${goal}`} (${phase.because ?? 'running'})`;
    case 'backoff': {
      const last = phase.because ?? (lastExit ? describeExit(lastExit) : 'unknown');
      return `has not ${goal} (failed ${failures === 1 ? 'once' : `${failures} times in a row`}, last: ${last})`;
    }
    default:
      return `has not ${goal} (${phaseWord(phase.kind)})`;
  }
}

/** Of the instances that `slot` depends on, the one that met its condition last; null: it has no dependency. */
export function lastMetDependency(slot: Slot, desired: Desired, slots: Slots): InstanceId | null {
  let last: { id: InstanceId; atMs: number } | null = null;
  for (const { service, condition } of slot.spec?.dependsOn ?? []) {
    const pool = desired.services.get(service)?.pool ?? 0;
    for (let index = 1; index <= pool; index++) {
      const other = slots.get(instanceId(service, index));
      const atMs = other ? conditionMetSinceMs(other, condition) : null;
      if (other && atMs !== null && (last === null || atMs > last.atMs)) last = { id: other.id, atMs };
    }
  }
  return last?.id ?? null;
}

function conditionMetSinceMs({ phase }: Slot, condition: DependencyCondition): number | null {
  if (phase.kind === 'completed') return phase.atMs;
  if (phase.kind !== 'alive') return null;
  return condition === 'ready' ? phase.readinessSinceMs : phase.sinceMs;
}
