// What a plan says of instances and keys, for the command line and the view. Pure.
import type { PlanChange } from './protocol-plan.ts';

/** Several changes of one service may list the same key: it is shown with the first of them. */
export function withoutRepeats(changes: PlanChange[]): PlanChange[] {
  const shown = new Set<string>();
  return changes.map((change) => {
    const keys = change.keys.filter(({ key }) => !shown.has(`${change.service} ${key}`));
    for (const { key } of keys) shown.add(`${change.service} ${key}`);
    return { ...change, keys };
  });
}

/** `api.1`, `api.1 … api.4`, `api.1, api.3`. */
export function formatInstances(service: string, instances: string[]): string {
  const numbers = instances.map((id) => Number(id.slice(service.length + 1)));
  const isRange = numbers.every((number, at) => at === 0 || number === numbers[at - 1]! + 1);
  if (isRange && instances.length > 2) return `${instances[0]} … ${instances.at(-1)} (${instances.length})`;
  return instances.length > 8 ? `${instances.length} instances` : instances.join(', ');
}
