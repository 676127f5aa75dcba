// What several units agree on: names, and which services are tasks.
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';

/** What others name: the target of a pool. */
export const unitOf = (
  { name, pool }: Pick<ServiceSpec, 'name' | 'pool'>,
  { project }: Pick<ProjectConfig, 'project'>,
) => `${project}-${name}.${pool > 1 ? 'target' : 'service'}`;

/** A task whose end others wait for, or that has a schedule. */
export const isOneshot = (spec: ServiceSpec, { services }: Pick<ProjectConfig, 'services'>): boolean =>
  spec.schedule !== null ||
  (spec.restart.policy === 'never' &&
    services.some(({ dependsOn }) =>
      dependsOn.some(
        ({ service, condition }) => service === spec.name && (condition === 'completed' || condition === 'ended'),
      ),
    ));

/** `READY=1` of the program itself, and nothing else. */
export const isNotify = ({ readiness }: Pick<ServiceSpec, 'readiness'>): boolean =>
  readiness !== null && readiness.checks.length === 1 && readiness.checks[0]!.kind === 'notify';
