// Restarts what runs older code than the commit that was checked out, by the rules of roll-outs.
import { degradedInstances } from '../../core/degraded.ts';
import type { InstanceId } from '../../core/spec.ts';
import { servicesChangedBy } from './changed-services.ts';
import type { FollowHost } from './follow-host.ts';

export type Restarted = { services: string[]; instances: ReadonlySet<string> };

/** @param files that the commit changes, absolute. Its configuration is in force by now. */
export function restartChanged({ kernel }: FollowHost, files: readonly string[]): Restarted {
  const configuration = new Set(kernel.accepted!.watched.map(({ path }) => path));
  const changed = servicesChangedBy(files, configuration, [...kernel.desired.services.values()]);
  const names = new Set(changed.map(({ name }) => name));
  const slots = [...kernel.slots.values()].filter(
    ({ id, service }) => names.has(service) && kernel.desired.instances.get(id)?.run,
  );
  for (const { id } of slots) kernel.receive(id, null, { kind: 'restartRequested' });
  kernel.resumeRollouts(names);
  return { services: [...new Set(slots.map(({ service }) => service))], instances: new Set(slots.map(({ id }) => id)) };
}

export const degradedNow = ({ kernel, clock }: FollowHost): InstanceId[] =>
  degradedInstances(kernel.desired, kernel.slots, clock.nowMs()).map(({ instance }) => instance);

/** Whether the instance runs, or tries to, just as before. */
export function isUntouched({ kernel }: FollowHost, id: InstanceId, { instances }: Restarted): boolean {
  const [slot, wanted] = [kernel.slots.get(id), kernel.desired.instances.get(id)];
  return !instances.has(id) && wanted !== undefined && slot?.spec?.specHash === wanted.spec.specHash;
}
