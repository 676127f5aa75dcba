// What `orch start` and `orch restart` could not start, and why. Reads only.
import type { NotStarted } from '../../api/protocol.ts';
import type { DependencyView } from '../../core/dependencies.ts';
import { type InstanceId, instanceId, type ServiceName, type ServiceSpec } from '../../core/spec.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isHalted, isRestartPending } from './commands.ts';
import { explainInstance } from './explanations.ts';

/**
 * @param names as the user gave them; `ids`: their instances, settled after the command
 * @returns an instance that waits for a dependency that may still come is not among them
 */
export function findNotStarted(
  kernel: Kernel,
  names: readonly string[],
  ids: readonly InstanceId[],
  nowMs: number,
): NotStarted[] {
  const dependencies = kernel.dependencies();
  const empty = names.filter((name) => kernel.desired.services.get(name as ServiceName)?.pool === 0);
  const stopped = ids.filter((id) => !isStarted(kernel, dependencies, id));
  return [
    ...empty.map((name) => ({ instance: name, reason: 'It has no instances (pool: 0).', code: 'failed' as const })),
    ...stopped.map((id) => {
      const reason = explainInstance(kernel, id, nowMs, dependencies).reason ?? 'It does not run.';
      const isRefused = kernel.slots.get(id)?.phase.kind === 'blocked';
      return { instance: id, reason, code: isRefused ? ('conflict' as const) : ('failed' as const) };
    }),
  ];
}

function isStarted(kernel: Kernel, dependencies: DependencyView, id: InstanceId): boolean {
  const desired = kernel.desired.instances.get(id);
  if (!desired?.run) return false;
  const slot = kernel.slots.get(id);
  const kind = slot?.phase.kind ?? 'idle';
  if (kind === 'blocked' || (slot && isRestartPending(slot) && isHalted(desired))) return false;
  if (kind === 'backoff' || kind === 'failed') return !slot?.lastExit || !('spawnError' in slot.lastExit);
  return kind !== 'idle' || mayCome(kernel, dependencies, desired.spec);
}

/** Whether what it waits for may come without a command or an edit. */
function mayCome(kernel: Kernel, dependencies: DependencyView, spec: ServiceSpec): boolean {
  const blocker = dependencies.blockerOf(spec);
  if (!blocker) return true;
  const needed = kernel.desired.services.get(blocker.dependency.service);
  if (!needed || needed.pool === 0) return false;
  for (let index = 1; index <= needed.pool; index++) {
    const id = instanceId(needed.name, index);
    const kind = kernel.slots.get(id)?.phase.kind ?? 'idle';
    if (!kernel.desired.instances.get(id)?.run || kind === 'blocked' || kind === 'failed') return false;
    if (kind === 'idle' && !mayCome(kernel, dependencies, needed)) return false;
  }
  return true;
}
