// The variables of one instance such as `${PORT}` and `${ORCH_INSTANCE}`, and the indices and ports of a service. Pure: the
// loader tries the values that the supervisor fills in at each start.
import { parsePortReference } from '../../core/ports.ts';
import type { Portion, ProjectConfig, ServiceSpec } from '../../core/spec.ts';

export const LAST_PORT = 65_535;

/** The variables that a template may use, and the supervisor fills in for each instance. */
export const INSTANCE_VARIABLES = [
  'PORT',
  'ORCH_PROJECT',
  'ORCH_ENV',
  'ORCH_SERVICE',
  'ORCH_INSTANCE',
  'ORCH_INDEX',
  'ORCH_INSTANCE_ID',
  'ORCH_POOL_SIZE',
];
const KNOWN_AT_LOAD = ['ORCH_PROJECT', 'ORCH_ENV'];
const PER_INSTANCE = new Set(INSTANCE_VARIABLES.filter((name) => !KNOWN_AT_LOAD.includes(name)));

/** All but the variables that are the same for the whole project, and so known at load. */
export const differsByInstance = (name: string): boolean => PER_INSTANCE.has(name) || parsePortReference(name) !== null;

/** The supervisor sets them for every instance, so `env` may not. Templates may not use ORCH_NONCE, which is secret. */
export const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  ...INSTANCE_VARIABLES.filter((name) => name !== 'PORT'),
  'ORCH_NONCE',
]);

/** @param index from 1. @param port null: it has none */
export function instanceVariables(
  spec: ServiceSpec,
  index: number,
  { project, env }: Pick<ProjectConfig, 'project' | 'env'>,
  port: string | null,
): Record<string, string> {
  const own: Record<string, string> = {
    ORCH_PROJECT: project,
    ORCH_ENV: env ?? '',
    ORCH_SERVICE: spec.name,
    ORCH_INSTANCE: String(index),
    ORCH_INDEX: String(index - 1),
    ORCH_INSTANCE_ID: `${spec.name}.${index}`,
    ORCH_POOL_SIZE: String(spec.pool),
  };
  if (port !== null) own.PORT = port;
  return own;
}

/** Instances that a roll-out adds come after those of the pool. @returns 0 for an empty pool. */
export function lastIndexOf({ pool, rollout: { maxSurge } }: Pick<ServiceSpec, 'pool' | 'rollout'>): number {
  return pool + (maxSurge.kind === 'count' ? maxSurge.count : Math.ceil((pool * maxSurge.percent) / 100));
}

/** Each instance takes one port. @returns null without a fixed port. */
export function lastPortOf(spec: Pick<ServiceSpec, 'port' | 'pool' | 'rollout'>): number | null {
  return typeof spec.port === 'number' ? spec.port + lastIndexOf(spec) - 1 : null;
}

export const isZeroPortion = (portion: Portion): boolean =>
  (portion.kind === 'count' ? portion.count : portion.percent) === 0;
