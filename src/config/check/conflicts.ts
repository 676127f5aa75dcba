// What two services or queues may not share: ports, sockets, files. And what a pool and a singleton exclude.
import { join, sep } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { printAddress } from '../../core/print-address.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { LAST_PORT, lastIndexOf, lastPortOf } from '../tree/instance-variables.ts';
import { childOf, entriesOf, placeOf, type Tree } from '../tree/tree.ts';
import { secretPaths } from './host-support.ts';

/** @param tree the merged tree that the configuration was built from, for places; so in all checks */
export function checkCollisions(config: ProjectConfig, tree: Tree): Problem[] {
  return [...config.services.flatMap((spec) => checkNamesAndPool(spec, config, tree)), ...checkPorts(config, tree)];
}

function checkNamesAndPool(spec: ServiceSpec, config: ProjectConfig, tree: Tree): Problem[] {
  const problems: Problem[] = [];
  const report = (key: string, code: string, message: string, hint: string): void => {
    problems.push(problemAt(placeOf(tree, ['services', spec.name, key]), { code, message, hint }));
  };
  const name = quote(spec.name);
  const queues = config.logQueues.map((queue) => queue.name);
  for (const [key, queue] of [['log_queue', spec.logQueue] as const, ['stderr_queue', spec.stderrQueue] as const]) {
    if (queue === null || queues.includes(queue)) continue;
    const message = `${name} names the log queue ${quote(queue)}, which is not declared`;
    const hint = suggestionHint(queue, queues, 'queues') ?? 'declare it under `log_queues`';
    report(key, 'unknown-log-queue', message, hint);
  }
  if (spec.singleton && spec.pool > 1) {
    const message = `${name} is a singleton and cannot have a pool of ${spec.pool}`;
    report('pool', 'singleton-pool', message, 'set `pool: 1`, or remove `singleton`');
  }
  if (spec.singleton && lastIndexOf(spec) > spec.pool) {
    const message = `${name} is a singleton and cannot have a \`max_surge\``;
    report('singleton', 'singleton-pool', message, 'remove `max_surge`, or `singleton`');
  }
  const lastPort = lastPortOf(spec);
  if (lastPort !== null && lastPort > LAST_PORT) {
    const message = `the ports of ${name} would go up to ${lastPort}; ${LAST_PORT} is the last`;
    report('port', 'bad-value', message, 'choose a lower port or a smaller pool');
  }
  return problems;
}

/** Sorted by the first port, a range can only overlap the widest one before it. */
function checkPorts(config: ProjectConfig, tree: Tree): Problem[] {
  const ranges = config.services
    .flatMap(({ port, ...spec }) =>
      typeof port === 'number' && spec.enabled && spec.pool > 0 ? [{ ...spec, port }] : [],
    )
    .map((spec, order) => ({ name: spec.name as string, from: spec.port, to: lastPortOf(spec)!, order }))
    .sort((a, b) => a.from - b.from || a.order - b.order);
  const problems: Problem[] = [];
  let widest = ranges[0];
  for (const range of ranges.slice(1)) {
    if (range.from <= widest!.to) problems.push(portOverlap(...inFileOrder(widest!, range), tree));
    if (range.to > widest!.to) widest = range;
  }
  return problems;
}

type PortRange = { name: string; from: number; to: number; order: number };
const inFileOrder = (a: PortRange, b: PortRange): [PortRange, PortRange] => (a.order < b.order ? [a, b] : [b, a]);
const printRange = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);

function portOverlap(first: PortRange, second: PortRange, tree: Tree): Problem {
  const there = describePlace(placeOf(tree, ['services', first.name, 'port']));
  return problemAt(placeOf(tree, ['services', second.name, 'port']), {
    code: 'port-overlap',
    message: `the ports of ${quote(second.name)} (${printRange(second)}) overlap those of ${quote(first.name)} (${printRange(first)}, ${there})`,
    hint: `${quote(second.name)} could begin at ${first.to + 1}; each instance takes one port`,
  });
}

/** One service binds a socket, and names it once. */
export function checkListening(config: ProjectConfig, tree: Tree): Problem[] {
  const uses = config.services.flatMap(({ name, listen }) =>
    listen.map(printAddress).map((key) => ({ key, name, at: placeOf(tree, ['services', name, 'listen']) })),
  );
  return findDuplicates(uses).map(({ first, second }) => {
    const other = `${quote(first.name)} has (${describePlace(first.at)})`;
    const owner = first.name === second.name ? 'it names already' : other;
    const message = `${quote(second.name)} listens on ${second.key}, which ${owner}`;
    const hint = 'one service binds a socket; its whole pool shares it';
    return problemAt(second.at, { code: 'listen-twice', message, hint });
  });
}

/** Files that are written: one writer for each, no file of orch itself, and no `~`, which is not expanded. */
export function checkPaths(config: ProjectConfig, tree: Tree, places: ReservedPlaces): Problem[] {
  return [...checkWrittenFiles(config, tree, places), ...findTildes(tree), ...findOwnStreams(config, tree)];
}

/** Absolute. */
type ReservedPlaces = { stateDir: string; configFiles: readonly string[] };

/** Paths that mean another file in each process: the log writer, which has no terminal, would write to itself. */
const OWN_STREAM = /^\/(dev\/(stdin|stdout|stderr|fd(\/.*)?)|proc\/(self|thread-self)\/.*)$/;

function findOwnStreams({ logQueues }: ProjectConfig, tree: Tree): Problem[] {
  const found = logQueues.filter(({ sink, path }) => sink === null && OWN_STREAM.test(path));
  return found.map(({ name, path }) => {
    const message = `${quote(path)} leads to the log writer itself, which runs in the background`;
    const hint = 'remove `path`: `orch up` prints every line on its own standard output, also in a container';
    return problemAt(placeOf(tree, ['log_queues', name, 'path']), { code: 'bad-value', message, hint });
  });
}

function checkWrittenFiles(config: ProjectConfig, tree: Tree, places: ReservedPlaces): Problem[] {
  const queues = config.logQueues
    .filter(({ sink, path }) => sink === null && path !== '/dev/null') // a queue with a sink writes to a FIFO of orch
    .map(({ name, path }) => ({ key: path, name: `the log queue ${quote(name)}`, path: ['log_queues', name, 'path'] }));
  const pidFiles = config.services.flatMap(({ name, singleton }) => {
    if (!singleton?.pidFile) return [];
    const path = ['services', name, 'singleton', 'pid_file'];
    return [{ key: singleton.pidFile, name: `the pid file of ${quote(name)}`, path }];
  });
  const files = [...queues, ...pidFiles].map(({ key, name, path }) => ({ key, name, at: placeOf(tree, path) }));
  const firstOf = new Map(findDuplicates(files).map(({ first, second }) => [second, first]));
  return files.flatMap((file) => {
    const first = firstOf.get(file);
    const message = first
      ? `${file.name} and ${first.name} (${describePlace(first.at)}) use the same file`
      : reservedPathMessage(file, config.root, places);
    return message ? [problemAt(file.at, { code: 'same-file', message, hint: 'give it a file of its own' })] : [];
  });
}

function reservedPathMessage(
  { key, name }: NamedUse,
  root: string,
  { stateDir, configFiles }: ReservedPlaces,
): string | null {
  if (configFiles.includes(key)) return `${name} would overwrite the configuration`;
  const directories = [join(root, '.orch'), stateDir];
  const isLog = directories.some((path) => key.startsWith(join(path, 'logs') + sep));
  const isOfOrch = key === root || (!isLog && directories.some((path) => (key + sep).startsWith(path + sep)));
  return isOfOrch ? `${name} would be among the files of orch itself` : null;
}

/** `~/x` would be a directory named `~`. */
function findTildes(tree: Tree): Problem[] {
  const services = entriesOf(childOf(tree, 'services')).map(({ value }) => childOf(value, 'cwd'));
  const queues = entriesOf(childOf(tree, 'log_queues')).map(({ value }) => childOf(value, 'path'));
  return [...services, ...queues, ...secretPaths(tree).map(({ path }) => path)].flatMap((path) => {
    if (path?.kind !== 'scalar' || !/^~(\/|$)/.test(String(path.value))) return [];
    const hint = `write \${HOME}${String(path.value).slice(1)}`;
    return [problemAt(path.at, { code: 'bad-value', message: '`~` is not expanded here', hint })];
  });
}

/** `key`: a resource with at most one user. `name`: the user. */
type NamedUse = { key: string; name: string; at: Span };

/** Every use after the first one of a key, with the first. */
function findDuplicates<Use extends NamedUse>(uses: Use[]): { first: Use; second: Use }[] {
  const owners = new Map<string, Use>();
  return uses.flatMap((second) => {
    const first = owners.get(second.key);
    if (first) return [{ first, second }];
    owners.set(second.key, second);
    return [];
  });
}
