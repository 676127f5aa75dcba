// Resolves names of services and instances against those that are declared or still run. Pure.
import { groupHint, suggestionHint } from '../../config/problem/suggest.ts';
import { type InstanceId, type ServiceName, serviceOf } from '../../core/spec.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { RequestError } from './request-error.ts';

/** @returns the instances meant by `names`, each once; no names mean all. Throws a RequestError for an unknown one. */
export function resolveInstances(kernel: Kernel, names: readonly string[]): InstanceId[] {
  const known = instancesByName(kernel);
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw unknownName(kernel, unknown, known.keys());
  return selectInstances(known, names);
}

/** The same for names that were known when a wait began: a name that is unknown by now is ignored. */
export function remainingInstances(kernel: Kernel, names: readonly string[]): InstanceId[] {
  return selectInstances(instancesByName(kernel), names);
}

/** A removed service is known until its instances have stopped, but not declared. */
export function isDeclared({ desired }: Kernel, name: string): boolean {
  return desired.services.has(name as ServiceName) || desired.instances.has(name as InstanceId);
}

function selectInstances(known: ReadonlyMap<string, InstanceId[]>, names: readonly string[]): InstanceId[] {
  const chosen = names.length > 0 ? names : serviceNames(known);
  return [...new Set(chosen.flatMap((name) => known.get(name) ?? []))];
}

/** Service and instance names -> instances; a service with `pool: 0` has an empty list. */
function instancesByName(kernel: Kernel): Map<string, InstanceId[]> {
  const known = new Map<string, InstanceId[]>();
  for (const name of kernel.desired.services.keys()) known.set(name, []);
  const add = (id: InstanceId): void => {
    if (known.has(id)) return;
    const service = serviceOf(id);
    const siblings = known.get(service);
    if (siblings) siblings.push(id);
    else known.set(service, [id]);
    known.set(id, [id]);
  };
  for (const id of kernel.desired.instances.keys()) add(id);
  for (const id of kernel.slots.keys()) add(id);
  return known;
}

const serviceNames = (known: ReadonlyMap<string, unknown>): string[] =>
  [...known.keys()].filter((name) => !name.includes('.'));

/** @returns the names. Throws where the configuration has no such log queue. */
export function knownQueues(kernel: Kernel, names: string[]): string[] {
  const known = new Set(kernel.accepted!.config.logQueues.map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return names;
  const hint = suggestionHint(unknown, known, 'log queues');
  throw new RequestError({ code: 'not-found', message: `no log queue is named "${unknown}"`, ...(hint && { hint }) });
}

function unknownName({ desired }: Kernel, name: string, known: Iterable<string>): RequestError {
  const hint = groupHint(name, desired.services.values()) ?? suggestionHint(name, known, 'known names');
  return new RequestError({
    code: 'not-found',
    message: `no service or instance is named "${name}"`,
    ...(hint && { hint }),
  });
}
