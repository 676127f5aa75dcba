// How a running project differs from its files: what the plan of the supervisor would change, and what it leaves as it is, such
// as a service that was stopped by hand. Pure.
import type { ServiceStatus, Status } from '../api/protocol.ts';
import type { Plan, PlanChange } from '../api/protocol-plan.ts';
import { desiredOf, NO_OVERRIDES } from '../core/desired.ts';
import { type InstanceId, instanceId, type ProjectConfig } from '../core/spec.ts';
import { type ConfigDifference, instancesOf, type ServiceDifference } from './compare-configs.ts';
import { diffServices } from './diff-services.ts';

export type RunningDifference = ConfigDifference & {
  /** Only if the name of the environment differs; null: none. */
  environment?: { from: string | null; to: string | null };
  services: (ServiceDifference & {
    /** What runs otherwise than declared, one clause each: `stop api.3: pool 3 → 2`. */
    notes: string[];
  })[];
};
type RunningService = RunningDifference['services'][number];

/** @param files the configuration on disk */
export function differenceOfRunning(plan: Plan, status: Status, files: ProjectConfig): RunningDifference {
  const entries = new Map<string, RunningService>();
  const running = new Map(status.services.map((service) => [service.name, service]));
  for (const change of plan.changes) {
    const before = entries.get(change.service) ?? emptyEntry(change.service, running, files);
    entries.set(change.service, withChange(before, change));
  }
  for (const service of status.services) {
    const kept = keptAsItIs(service, files, entries.has(service.name));
    if (!kept) continue;
    const before = entries.get(service.name) ?? emptyEntry(service.name, running, files);
    entries.set(service.name, {
      ...before,
      keys: [...before.keys, ...kept.keys],
      notes: [...before.notes, ...kept.notes],
    });
  }
  // A plan is about what runs; these need not.
  const declared = new Set<string>(files.services.map(({ name }) => name));
  const names = [...declared, ...running.keys()].filter((name) => declared.has(name) !== running.has(name));
  for (const name of names) if (!entries.has(name)) entries.set(name, emptyEntry(name, running, files));
  const from = status.services.reduce((sum, service) => sum + service.running, 0);
  return {
    ...(plan.environment && { environment: plan.environment }),
    ...(status.project !== files.project && { name: { from: status.project, to: files.project } }),
    services: [...entries.values()],
    instances: { from, to: instancesOf(files) },
  };
}

function emptyEntry(
  service: string,
  running: ReadonlyMap<string, ServiceStatus>,
  files: ProjectConfig,
): RunningService {
  const declared = files.services.find(({ name }) => name === service);
  // `log_queues.main`, `policy.apply`: no name of a service has a dot.
  const isService = !service.includes('.');
  if (declared && !running.has(service))
    return { service, change: 'added', class: null, keys: diffServices(null, declared), notes: [] };
  if (!declared && isService) return { service, change: 'removed', class: null, keys: [], notes: [] };
  return { service, change: 'changed', class: 'live', keys: [], notes: [] };
}

function withChange(entry: RunningService, change: PlanChange): RunningService {
  if (entry.change === 'added') return entry;
  const known = new Set(entry.keys.map(({ key }) => key));
  const keys = change.keys.flatMap(({ key, from, to, ...more }) =>
    known.has(key) ? [] : [{ key, class: classIn(more, change), from, to }],
  );
  const isExplained = change.action === 'update' && change.class === 'live' && change.keys.length > 0;
  return {
    ...entry,
    class: entry.change === 'removed' ? null : change.class === 'restart' ? 'restart' : entry.class,
    keys: [...entry.keys, ...keys],
    notes: isExplained || entry.change === 'removed' ? entry.notes : [...entry.notes, noteOf(change)],
  };
}

/** A supervisor of an older version reports only the class of the whole change. */
const classIn = (key: object, change: PlanChange): PlanChange['class'] =>
  'class' in key ? (key.class as PlanChange['class']) : change.class;

function noteOf({ action, instances, reason }: PlanChange): string {
  return instances.length === 0 ? reason : `${action} ${printInstances(instances)}: ${reason}`;
}

const MAX_INSTANCES_NAMED = 4;
const printInstances = (ids: string[]): string =>
  ids.length > MAX_INSTANCES_NAMED ? `${ids[0]} … ${ids.at(-1)} (${ids.length})` : ids.join(', ');

/**
 * What `up` does not change: an override by a command, and instances that were given up. Null: nothing of that.
 * @param isPlanned the plan names the service: it says what comes of its instances
 */
function keptAsItIs(
  { name, override, instances }: ServiceStatus,
  files: ProjectConfig,
  isPlanned: boolean,
): Pick<RunningService, 'keys' | 'notes'> | null {
  const declared = files.services.find((spec) => spec.name === name);
  if (!declared) return null;
  const pool = override?.pool;
  const isScaled = pool !== undefined && pool !== declared.pool;
  const scaled: RunningService['keys'] = isScaled
    ? [{ key: 'pool', class: 'live', from: `${pool} (scale --ephemeral)`, to: String(declared.pool) }]
    : [];
  const wanted = desiredOf({ ...files, services: [declared] }, NO_OVERRIDES, false).instances;
  const isWanted = (id: string) => wanted.get(id as InstanceId)?.run ?? wanted.get(instanceId(name, 1))?.run ?? false;
  const missing = instances.filter(({ id, state }) => (state === 'stopped' || state === 'failed') && isWanted(id));
  const notes = isPlanned ? [] : missing.map(({ id, state, reason }) => `${id} ${state}${reason ? `: ${reason}` : ''}`);
  return scaled.length + notes.length === 0 ? null : { keys: scaled, notes };
}
