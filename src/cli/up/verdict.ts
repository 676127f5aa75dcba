// When is a project of tasks over, and did it work out? Pure.
import type { InstanceState, Status } from '../../api/protocol.ts';

const ENDED: InstanceState[] = ['completed', 'failed', 'stopped'];

/**
 * @param tasks the services that were asked for; all of them run to completion.
 * @returns true when every task has ended, or one has failed and what is left only waits for it; never while anything
 * else runs, such as a service that an edit has added.
 */
export function hasNothingLeftToDo(status: Status, tasks: string[]): boolean {
  const instances = status.services.flatMap((service) => service.instances);
  const wanted = status.services.filter(({ name }) => tasks.includes(name)).flatMap((service) => service.instances);
  if (wanted.length === 0 || instances.some(({ pid }) => pid !== null)) return false;
  const isStuck = hasFailed(status);
  return instances.every(({ state }) => ENDED.includes(state) || (isStuck && state === 'waiting'));
}

export function hasFailed(status: Status | null): boolean {
  return status?.services.some((service) => service.instances.some(({ state }) => state === 'failed')) ?? false;
}
