// What should run: the accepted configuration with the user's overrides on top. Plain serialisable data in, maps out. Pure.
import type { Overrides } from './slot.ts';
import { type InstanceId, instanceId, type ProjectConfig, type ServiceName, type ServiceSpec } from './spec.ts';

/** Whether one instance should run, and if not, the sentence that says why. */
export type DesiredInstance =
  /** `isOlder`: it is to run a version that was declared before: what that waited for to complete has completed for it. */
  | { spec: ServiceSpec; run: true; rolloutStep: RolloutStep | null; isOlder?: true }
  /** `unblock`: what would make it run; null: nothing can. */
  | { spec: ServiceSpec; run: false; because: string; unblock: string | null };

/** The part of one instance in a roll-out. */
export type RolloutStep =
  /** The running instance is to be replaced now, for this reason. */
  | { step: 'now'; because: string }
  /** A running instance is left alone; an empty slot is filled only if `spec` is the version that it had before. */
  | { step: 'later'; because: string; unblock: string | null }
  /** It runs the right version for now; the sentence says why the pool is not as declared. */
  | { step: 'done'; because: string; unblock: string | null };

export type Desired = {
  services: ReadonlyMap<ServiceName, ServiceSpec>;
  /** Every instance that exists by declaration, whether it should run or is held stopped; in file order. */
  instances: ReadonlyMap<InstanceId, DesiredInstance>;
  /** `down`: nothing should run. */
  shuttingDown: boolean;
  ports: PortTable;
};

/** The chosen port of each instance of a service with `port: auto`. */
export type PortTable = ReadonlyMap<InstanceId, number>;

export const NO_OVERRIDES: Overrides = { stopped: [], pools: {}, profiles: [], only: null };
const NO_PORTS: PortTable = new Map();

/** @param config null before the first configuration was accepted: nothing is declared. */
export function desiredOf(
  config: ProjectConfig | null,
  overrides: Overrides,
  shuttingDown: boolean,
  ports: PortTable = NO_PORTS,
): Desired {
  const services = new Map<ServiceName, ServiceSpec>();
  const instances = new Map<InstanceId, DesiredInstance>();
  const stopped = new Set(overrides.stopped);
  const profiles = new Set(overrides.profiles);
  const chosen = overrides.only && withDependencies(overrides.only, config?.services ?? []);
  for (const declared of config?.services ?? []) {
    const spec = withPool(declared, overrides.pools[declared.name]);
    services.set(spec.name, spec);
    for (let index = 1; index <= spec.pool; index++) {
      const id = instanceId(spec.name, index);
      instances.set(id, desiredInstanceFor(spec, id, { stopped, profiles, chosen, shuttingDown }));
    }
  }
  return { services, instances, shuttingDown, ports };
}

/** `names` and everything that they depend on, directly or not. */
export function withDependencies(names: readonly string[], services: readonly ServiceSpec[]): Set<ServiceName> {
  const byName = new Map(services.map((spec) => [spec.name as string, spec]));
  const closure = new Set<ServiceName>();
  const visit = (name: string): void => {
    const spec = byName.get(name);
    if (!spec || closure.has(spec.name)) return;
    closure.add(spec.name);
    for (const { service } of spec.dependsOn) visit(service);
  };
  for (const name of names) visit(name);
  return closure;
}

/** @param chosen profiles, and services that were named */
export function isAskedFor({ name, profiles, start }: ServiceSpec, chosen: ReadonlySet<string>): boolean {
  const byProfile = profiles.length === 0 || [name, ...profiles].some((one) => chosen.has(one));
  return byProfile && (start === 'auto' || chosen.has(name));
}

type OverrideSets = {
  stopped: ReadonlySet<string>;
  profiles: ReadonlySet<string>;
  /** Null: all services. */
  chosen: ReadonlySet<string> | null;
  shuttingDown: boolean;
};

function desiredInstanceFor(
  spec: ServiceSpec,
  id: InstanceId,
  { stopped, profiles, chosen, shuttingDown }: OverrideSets,
): DesiredInstance {
  if (shuttingDown) return unwanted(spec, 'the project is going down', null);
  if (!spec.enabled)
    return unwanted(spec, 'the service is disabled (enabled: false)', `set \`enabled: true\` for ${spec.name}`);
  if (chosen && !chosen.has(spec.name)) return unwanted(spec, leftOutReason(spec), `\`orch start ${spec.name}\``);
  if (spec.profiles.length > 0 && ![spec.name, ...spec.profiles].some((name) => profiles.has(name)))
    return unwanted(spec, profileReason(spec), `\`orch start ${spec.name}\``);
  if (spec.start === 'manual' && !profiles.has(spec.name)) {
    const command = `\`orch start ${spec.name}\``;
    return unwanted(spec, `it is started by hand (start: manual); ${command} starts it`, command);
  }
  if (stopped.has(spec.name)) return stoppedByHand(spec, spec.name);
  if (stopped.has(id)) return stoppedByHand(spec, id);
  return { spec, run: true, rolloutStep: null };
}

function unwanted(spec: ServiceSpec, because: string, unblock: string | null): DesiredInstance {
  return { spec, run: false, because, unblock };
}

function stoppedByHand(spec: ServiceSpec, name: string): DesiredInstance {
  return unwanted(spec, `stopped by hand; \`orch start ${name}\` undoes it`, `\`orch start ${name}\``);
}

const leftOutReason = ({ name }: ServiceSpec): string =>
  `\`orch up\` was given other services; \`orch up\` or \`orch start ${name}\` starts it`;

function profileReason({ name, profiles }: ServiceSpec): string {
  const belongs = `it runs only with the profile ${profiles.join(' or ')}`;
  return `${belongs}; \`orch up --profile ${profiles[0]}\` or \`orch start ${name}\` starts it`;
}

function withPool(spec: ServiceSpec, pool: number | undefined): ServiceSpec {
  return pool === undefined || pool === spec.pool ? spec : { ...spec, pool };
}
