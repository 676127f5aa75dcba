// What a plan says of one service: which of its instances start, stop, restart or wait, in which change, and why. Pure.
import type { PlanChange } from '../api/protocol-plan.ts';
import type { Blocker } from '../core/dependencies.ts';
import type { Desired } from '../core/desired.ts';
import { type InstanceId, parseInstanceId, type ServiceSpec } from '../core/spec.ts';
import type { KeyChange } from './diff-services.ts';

export type TouchedInstances = {
  start: InstanceId[];
  stop: InstanceId[];
  restart: InstanceId[];
  /** They have run for longer than their `timeout`, as it is declared now. */
  timedOut: InstanceId[];
  /** Of `start`: they have completed as they were declared, and run again as they are declared now. */
  rerun: InstanceId[];
};

export type ServiceComparison = {
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
  /** Why its starts and restarts will have to wait. */
  waits: Blocker | null;
  /** Of `touched.start` and `touched.restart`: they wait for that. */
  late: InstanceId[];
  /** Of `touched.restart`: they stop with what they depend on, and do not start again. */
  lost: InstanceId[];
};

export function serviceChanges(comparison: ServiceComparison): PlanChange[] {
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

export const isWanted = ({ name }: ServiceSpec, instances: Desired['instances']): boolean =>
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
  const { touched, lost } = comparison;
  const restart = touched.restart.filter((id) => !lost.includes(id));
  const why = whatChanged(comparison) ?? 'it runs an older configuration';
  const stopped = changeOf(comparison, 'restart', lost, `${why}${waitingPart(comparison)}`);
  return [
    ...changesOf(comparison, 'restart', restart, why),
    ...(lost.length > 0 ? [{ ...stopped, action: 'stop' as const }] : []),
  ];
}

/** One change for the instances that are due, one for those that wait: what serves is not stopped before its successor may start. */
function changesOf(
  comparison: ServiceComparison,
  action: PlanChange['action'],
  instances: InstanceId[],
  why: string,
): PlanChange[] {
  const late = comparison.waits ? instances.filter((id) => comparison.late.includes(id)) : [];
  const due = instances.filter((id) => !late.includes(id));
  return [
    ...(due.length > 0 ? [changeOf(comparison, action, due, why)] : []),
    ...(late.length > 0 ? [changeOf(comparison, action, late, `${why}${waitingPart(comparison)}`)] : []),
  ];
}

const waitingPart = ({ waits }: ServiceComparison): string =>
  waits ? `; it waits for ${waits.dependency.service} (${waits.dependency.condition})` : '';

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
  return from && to ? changesOf(comparison, 'scale', instances, `pool ${from.pool} → ${to.pool}`) : [];
}

/** Not where the whole service runs again or stops: then the size of its pool is not the reason. */
function isScaled({ from, to, instances, again, noMore }: ServiceComparison, id: InstanceId): boolean {
  if (!from || !to || from.pool === to.pool || again !== null || noMore !== null) return false;
  const index = parseInstanceId(id)?.index ?? 0;
  return index > Math.min(from.pool, to.pool) && instances.get(id)?.run !== false;
}

function startOf(comparison: ServiceComparison): PlanChange[] {
  const { from, touched, again } = comparison;
  const ids = touched.start.filter((id) => !isScaled(comparison, id));
  if (ids.length === 0) return [];
  const changed = ids.every((id) => touched.rerun.includes(id)) ? whatChanged(comparison) : null;
  const why = from ? (again ?? changed ?? 'not running') : 'new in the configuration';
  const starts = changesOf(comparison, 'start', ids, why);
  const isChanged = changed !== null && why === changed;
  return isChanged ? starts.map((start) => ({ ...start, keys: KEYS_SHOWN.restart(comparison.keys) })) : starts;
}

function stopOf(comparison: ServiceComparison): PlanChange[] {
  const { to, touched, noMore } = comparison;
  const ids = touched.stop.filter((id) => !isScaled(comparison, id));
  if (ids.length === 0) return [];
  return [changeOf(comparison, 'stop', ids, to ? (noMore ?? 'not wanted any more') : 'no longer declared')];
}

/** Why the whole pool starts that was declared before; null: not for a key of its own. */
export function whyAgain(from: ServiceSpec, to: ServiceSpec, { start }: TouchedInstances): string | null {
  if (start.length === 0 || start.length < to.pool) return null;
  if (!from.enabled && to.enabled) return 'enabled again';
  if (from.profiles.length > 0 && to.profiles.length === 0) return 'it needs no profile any more';
  if (from.start === 'manual' && to.start === 'auto') return 'it is not started by hand any more';
  return from.schedule && !to.schedule ? 'it has no schedule any more' : null;
}

/** Why the whole pool stops that is declared still; null: not for a key of its own. */
export function whyNoMore(from: ServiceSpec, to: ServiceSpec, instances: Desired['instances']): string | null {
  if (isWanted(to, instances)) return null;
  if (from.enabled && !to.enabled) return 'disabled now';
  if (from.start === 'auto' && to.start === 'manual') return 'it is started by hand now';
  return from.profiles.length === 0 && to.profiles.length > 0 ? 'it runs only with a profile now' : null;
}
