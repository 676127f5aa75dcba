// What changed between two declarations of the log queues, as `plan` shows it: all of it is applied in place. Pure, no Node
// module: the supervisor imports it.

import { type LogQueueSpec, queuesWrittenBy } from '../core/log-queue-spec.ts';
import type { ProjectConfig } from '../core/spec.ts';
import { printExactDuration, printExactSize } from '../units.ts';

/** A queue among the services of a plan: no service has a dot in its name. */
export type QueueChange = {
  service: `log_queues.${string}`;
  action: 'update';
  instances: [];
  class: 'live';
  keys: { key: string; class: 'live'; from: string | null; to: string | null }[];
  reason: string;
};

type QueueDeclarations = Pick<ProjectConfig, 'services' | 'logQueues'>;

/**
 * Added and removed queues are listed only if no service writes to them: otherwise the change of the service says it.
 * @param from null: nothing was declared, so that nothing changes.
 */
export function diffQueues(from: QueueDeclarations | null, to: QueueDeclarations): QueueChange[] {
  if (!from) return [];
  const before = new Map(from.logQueues.map((queue) => [queue.name, queue]));
  const after = new Map(to.logQueues.map((queue) => [queue.name, queue]));
  const changes: QueueChange[] = [];
  for (const [name, queue] of after) {
    const old = before.get(name);
    const keys = old ? changedKeys(old, queue) : [];
    if (keys.length > 0)
      changes.push(queueChange(name, `${keys.map(({ key }) => key).join(', ')} changed, applied in place`, keys));
    else if (!old && !isWrittenTo(to, name)) changes.push(queueChange(name, 'new in the configuration', []));
  }
  const gone = [...before.keys()].filter((name) => !after.has(name) && !isWrittenTo(from, name));
  return [...changes, ...gone.map((name) => queueChange(name, 'no longer declared', []))];
}

const queueChange = (name: string, reason: string, keys: QueueChange['keys']): QueueChange => ({
  service: `log_queues.${name}`,
  action: 'update',
  instances: [],
  class: 'live',
  keys,
  reason,
});

const isWrittenTo = ({ services }: QueueDeclarations, name: string): boolean =>
  services.some((spec) => queuesWrittenBy(spec).includes(name));

function changedKeys(from: LogQueueSpec, to: LogQueueSpec): QueueChange['keys'] {
  const [before, after] = [printQueue(from), printQueue(to)];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => {
    const [old, now] = [before[key] ?? null, after[key] ?? null];
    return old === now ? [] : [{ key, class: 'live' as const, from: old, to: now }];
  });
}

/** Keys as in the file. Of a queue that feeds a service neither path nor rotation can be set. */
function printQueue({ path, sink, format, rotate, capacityBytes, overflow }: LogQueueSpec): Record<string, string> {
  const shared = { format, capacity: printExactSize(capacityBytes), overflow };
  if (sink !== null) return { 'sink.service': sink, ...shared };
  return {
    path,
    ...shared,
    'rotate.size': printExactSize(rotate.sizeBytes),
    'rotate.keep': String(rotate.keep),
    'rotate.compress': rotate.compress,
    ...(rotate.everyMs > 0 && { 'rotate.every': printExactDuration(rotate.everyMs) }),
    ...(rotate.totalBytes > 0 && { 'rotate.total': printExactSize(rotate.totalBytes) }),
    ...(rotate.maxAgeMs !== undefined && { 'rotate.max_age': printExactDuration(rotate.maxAgeMs) }),
  };
}
