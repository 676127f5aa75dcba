// `log_queue: { path: … }` written within a service -> a queue of its own below `log_queues`, named like the service. The rest
// of the loader knows only named queues; each part keeps the place where it was written.
import { problemAt, quote } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { childOf, entriesOf, type MapTree, type ScalarTree, type TreeEntry, withEntry } from '../tree/tree.ts';
import type { NormalizeContext } from './normalize-context.ts';

/** @param tree with its `defaults` applied */
export function liftInlineQueues(tree: MapTree, { problems }: Pick<NormalizeContext, 'problems'>): MapTree {
  const services = childOf(tree, 'services');
  if (services?.kind !== 'map') return tree;
  const declared = childOf(tree, 'log_queues');
  const queues = new Map(declared?.kind === 'map' ? declared.entries : []);
  const lifted = new Map<string, TreeEntry>();
  for (const entry of entriesOf(services)) {
    const { key: name, value: service } = entry;
    const queue = service.kind === 'map' ? service.entries.get('log_queue') : undefined;
    if (service.kind !== 'map' || queue?.value.kind !== 'map') {
      lifted.set(name, entry);
      continue;
    }
    const other = queues.get(name);
    if (other) {
      const message = `the log queue of ${quote(name)} is named like the service, and so is another one (${describePlace(other.keyAt)})`;
      const hint = `write \`log_queue: ${name}\`, or rename the other one`;
      problems.push(problemAt(queue.keyAt, { code: 'duplicate-queue', message, hint }));
    } else queues.set(name, { key: name, keyAt: queue.keyAt, value: queue.value });
    lifted.set(name, { ...entry, value: withEntry(service, 'log_queue', nameAt(name, queue.value.at), queue.keyAt) });
  }
  if (queues.size === (declared?.kind === 'map' ? declared.entries.size : 0)) return tree;
  const all: MapTree = { kind: 'map', entries: queues, at: declared?.at ?? services.at };
  return withEntry(withEntry(tree, 'services', { ...services, entries: lifted }), 'log_queues', all);
}

const nameAt = (value: string, at: Span): ScalarTree => ({ kind: 'scalar', value, at, style: 'plain' });
