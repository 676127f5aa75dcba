// Commands of the user: start, stop, restart, scale, profiles. Each becomes an override or an event; the reconciler does the
// rest.
import { findSharedAddresses } from '../../config/check/shared-addresses.ts';
import { LAST_PORT, lastPortOf } from '../../config/tree/instance-variables.ts';
import { type DesiredInstance, withDependencies } from '../../core/desired.ts';
import { isOccupied, type Slot } from '../../core/slot.ts';
import { type InstanceId, type ServiceSpec, serviceOf } from '../../core/spec.ts';
import { queueFeeding } from '../instances/inputs.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { resolveInstances } from './instance-names.ts';
import { RequestError } from './request-error.ts';

const MAX_POOL = 10_000;

export function startInstances(kernel: Kernel, names: string[]): InstanceId[] {
  const ids = resolveInstances(kernel, names);
  wantAgain(kernel, names, ids);
  for (const id of ids) kernel.receive(id, null, { kind: 'rearmed' });
  resumeRollouts(kernel, ids);
  return ids;
}

export function stopInstances(kernel: Kernel, names: string[]): InstanceId[] {
  const ids = resolveInstances(kernel, names);
  const named = names.length > 0 ? names : [...kernel.desired.services.keys()];
  kernel.override({ ...kernel.overrides, stopped: [...new Set([...kernel.overrides.stopped, ...named])] });
  return ids;
}

/** Starts stopped instances and replaces running ones. */
export function restartInstances(kernel: Kernel, names: string[]): InstanceId[] {
  const ids = resolveInstances(kernel, names);
  wantAgain(kernel, names, ids);
  for (const id of ids) kernel.receive(id, null, { kind: 'restartRequested' });
  resumeRollouts(kernel, ids);
  return ids;
}

function resumeRollouts(kernel: Kernel, ids: readonly InstanceId[]): void {
  kernel.resumeRollouts(new Set(ids.map(serviceOf)));
}

/** A service that is named runs, whichever profiles are chosen, and whichever services `up` was given. */
function wantAgain(kernel: Kernel, names: string[], ids: InstanceId[]): void {
  const { overrides, desired } = kernel;
  const stopped = withoutStops(kernel, names, ids);
  if (names.length === 0) {
    kernel.override({ ...overrides, stopped, only: null });
    return;
  }
  const services = [...new Set(ids.map(serviceOf))];
  const ofProfile = services.filter((name) => isOnRequest(desired.services.get(name)));
  const profiles = join(overrides.profiles, ofProfile);
  kernel.override({ ...overrides, profiles, stopped, only: overrides.only && join(overrides.only, services) });
}

/** Runs only if it is asked for. */
const isOnRequest = (spec: ServiceSpec | undefined): boolean =>
  spec !== undefined && (spec.profiles.length > 0 || spec.start === 'manual');

const join = (some: readonly string[], more: Iterable<string>): string[] => [...new Set([...some, ...more])];

/** Services without a profile and those of the given profiles run. @returns the latter. */
export function chooseProfiles(kernel: Kernel, profiles: string[]): string[] {
  const services = [...kernel.desired.services.values()];
  const known = new Set(services.flatMap((spec) => spec.profiles));
  const unknown = profiles.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const message = `no service has the profile "${unknown}"`;
    throw new RequestError({ code: 'usage', message, hint: `there are: ${[...known].sort().join(', ') || 'none'}` });
  }
  const byHand = services.filter(({ name, start }) => start === 'manual' && kernel.overrides.profiles.includes(name));
  kernel.override({
    ...kernel.overrides,
    profiles: join(
      profiles,
      byHand.map(({ name }) => name),
    ),
  });
  return services.filter((spec) => spec.profiles.some((name) => profiles.includes(name))).map(({ name }) => name);
}

/** @param size null: back to what the file says. @returns the size in force. */
export function scaleService(kernel: Kernel, service: string, size: number | null): number {
  resolveInstances(kernel, [service]);
  const spec = [...kernel.desired.services.values()].find(({ name }) => name === service);
  if (!spec) throw new RequestError({ code: 'usage', message: `"${service}" is an instance; name its service` });
  if (size !== null && (!Number.isInteger(size) || size < 0 || size > MAX_POOL)) {
    throw new RequestError({ code: 'usage', message: `a pool has 0 to ${MAX_POOL} instances, not ${size}` });
  }
  if (spec.singleton && size !== null && size > 1) {
    throw new RequestError({ code: 'usage', message: `${service} is a singleton: it has at most 1 instance` });
  }
  const queue = queueFeeding(spec);
  if (queue !== null && size !== null && size !== 1) {
    const message = `${service} reads the log queue ${queue}: it has exactly 1 instance, not ${size}`;
    const hint = `\`orch stop ${service}\` keeps the lines in the queue until \`orch start ${service}\``;
    throw new RequestError({ code: 'usage', message, hint });
  }
  const lastPort = size === null ? null : lastPortOf({ ...spec, pool: size });
  if (lastPort !== null && lastPort > LAST_PORT) {
    const message = `the ports of ${service} would go up to ${lastPort}; ${LAST_PORT} is the last`;
    throw new RequestError({ code: 'usage', message, hint: `its first one is ${spec.port}` });
  }
  const shared = size === null ? [] : findSharedAddresses(kernel.accepted!.config, [{ ...spec, pool: size }]);
  if (shared[0]) throw new RequestError({ code: 'usage', message: shared[0].message, hint: shared[0].hint });
  const { [service]: _, ...others } = kernel.overrides.pools;
  kernel.override({ ...kernel.overrides, pools: size === null ? others : { ...others, [service]: size } });
  return [...kernel.desired.services.values()].find(({ name }) => name === service)!.pool;
}

/** Nothing runs yet: the services that `orch up` names are the only ones, once `addServices` has added them. */
export function beginSelection(kernel: Kernel, names: readonly string[] | null): void {
  if (names && names.length > 0) kernel.override({ ...kernel.overrides, only: [] });
}

/**
 * `orch up NAME…`: also runs these services and what they depend on, and stops nothing. A plain `orch up` wants all services;
 * what was stopped by hand stays stopped.
 *
 * @param names none: all
 */
export function addServices(kernel: Kernel, names: readonly string[]): void {
  const { overrides } = kernel;
  if (names.length === 0) {
    if (overrides.only) kernel.override({ ...overrides, only: null });
    return;
  }
  const added: ReadonlySet<string> = withDependencies(names, [...kernel.desired.services.values()]);
  const stopped = overrides.stopped.filter((name) => !added.has(name));
  const only = overrides.only && join(overrides.only, names);
  kernel.override({ ...overrides, stopped, profiles: join(overrides.profiles, added), only });
}

/** A restart was requested, and the instance still runs. */
export const isRestartPending = ({ phase, restartRequestedMs }: Slot): boolean =>
  phase.kind === 'alive' && restartRequestedMs !== null;

/** Its turn in the roll-out comes only after a command or an edit. */
export const isHalted = ({ rolloutStep }: Extract<DesiredInstance, { run: true }>): boolean =>
  rolloutStep?.step === 'later' && rolloutStep.unblock !== null;

/** Whether a command on this instance is finished: the instance runs, or the reason why it does not is known. */
export function isSettledAfterCommand(kernel: Kernel, id: InstanceId): boolean {
  const slot = kernel.slots.get(id);
  const wanted = kernel.desired.instances.get(id);
  if (!slot) return !wanted?.run || kernel.dependencies().blockerOf(wanted.spec) !== null;
  if (slot.phase.kind === 'starting' || slot.phase.kind === 'ending') return false;
  if (!wanted?.run) return !isOccupied(slot);
  if (slot.phase.kind === 'idle') return kernel.dependencies().blockerOf(wanted.spec) !== null;
  return !isRestartPending(slot) || isHalted(wanted);
}

/**
 * `start api.2` while all of api is stopped: the other instances stay stopped, one by one.
 * @returns the stops that remain.
 */
function withoutStops(kernel: Kernel, names: string[], ids: InstanceId[]): string[] {
  const started = new Set<string>([...names, ...ids]);
  if (names.length === 0) return [];
  const stopped = new Set<string>(kernel.overrides.stopped);
  for (const id of ids) {
    const service = serviceOf(id);
    if (!stopped.has(service)) continue;
    stopped.delete(service);
    for (const sibling of kernel.desired.instances.keys()) {
      if (sibling.startsWith(`${service}.`)) stopped.add(sibling);
    }
  }
  return [...stopped].filter((name) => !started.has(name));
}
