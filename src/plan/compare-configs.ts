// How two configurations differ, whatever runs: the services that are added, removed or changed, key by key. Pure.
import type { ChangeClass } from '../config/schema/change-classes.ts';
import { desiredOf, NO_OVERRIDES } from '../core/desired.ts';
import type { ProjectConfig } from '../core/spec.ts';
import { diffPolicies } from './diff-policy.ts';
import { diffQueues } from './diff-queues.ts';
import { diffServices, type KeyChange } from './diff-services.ts';

export type ServiceDifference = {
  /** Or `log_queues.main`: a log queue; `policy.apply`: a key of the policy. */
  service: string;
  change: 'added' | 'removed' | 'changed';
  /** What the change of a running service would need; null: it is added or removed. */
  class: ChangeClass | null;
  /** With old and new value as printed (secrets masked); of an added or removed service, all that it declares. */
  keys: KeyChange[];
};
export type ConfigDifference = {
  /** Only if the name of the project differs. */
  name?: { from: string; to: string };
  /** In the order of the files; what was removed comes last. */
  services: ServiceDifference[];
  /** How many instances each of the two runs. */
  instances: { from: number; to: number };
};

export function compareConfigs(from: ProjectConfig, to: ProjectConfig): ConfigDifference {
  const before = new Map(from.services.map((spec) => [spec.name, spec]));
  const after = new Map(to.services.map((spec) => [spec.name, spec]));
  const names = [...after.keys(), ...[...before.keys()].filter((name) => !after.has(name))];
  const services = names.flatMap((service): ServiceDifference[] => {
    const [old = null, now = null] = [before.get(service), after.get(service)];
    const keys = diffServices(old, now);
    if (!old || !now) return [{ service, change: now ? 'added' : 'removed', class: null, keys }];
    return keys.length === 0 ? [] : [{ service, change: 'changed', class: classOf(keys), keys }];
  });
  return {
    ...(from.project !== to.project && { name: { from: from.project, to: to.project } }),
    services: [...services, ...queueDifferences(from, to), ...policyDifferences(from, to)],
    instances: { from: instancesOf(from), to: instancesOf(to) },
  };
}

const classOf = (keys: KeyChange[]): ChangeClass => (keys.some((key) => key.class === 'restart') ? 'restart' : 'live');

/** A queue that only its services name differs with them. */
function queueDifferences(from: ProjectConfig, to: ProjectConfig): ServiceDifference[] {
  const before = new Set(from.logQueues.map(({ name }) => `log_queues.${name}`));
  const after = new Set(to.logQueues.map(({ name }) => `log_queues.${name}`));
  return diffQueues(from, to).map(({ service, keys }): ServiceDifference => {
    const change = !before.has(service) ? 'added' : after.has(service) ? 'changed' : 'removed';
    return { service, change, class: change === 'changed' ? 'live' : null, keys };
  });
}

const policyDifferences = (from: ProjectConfig, to: ProjectConfig): ServiceDifference[] =>
  diffPolicies(from.policy, to.policy).map(({ service, keys }) => ({
    service,
    change: 'changed',
    class: 'live',
    keys,
  }));

/** Those that run by declaration, without profiles and without those that are started by hand. */
export function instancesOf(config: ProjectConfig): number {
  return [...desiredOf(config, NO_OVERRIDES, false).instances.values()].filter(({ run }) => run).length;
}
