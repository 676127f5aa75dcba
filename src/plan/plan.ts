// `orch plan`: what applying a configuration would do, instance by instance. The change starts from the state of the running
// supervisor, or of one that has settled (settled-state.ts). Pure; it uses the same desired state and the same rules as the
// reconciler, so that the plan is what happens (I18).

import type { EnvironmentChange, Plan, PlanChange } from '../api/protocol-plan.ts';
import { type Blocker, type Slots, viewDependencies } from '../core/dependencies.ts';
import { type Desired, desiredOf } from '../core/desired.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import { whyPortsDiffer } from '../core/ports.ts';
import type { FindVersion, Rollouts } from '../core/rollout.ts';
import { isOccupied, isTimedOut, type Overrides, type Rollout, type Slot } from '../core/slot.ts';
import {
  type InstanceId,
  isFirstRunDue,
  type ProjectConfig,
  parseInstanceId,
  type ServiceName,
  type ServiceSpec,
} from '../core/spec.ts';
import { diffPolicies } from './diff-policy.ts';
import { diffQueues } from './diff-queues.ts';
import { diffServices, type KeyChange } from './diff-services.ts';
import { type InstanceOutcome, simulate } from './simulate.ts';

/** What a change starts from. The kernel is one; `settledState` makes one from a configuration. */
export type PlanBase = {
  readonly desired: Desired;
  readonly slots: Slots;
  readonly rollouts: Rollouts;
  readonly overrides: Overrides;
  readonly accepted: Pick<AcceptedConfig, 'config'> | null;
  versionOf: FindVersion;
};

/**
 * @param nowMs on the clock of `base`'s times
 * @param by a plain `up` wants all services again, an edit of the files keeps the choice of `up NAME…`
 */
export function planChange(base: PlanBase, config: ProjectConfig, nowMs: number, by: 'up' | 'edit' = 'up'): Plan {
  const before = base.desired.services;
  const { overrides } = base;
  const after = desiredOf(config, by === 'up' ? { ...overrides, only: null } : overrides, false, base.desired.ports);
  const names = new Set<ServiceName>([
    ...after.services.keys(),
    ...before.keys(),
    ...[...base.slots.values()].map(({ service }) => service),
  ]);
  const changes: PlanChange[] = [];
  const outcomes = simulateOn(base, after, nowMs);
  const dependencies = viewDependencies(after, base.slots);
  const isEdited = JSON.stringify(config) !== JSON.stringify(base.accepted?.config);
  for (const name of names) {
    const from = before.get(name) ?? null;
    const to = after.services.get(name) ?? null;
    const keys = diffServices(from, to);
    const halted = to && !isEdited ? whyHalted(base.rollouts.get(to.name), to) : null;
    if (halted !== null) {
      changes.push(haltedChange(name, halted, keys));
      continue;
    }
    const touched = classifyInstances(base, name, after, nowMs);
    const waits = to && !touched.start.some((id) => outcomes.get(id) === 'start') ? dependencies.blockerOf(to) : null;
    const again = from && to && whyAgain(from, to, touched);
    const noMore = from && to && whyNoMore(from, to, after.instances);
    const wasWanted = from !== null && to === null && isWanted(from, base.desired.instances);
    const { instances } = after;
    const comparison = { service: name, from, to, keys, touched, instances, again, noMore, wasWanted, waits };
    changes.push(...serviceChanges(comparison));
    changes.push(...followingChanges(base, name, after, touched, outcomes));
  }
  changes.push(...diffQueues(base.accepted?.config ?? null, config));
  if (base.accepted) changes.push(...diffPolicies(base.accepted.config.policy, config.policy));
  const environment = environmentChange(base.accepted?.config, config);
  return { changes, ...(environment && { environment }) };
}

/** @returns null where the name stays, or nothing ran before. */
function environmentChange(from: ProjectConfig | undefined, to: ProjectConfig): EnvironmentChange | null {
  return !from || from.env === to.env ? null : { from: from.env, to: to.env };
}

/** Why `up` leaves the pool as it is although another version is declared; null: it does not. Holds while nothing is edited. */
function whyHalted(rollout: Rollout | undefined, { name, specHash }: ServiceSpec): string | null {
  if (!rollout || rollout.specHash !== specHash || rollout.verdict.kind === 'going') return null;
  const state = rollout.verdict.kind === 'paused' ? 'the roll-out is paused' : 'rolled back';
  return `${state}; it stays so until procs.yaml changes, or \`orch restart ${name}\` tries again`;
}

/** It would need new processes, but the roll-out is halted. */
function haltedChange(service: string, reason: string, keys: KeyChange[]): PlanChange {
  return { service, action: 'update', instances: [], class: 'restart', keys, reason };
}

function simulateOn(base: PlanBase, desired: Desired, nowMs: number): ReadonlyMap<InstanceId, InstanceOutcome> {
  const { slots, rollouts } = base;
  const findVersion: FindVersion = (service, hash) => {
    const declared = desired.services.get(service);
    return declared?.specHash === hash ? declared : base.versionOf(service, hash);
  };
  return simulate({ desired, slots, rollouts, findVersion, nowMs });
}

/** Changes that no key of the service explains: its instances follow a dependency (`on_loss`), or a port of another service. */
function followingChanges(
  { slots }: PlanBase,
  service: string,
  after: Desired,
  { start, stop, restart }: TouchedInstances,
  outcomes: ReadonlyMap<InstanceId, InstanceOutcome>,
): PlanChange[] {
  const known = new Set([...start, ...stop, ...restart]);
  const byReason = new Map<string, PlanChange>();
  for (const [id, action] of outcomes) {
    const wanted = after.instances.get(id);
    if (wanted?.spec.name !== service || known.has(id)) continue;
    const slot = action === 'restart' ? slots.get(id) : undefined;
    const reason = (slot && whyPortsDiffer(slot, wanted.spec, after)) ?? FOLLOWING_REASONS[action];
    const change = byReason.get(reason) ?? { service, action, instances: [], class: 'live', keys: [], reason };
    byReason.set(reason, { ...change, instances: [...change.instances, id] });
  }
  return [...byReason.values()].sort((a, b) => FOLLOWING_ORDER.indexOf(a.action) - FOLLOWING_ORDER.indexOf(b.action));
}

const FOLLOWING_ORDER: PlanChange['action'][] = ['restart', 'stop', 'start'];

const FOLLOWING_REASONS: Record<InstanceOutcome, string> = {
  restart: 'what it depends on is replaced (on_loss)',
  stop: 'what it depends on is lost (on_loss: hold)',
  start: 'what it waits for comes',
};

type TouchedInstances = {
  start: InstanceId[];
  stop: InstanceId[];
  restart: InstanceId[];
  /** They have run for longer than their `timeout`, as it is declared now. */
  timedOut: InstanceId[];
  /** Of `start`: they have completed as they were declared, and run again as they are declared now. */
  rerun: InstanceId[];
};

function classifyInstances(base: PlanBase, service: string, after: Desired, nowMs: number): TouchedInstances {
  const touched: TouchedInstances = { start: [], stop: [], restart: [], rerun: [], timedOut: [] };
  for (const slot of base.slots.values()) {
    if (slot.service !== service || !isOccupied(slot)) continue;
    const wanted = after.instances.get(slot.id);
    const isTimedOutBy = (spec?: ServiceSpec): boolean => isTimedOut(slot.phase, spec?.timeoutMs ?? null, nowMs);
    if (!wanted?.run) touched.stop.push(slot.id);
    // A scheduled run keeps the version it began with.
    else if (slot.spec?.specHash !== wanted.spec.specHash && !wanted.spec.schedule) touched.restart.push(slot.id);
    else if (isTimedOutBy(wanted.spec) && !isTimedOutBy(base.desired.services.get(slot.service)))
      touched.timedOut.push(slot.id);
  }
  for (const [id, wanted] of after.instances) {
    const slot = base.slots.get(id);
    if (wanted.spec.name !== service || !wanted.run || !needsStart(slot, wanted.spec)) continue;
    touched.start.push(id);
    if (slot?.phase.kind === 'completed') touched.rerun.push(id);
  }
  return touched;
}

function needsStart(slot: Slot | undefined, spec: ServiceSpec): boolean {
  // Its schedule starts it, not the configuration.
  if (spec.schedule) return isFirstRunDue(spec, slot?.spec ?? null);
  if (!slot) return true;
  if (isOccupied(slot)) return false;
  if (slot.spec?.specHash !== spec.specHash) return true;
  return slot.phase.kind === 'idle' || slot.phase.kind === 'backoff';
}

type ServiceComparison = {
  service: string;
  from: ServiceSpec | null;
  to: ServiceSpec | null;
  keys: KeyChange[];
  touched: TouchedInstances;
  /** What the configuration says of each instance after the change. */
  instances: Desired['instances'];
  /** The key by which the whole service runs again, or stops; null if neither. */
  again: string | null;
  noMore: string | null;
  /** Whether any instance was to run before. */
  wasWanted: boolean;
  /** Why its starts will have to wait. */
  waits: Blocker | null;
};

function serviceChanges(comparison: ServiceComparison): PlanChange[] {
  const { from, to, keys } = comparison;
  const changes = [
    ...restartOf(comparison),
    ...timedOutOf(comparison),
    ...scalingOf(comparison),
    ...startOf(comparison),
    ...stopOf(comparison),
  ];
  if (!from && to?.schedule && changes.length === 0 && isWanted(to, comparison.instances))
    changes.push(changeOf(comparison, 'update', [], 'declared; it waits for its scheduled time'));
  if (from && to && changes.length === 0 && keys.length > 0)
    changes.push(changeOf(comparison, 'update', [], `${namesOf(keys)} changed, applied in place`));
  // A removed service is always listed, even without a process to stop (a completed task, a schedule between two runs).
  if (from && !to && comparison.wasWanted && changes.length === 0)
    changes.push(changeOf(comparison, 'update', [], 'no longer declared'));
  return changes;
}

const isWanted = ({ name }: ServiceSpec, instances: Desired['instances']): boolean =>
  [...instances.values()].some(({ spec, run }) => run && spec.name === name);

function changeOf(
  { service, keys }: ServiceComparison,
  action: PlanChange['action'],
  instances: InstanceId[],
  reason: string,
): PlanChange {
  const shown = KEYS_SHOWN[action](keys);
  return { service, action, instances, class: action === 'restart' ? 'restart' : 'live', keys: shown, reason };
}

const KEYS_SHOWN: Record<PlanChange['action'], (keys: KeyChange[]) => KeyChange[]> = {
  restart: (keys) => keys,
  update: (keys) => keys,
  scale: (keys) => keys.filter((key) => key.class === 'live'),
  start: () => [],
  stop: () => [],
};

const namesOf = (keys: KeyChange[]): string => keys.map(({ key }) => key).join(', ');

function restartOf(comparison: ServiceComparison): PlanChange[] {
  const { restart } = comparison.touched;
  if (restart.length === 0) return [];
  return [changeOf(comparison, 'restart', restart, whatChanged(comparison) ?? 'it runs an older configuration')];
}

/** A task has failed then; every other service is restarted. */
function timedOutOf(comparison: ServiceComparison): PlanChange[] {
  const { to, touched } = comparison;
  if (!to || touched.timedOut.length === 0) return [];
  const action = to.restart.policy === 'never' ? 'stop' : 'restart';
  return [changeOf(comparison, action, touched.timedOut, 'it has run for longer than its timeout')];
}

/** The keys that need new processes; null: none of them changed. */
function whatChanged({ keys }: ServiceComparison): string | null {
  const names = namesOf(keys.filter((key) => key.class === 'restart'));
  return names ? `${names} changed` : null;
}

/** Instances that come or go because the pool has another size. */
function scalingOf(comparison: ServiceComparison): PlanChange[] {
  const { from, to, touched } = comparison;
  const instances = [...touched.start, ...touched.stop].filter((id) => isScaled(comparison, id));
  return from && to && instances.length > 0
    ? [changeOf(comparison, 'scale', instances, `pool ${from.pool} → ${to.pool}`)]
    : [];
}

/** Not where the whole service runs again or stops: then the size of its pool is not the reason. */
function isScaled({ from, to, instances, again, noMore }: ServiceComparison, id: InstanceId): boolean {
  if (!from || !to || from.pool === to.pool || again !== null || noMore !== null) return false;
  const index = parseInstanceId(id)?.index ?? 0;
  return index > Math.min(from.pool, to.pool) && instances.get(id)?.run !== false;
}

function startOf(comparison: ServiceComparison): PlanChange[] {
  const { from, touched, again, waits } = comparison;
  const ids = touched.start.filter((id) => !isScaled(comparison, id));
  if (ids.length === 0) return [];
  const changed = ids.every((id) => touched.rerun.includes(id)) ? whatChanged(comparison) : null;
  const why = from ? (again ?? changed ?? 'not running') : 'new in the configuration';
  const waiting = waits ? `; it waits for ${waits.dependency.service} (${waits.dependency.condition})` : '';
  const start = changeOf(comparison, 'start', ids, `${why}${waiting}`);
  return [changed && why === changed ? { ...start, keys: changeOf(comparison, 'restart', ids, why).keys } : start];
}

function stopOf(comparison: ServiceComparison): PlanChange[] {
  const { to, touched, noMore } = comparison;
  const ids = touched.stop.filter((id) => !isScaled(comparison, id));
  if (ids.length === 0) return [];
  return [changeOf(comparison, 'stop', ids, to ? (noMore ?? 'not wanted any more') : 'no longer declared')];
}

/** Why the whole pool starts that was declared before; null: not for a key of its own. */
function whyAgain(from: ServiceSpec, to: ServiceSpec, { start }: TouchedInstances): string | null {
  if (start.length === 0 || start.length < to.pool) return null;
  if (!from.enabled && to.enabled) return 'enabled again';
  if (from.profiles.length > 0 && to.profiles.length === 0) return 'it needs no profile any more';
  if (from.start === 'manual' && to.start === 'auto') return 'it is not started by hand any more';
  return from.schedule && !to.schedule ? 'it has no schedule any more' : null;
}

/** Why the whole pool stops that is declared still; null: not for a key of its own. */
function whyNoMore(from: ServiceSpec, to: ServiceSpec, instances: Desired['instances']): string | null {
  if (isWanted(to, instances)) return null;
  if (from.enabled && !to.enabled) return 'disabled now';
  if (from.start === 'auto' && to.start === 'manual') return 'it is started by hand now';
  return from.profiles.length === 0 && to.profiles.length > 0 ? 'it runs only with a profile now' : null;
}
