// What stands for `${PORT}`, `${ORCH_INSTANCE}` and the like of one instance, and how far its ports go. Pure: the loader
// tries with it what the supervisor fills in at each start.
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';

export const LAST_PORT = 65_535;

/** @param index from 1. */
export function instanceVariables(
  spec: ServiceSpec,
  index: number,
  { project, env }: Pick<ProjectConfig, 'project' | 'env'>,
): Record<string, string> {
  const own: Record<string, string> = {
    ORCH_PROJECT: project,
    ORCH_ENV: env ?? '',
    ORCH_SERVICE: spec.name,
    ORCH_INSTANCE: String(index),
    ORCH_INSTANCE_ID: `${spec.name}.${index}`,
    ORCH_POOL_SIZE: String(spec.pool),
  };
  if (spec.port !== null) own.PORT = String(spec.port + index - 1);
  return own;
}

/** Those on top of the pool while it is rolled out come after those of the pool. @returns 0 for an empty pool. */
export function lastIndexOf({ pool, rollout: { maxSurge } }: Pick<ServiceSpec, 'pool' | 'rollout'>): number {
  return pool + (maxSurge.kind === 'count' ? maxSurge.count : Math.ceil((pool * maxSurge.percent) / 100));
}

/** Each instance takes one. @returns null without a port. */
export function lastPortOf(spec: Pick<ServiceSpec, 'port' | 'pool' | 'rollout'>): number | null {
  return spec.port === null ? null : spec.port + lastIndexOf(spec) - 1;
}
