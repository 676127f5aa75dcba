// `log_queue: { path: … }` written within a service -> a queue of its own below `log_queues`, named like the service; so is
// that of `stderr_queue`, with `-stderr` behind it. The rest
// of the loader knows only named queues; each part keeps the place where it was written.
import type { Problem } from '../../core/load-result.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { childOf, entriesOf, type MapTree, type ScalarTree, type TreeEntry, withEntry } from '../tree/tree.ts';
import type { NormalizeContext } from './normalize-context.ts';

/** Keys that may hold a queue, and what its name has after that of the service. */
const INLINE_KEYS = [
  ['log_queue', ''],
  ['stderr_queue', '-stderr'],
] as const;

/** @param tree with its `defaults` applied */
export function liftInlineQueues(tree: MapTree, { problems }: Pick<NormalizeContext, 'problems'>): MapTree {
  const services = childOf(tree, 'services');
  if (services?.kind !== 'map') return tree;
  const declared = childOf(tree, 'log_queues');
  const queues = new Map(declared?.kind === 'map' ? declared.entries : []);
  const lifted = new Map<string, TreeEntry>();
  for (const entry of entriesOf(services)) {
    let service = entry.value;
    for (const [key, suffix] of INLINE_KEYS) {
      const queue = service.kind === 'map' ? service.entries.get(key) : undefined;
      if (service.kind !== 'map' || queue?.value.kind !== 'map') continue;
      const name = entry.key + suffix;
      const other = queues.get(name);
      if (other) problems.push(takenName(entry.key, name, queue, other));
      else queues.set(name, { key: name, keyAt: queue.keyAt, value: queue.value });
      service = withEntry(service, key, nameAt(name, queue.value.at), queue.keyAt);
    }
    lifted.set(entry.key, service === entry.value ? entry : { ...entry, value: service });
  }
  if (queues.size === (declared?.kind === 'map' ? declared.entries.size : 0)) return tree;
  const all: MapTree = { kind: 'map', entries: queues, at: declared?.at ?? services.at };
  return withEntry(withEntry(tree, 'services', { ...services, entries: lifted }), 'log_queues', all);
}

function takenName(service: string, name: string, { key, keyAt }: TreeEntry, other: TreeEntry): Problem {
  const like = name === service ? 'named like the service' : `named ${quote(name)}`;
  const message = `the log queue of ${quote(service)} is ${like}, and so is another one (${describePlace(other.keyAt)})`;
  const hint = `write \`${key}: ${name}\`, or rename the other one`;
  return problemAt(keyAt, { code: 'duplicate-queue', message, hint });
}

const nameAt = (value: string, at: Span): ScalarTree => ({ kind: 'scalar', value, at, style: 'plain' });
