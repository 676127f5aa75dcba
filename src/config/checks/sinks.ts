// A log queue may feed one service, which must be there, be alone, and not write what it reads.
import type { LogQueueSpec, Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { describePlace, type Span } from '../files/source-file.ts';
import { problemAt, quote } from '../problem.ts';
import { suggestionHint } from '../suggest.ts';
import { child, entriesOf, type Tree } from '../tree/tree.ts';
import { type PlaceOf, placesIn } from './places.ts';

/** @param tree the merged tree that the configuration was made of, for places */
export function checkSinks(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  const owners = new Map<string, string>();
  return config.logQueues.flatMap((queue): Problem[] => {
    if (queue.sink === null) return [];
    const at = placeOf(['log_queues', queue.name, 'sink', 'service']);
    const owner = owners.get(queue.sink);
    owners.set(queue.sink, owner ?? queue.name);
    if (owner !== undefined) return [readTwice(queue, owner, at, placeOf)];
    const spec = config.services.find(({ name }) => name === queue.sink);
    const wrong = spec ? checkReader(queue, spec, tree, placeOf) : [unknownReader(queue, tree, at)];
    return [...wrong, ...checkFileKeys(queue, tree)];
  });
}

function unknownReader({ name, sink }: LogQueueSpec, tree: Tree, at: Span): Problem {
  const names = entriesOf(child(tree, 'services')).map(({ key }) => key);
  const message = `the log queue ${quote(name)} feeds ${quote(sink!)}, which is no service`;
  return problemAt(at, { code: 'unknown-service', message, hint: suggestionHint(sink!, names, 'services') });
}

function readTwice({ name, sink }: LogQueueSpec, owner: string, at: Span, placeOf: PlaceOf): Problem {
  const there = describePlace(placeOf(['log_queues', owner, 'sink']));
  const message = `the log queue ${quote(name)} feeds ${quote(sink!)}, which reads ${quote(owner)} already (${there})`;
  return problemAt(at, { code: 'bad-sink', message, hint: 'one service reads one queue' });
}

function checkReader({ name: queue }: LogQueueSpec, spec: ServiceSpec, tree: Tree, placeOf: PlaceOf): Problem[] {
  const problems: Problem[] = [];
  const refuse = (isWrong: boolean, key: string[], message: string, hint: string): void => {
    if (!isWrong) return;
    const at = placeOf(['services', spec.name, ...key]);
    problems.push(problemAt(at, { code: 'bad-sink', message: `${quote(spec.name)} ${message}`, hint }));
  };
  const reads = `reads the log queue ${quote(queue)}`;
  const itself = `${reads} and writes to it`;
  refuse(spec.logQueue === queue, ['log_queue'], itself, 'give it another `log_queue`, with a file');
  refuse(!spec.enabled, ['enabled'], `${reads} but is not enabled`, 'set `enabled: true`, or take the sink out');
  refuse(spec.pool !== 1, ['pool'], `${reads}: it cannot have a pool of ${spec.pool}`, 'set `pool: 1`');
  const surge = spec.rollout.maxSurge;
  const surges = (surge.kind === 'count' ? surge.count : surge.percent) > 0;
  refuse(surges, ['rollout'], `${reads}: it cannot have instances on top of it`, 'take `max_surge` out');
  refuse(spec.schedule !== null, ['schedule'], `${reads}: it cannot run by a schedule`, 'take `schedule` out');
  const hasDrain = drainOf(tree, spec.name) !== undefined;
  const drained = `${reads}: it is drained by the end of its input`;
  refuse(hasDrain, ['stop', 'drain'], drained, 'take `drain` out; `grace` says how long that may take');
  return problems;
}

const drainOf = (tree: Tree, service: string): Tree | undefined =>
  child(child(child(child(tree, 'services'), service), 'stop'), 'drain');

function checkFileKeys({ name, sink }: LogQueueSpec, tree: Tree): Problem[] {
  const written = entriesOf(child(child(tree, 'log_queues'), name)).filter(({ key }) => /^(path|rotate)$/.test(key));
  return written.map(({ key, keyAt }) => {
    const message = `\`${key}\` is about a file; the log queue ${quote(name)} feeds ${quote(sink!)} instead`;
    return problemAt(keyAt, { code: 'bad-sink', message, hint: `take \`${key}\` out, or \`sink\`` });
  });
}
