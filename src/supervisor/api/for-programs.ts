// For `orch run` and `orch exec`, whose programs are not instances: starts what a service depends on, and tells how one of
// its instances is started.
import type { MethodResult } from '../../api/protocol.ts';
import type { RunningLaunch } from '../../api/protocol-launch.ts';
import { suggestionHint } from '../../config/problem/suggest.ts';
import { withDependencies } from '../../core/desired.ts';
import { emptySlotOf, isOccupied } from '../../core/slot.ts';
import { type InstanceId, parseInstanceId, type ServiceName, type ServiceSpec } from '../../core/spec.ts';
import { launchContexts } from '../instances/launch-contexts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { addServices } from './commands.ts';
import { resolveInstances } from './instance-names.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';
import { until } from './wait-until.ts';

/**
 * Resolves once each dependency meets its condition.
 * @param timeoutMs null: no limit
 * @throws RequestError `failed` where a dependency cannot meet it, `timeout`
 */
export async function startDependencies(
  supervisor: Supervised,
  service: string,
  timeoutMs: number | null,
  signal: AbortSignal,
): Promise<MethodResult<'startDependencies'>> {
  const { kernel } = supervisor;
  // The client has read the files as they are now.
  await supervisor.edits.catchUp();
  const { dependsOn } = declaredService(kernel, service);
  if (dependsOn.length === 0) return { started: [] };
  const names = dependsOn.map((dependency) => dependency.service);
  const needed = withDependencies(names, [...kernel.desired.services.values()]);
  const absent = [...kernel.desired.services.keys()].filter((name) => needed.has(name) && !isWanted(kernel, name));
  addServices(kernel, names);
  for (const slot of kernel.slots.values()) {
    const isGivenUp = slot.phase.kind === 'failed' || slot.phase.kind === 'blocked' || slot.phase.kind === 'backoff';
    if (isGivenUp && needed.has(slot.service)) kernel.receive(slot.id, null, { kind: 'rearmed' });
  }
  const blocker = () => {
    const spec = kernel.desired.services.get(service as ServiceName);
    return spec ? kernel.dependencies().blockerOf(spec) : null;
  };
  const isDecided = (): boolean => kernel.projectEnd !== null || (blocker()?.outlook ?? 'hopeless') === 'hopeless';
  const isInTime = await until(supervisor, isDecided, signal, timeoutMs);
  if (kernel.projectEnd) {
    const { because, exitCode } = kernel.projectEnd;
    throw new RequestError({ code: 'failed', message: `the project is going down: ${because}`, exitCode });
  }
  const unmet = blocker();
  if (!unmet) return { started: absent };
  const { service: missing, condition } = unmet.dependency;
  throw new RequestError({
    code: isInTime ? 'failed' : 'timeout',
    message: `${service} needs ${missing} (${condition}): ${unmet.because}`,
    hint: `\`orch why ${missing}\` and \`orch logs ${missing}\` show more`,
  });
}

/** Whether it runs, or is to run. */
function isWanted({ desired, slots }: Kernel, name: ServiceName): boolean {
  const { pool = 0 } = desired.services.get(name) ?? {};
  return [...desired.instances].some(
    ([id, wanted]) =>
      pool > 0 && wanted.spec.name === name && wanted.run && (slots.get(id)?.phase.kind ?? 'idle') !== 'failed',
  );
}

function declaredService({ desired }: Kernel, name: string): ServiceSpec {
  const spec = desired.services.get(name as ServiceName);
  if (spec) return spec;
  const hint = suggestionHint(name, desired.services.keys(), 'services');
  throw new RequestError({ code: 'not-found', message: `no service is named "${name}"`, ...(hint && { hint }) });
}

/** @param name of an instance, or of a service: its first running instance, or the first of all */
export function describeLaunch({ kernel, variables }: Supervised, name: string): RunningLaunch {
  const ids = resolveInstances(kernel, [name]);
  const running = ids.find((id) => kernel.slots.get(id)?.phase.kind === 'alive');
  const instance = running ?? ids[0] ?? (`${declaredService(kernel, name).name}.1` as InstanceId);
  const { service } = parseInstanceId(instance)!;
  const slot = kernel.slots.get(instance) ?? emptySlotOf(instance, service);
  const spec = (isOccupied(slot) ? kernel.specOf(slot) : null) ?? declaredService(kernel, service);
  const { portOf, ...context } = launchContexts(kernel, variables)(instance);
  const ports: Record<string, string> = {};
  for (const port of ['PORT', ...(spec.usesPorts ?? [])]) {
    const value = portOf(port);
    if (value !== undefined) ports[port] = value;
  }
  return { instance, isRunning: running !== undefined, spec, ...context, ports };
}
