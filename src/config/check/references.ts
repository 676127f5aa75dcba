// Names that must exist and circles that must not.
import type { Problem } from '../../core/load-result.ts';
import type { LogQueueSpec, ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { childOf, entriesOf, isNull, itemsOf, type PlaceOf, placesIn, type Tree } from '../tree/tree.ts';

/**
 * @param services the `services` of the merged tree with `defaults` applied
 * @param declared the same as written: with nulls, to tell a removed service from an unknown one, and with those that the
 * schema refused, to complain of each only once
 */
export function checkDependencies(
  config: ProjectConfig,
  services: Tree | undefined,
  declared: Tree | undefined,
): Problem[] {
  const byName = new Map<string, ServiceSpec>(config.services.map((spec) => [spec.name, spec]));
  const names = entriesOf(declared)
    .filter(({ value }) => !isNull(value))
    .map(({ key }) => key);
  const isKnown = new Set(names);
  const unknown = entriesOf(services).flatMap((entry) =>
    references(childOf(entry.value, 'depends_on')).flatMap(({ name, at, condition }) =>
      isKnown.has(name)
        ? warnOfEndlessWait(entry.key, byName.get(name), condition, at)
        : [unknownService(entry.key, name, at, names, declared)],
    ),
  );
  return [...unknown, ...findCycles(config, services)];
}

type ServiceReference = { name: string; at: Span; condition: string };

function references(tree: Tree | undefined): ServiceReference[] {
  const listed = itemsOf(tree).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ name: item.value, at: item.at, condition: 'started' }]
      : [],
  );
  const mapped = entriesOf(tree).map(({ key, keyAt, value }) => {
    const condition = value.kind === 'map' ? childOf(value, 'condition') : value;
    return { name: key, at: keyAt, condition: condition?.kind === 'scalar' ? String(condition.value) : 'started' };
  });
  return [...listed, ...mapped];
}

function unknownService(from: string, name: string, at: Span, names: string[], services: Tree | undefined): Problem {
  const removed = services?.kind === 'map' ? services.entries.get(name) : undefined;
  const hint = removed
    ? `it is removed by ${describePlace(removed.keyAt)}`
    : name.startsWith('x-')
      ? 'keys that begin with x- are ignored: give the service another name'
      : suggestionHint(
          name,
          names.filter((known) => known !== from),
          'services',
        );
  return problemAt(at, {
    code: 'unknown-service',
    message: `${quote(from)} depends on ${quote(name)}, which is no service`,
    hint,
  });
}

/** What can be seen to wait for ever. */
function warnOfEndlessWait(from: string, on: ServiceSpec | undefined, condition: string, at: Span): Problem[] {
  if (!on) return [];
  if (!on.enabled) {
    const message = `${quote(from)} waits for ${quote(on.name)}, which is not enabled: it will not start`;
    const hint = `set \`enabled: true\` in ${on.name}, or take the dependency out`;
    return [warningAt(at, { code: 'waits-forever', message, hint })];
  }
  if (condition !== 'completed' || on.restart.policy !== 'always') return [];
  const message = `${quote(from)} waits for ${quote(on.name)} to complete, which is always started again`;
  return [
    warningAt(at, {
      code: 'waits-forever',
      message,
      hint: `set \`restart: never\` in ${on.name}, or wait for started`,
    }),
  ];
}

/** Each circle once, printed whole from its first service in file order: `api -> db -> api`. */
function findCycles(config: ProjectConfig, services: Tree | undefined): Problem[] {
  const edges = new Map(
    config.services.map((spec) => [spec.name as string, spec.dependsOn.map(({ service }) => service as string)]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const problems: Problem[] = [];
  for (const start of edges.keys()) {
    for (const circle of cyclesFrom(start, edges, state)) problems.push(cycleProblem(circle, services));
  }
  return problems;
}

/** Depth first without recursion: a chain of thousands of services is no reason to fail. */
function cyclesFrom(start: string, edges: Map<string, string[]>, state: Map<string, 'open' | 'done'>): string[][] {
  const circles: string[][] = [];
  if (state.has(start)) return circles;
  const path: { name: string; next: number }[] = [{ name: start, next: 0 }];
  state.set(start, 'open');
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const to = edges.get(top.name)?.[top.next++];
    if (to === undefined) {
      state.set(top.name, 'done');
      path.pop();
    } else if (state.get(to) === 'open') {
      circles.push([...path.slice(path.findIndex(({ name }) => name === to)).map(({ name }) => name), to]);
    } else if (!state.has(to) && edges.has(to)) {
      state.set(to, 'open');
      path.push({ name: to, next: 0 });
    }
  }
  return circles;
}

function cycleProblem(circle: string[], services: Tree | undefined): Problem {
  const [first, second] = circle as [string, string];
  const entry = services?.kind === 'map' ? services.entries.get(first) : undefined;
  const at = references(childOf(entry?.value, 'depends_on')).find(({ name }) => name === second)?.at ?? entry!.keyAt;
  const isSelf = circle.length === 2;
  return problemAt(at, {
    code: 'dependency-cycle',
    message: isSelf
      ? `${quote(first)} depends on itself: ${circle.join(' -> ')}`
      : `services wait for one another in a circle: ${circle.join(' -> ')}`,
    hint: 'take one of these dependencies out',
  });
}

// A log queue may feed one service, which must be there, be alone, and not write what it reads.

/** @param tree the merged tree that the configuration was made of, for places */
export function checkSinks(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  const owners = new Map<string, string>();
  return config.logQueues.flatMap((queue): Problem[] => {
    if (queue.sink === null) return [];
    const at = placeOf(['log_queues', queue.name, 'sink', 'service']);
    const owner = owners.get(queue.sink);
    owners.set(queue.sink, owner ?? queue.name);
    if (owner !== undefined) return [secondSinkProblem(queue, owner, at, placeOf)];
    const spec = config.services.find(({ name }) => name === queue.sink);
    const wrong = spec ? checkSinkService(queue, spec, tree, placeOf) : [unknownSinkProblem(queue, tree, at)];
    return [...wrong, ...checkFileKeys(queue, tree)];
  });
}

function unknownSinkProblem({ name, sink }: LogQueueSpec, tree: Tree, at: Span): Problem {
  const names = entriesOf(childOf(tree, 'services')).map(({ key }) => key);
  const message = `the log queue ${quote(name)} feeds ${quote(sink!)}, which is no service`;
  return problemAt(at, { code: 'unknown-service', message, hint: suggestionHint(sink!, names, 'services') });
}

function secondSinkProblem({ name, sink }: LogQueueSpec, owner: string, at: Span, placeOf: PlaceOf): Problem {
  const there = describePlace(placeOf(['log_queues', owner, 'sink']));
  const message = `the log queue ${quote(name)} feeds ${quote(sink!)}, which reads ${quote(owner)} already (${there})`;
  return problemAt(at, { code: 'bad-sink', message, hint: 'one service reads one queue' });
}

function checkSinkService({ name: queue }: LogQueueSpec, spec: ServiceSpec, tree: Tree, placeOf: PlaceOf): Problem[] {
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
  childOf(childOf(childOf(childOf(tree, 'services'), service), 'stop'), 'drain');

function checkFileKeys({ name, sink }: LogQueueSpec, tree: Tree): Problem[] {
  const written = entriesOf(childOf(childOf(tree, 'log_queues'), name)).filter(({ key }) =>
    /^(path|rotate)$/.test(key),
  );
  return written.map(({ key, keyAt }) => {
    const message = `\`${key}\` is about a file; the log queue ${quote(name)} feeds ${quote(sink!)} instead`;
    return problemAt(keyAt, { code: 'bad-sink', message, hint: `take \`${key}\` out, or \`sink\`` });
  });
}
