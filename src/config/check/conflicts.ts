// What two may not share and what must exist: ports, log queues, singletons and their pools.

import { join, sep } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { printAddress } from '../../core/print-address.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { LAST_PORT, lastIndexOf, lastPortOf } from '../tree/instance-variables.ts';
import { childOf, entriesOf, type PlaceOf, placesIn, type Tree } from '../tree/tree.ts';
import { secretPlaces } from './host-support.ts';

/** @param tree the merged tree that the configuration was made of, for places */
export function checkCollisions(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  return [
    ...config.services.flatMap((spec) => checkNamesAndPool(spec, config, placeOf)),
    ...checkPorts(config, placeOf),
  ];
}

function checkNamesAndPool(spec: ServiceSpec, config: ProjectConfig, placeOf: PlaceOf): Problem[] {
  const problems: Problem[] = [];
  const names = config.logQueues.map(({ name }) => name);
  if (!names.includes(spec.logQueue)) {
    const message = `${quote(spec.name)} names the log queue ${quote(spec.logQueue)}, which is not declared`;
    const hint = suggestionHint(spec.logQueue, names, 'queues') ?? 'declare it under `log_queues`';
    problems.push(
      problemAt(placeOf(['services', spec.name, 'log_queue']), { code: 'unknown-log-queue', message, hint }),
    );
  }
  if (spec.singleton && spec.pool > 1) {
    const message = `${quote(spec.name)} is a singleton and cannot have a pool of ${spec.pool}`;
    const hint = 'set `pool: 1`, or take `singleton` out';
    problems.push(problemAt(placeOf(['services', spec.name, 'pool']), { code: 'singleton-pool', message, hint }));
  }
  if (spec.singleton && lastIndexOf(spec) > spec.pool) {
    const message = `${quote(spec.name)} is a singleton and cannot have instances on top of it`;
    const hint = 'take `max_surge` out, or `singleton`';
    problems.push(problemAt(placeOf(['services', spec.name, 'singleton']), { code: 'singleton-pool', message, hint }));
  }
  const lastPort = lastPortOf(spec);
  if (lastPort !== null && lastPort > LAST_PORT) {
    const message = `the ports of ${quote(spec.name)} would go up to ${lastPort}; ${LAST_PORT} is the last`;
    problems.push(
      problemAt(placeOf(['services', spec.name, 'port']), {
        code: 'bad-value',
        message,
        hint: 'choose a lower port or a smaller pool',
      }),
    );
  }
  return problems;
}

/** Ranges in order of their start: only neighbours can overlap first. */
function checkPorts(config: ProjectConfig, placeOf: PlaceOf): Problem[] {
  const ranges = config.services
    .filter((spec) => spec.port !== null && spec.enabled && spec.pool > 0)
    .map((spec, order) => ({ name: spec.name as string, from: spec.port!, to: lastPortOf(spec)!, order }))
    .sort((a, b) => a.from - b.from || a.order - b.order);
  const problems: Problem[] = [];
  let widest = ranges[0];
  for (const range of ranges.slice(1)) {
    if (range.from <= widest!.to) problems.push(portOverlap(...inFileOrder(widest!, range), placeOf));
    if (range.to > widest!.to) widest = range;
  }
  return problems;
}

type PortRange = { name: string; from: number; to: number; order: number };
const inFileOrder = (a: PortRange, b: PortRange): [PortRange, PortRange] => (a.order < b.order ? [a, b] : [b, a]);
const printRange = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);

function portOverlap(first: PortRange, second: PortRange, placeOf: PlaceOf): Problem {
  const there = describePlace(placeOf(['services', first.name, 'port']));
  return problemAt(placeOf(['services', second.name, 'port']), {
    code: 'port-overlap',
    message: `the ports of ${quote(second.name)} (${printRange(second)}) overlap those of ${quote(first.name)} (${printRange(first)}, ${there})`,
    hint: `${quote(second.name)} could begin at ${first.to + 1}; each instance takes one port`,
  });
}

// Two services cannot hold the same socket, nor one the same socket twice.

export function checkListening(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  const owners = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, listen } of config.services) {
    for (const address of listen.map(printAddress)) {
      const owner = owners.get(address);
      owners.set(address, owner ?? name);
      if (owner === undefined) continue;
      const where = describePlace(placeOf(['services', owner, 'listen']));
      const message = `${quote(name)} listens on ${address}, which ${owner === name ? 'it names already' : `${quote(owner)} has (${where})`}`;
      const hint = 'one service holds a socket; its whole pool shares it';
      problems.push(problemAt(placeOf(['services', name, 'listen']), { code: 'listen-twice', message, hint }));
    }
  }
  return problems;
}

// Files that are written: each by one, none of them ours, and none below a `~` that nobody expands.

/** @param read files that the configuration was read from, absolute */
export function checkPaths(config: ProjectConfig, tree: Tree, read: string[]): Problem[] {
  const placeOf = placesIn(tree);
  return [...checkWritten(config, placeOf, new Set(read)), ...findTildes(tree)];
}

type FileUser = { what: string; at: Span };

function checkWritten(config: ProjectConfig, placeOf: PlaceOf, read: Set<string>): Problem[] {
  const writers = new Map<string, FileUser>();
  const problems: Problem[] = [];
  const claim = (path: string, what: string, at: Span) => {
    const first = writers.get(path);
    if (!first) writers.set(path, { what, at });
    const reason = first
      ? `${what} and ${first.what} (${describePlace(first.at)}) use the same file`
      : reservedPathMessage(path, what, config.root, read);
    if (reason) problems.push(problemAt(at, { code: 'same-file', message: reason, hint: 'give it a file of its own' }));
  };
  for (const { name, path, sink } of config.logQueues) {
    if (sink !== null) continue; // no file, and ours
    claim(path, `the log queue ${quote(name)}`, placeOf(['log_queues', name, 'path']));
  }
  for (const { name, singleton } of config.services) {
    if (!singleton?.pidFile) continue;
    claim(singleton.pidFile, `the pid file of ${quote(name)}`, placeOf(['services', name, 'singleton', 'pid_file']));
  }
  return problems;
}

function reservedPathMessage(path: string, what: string, root: string, read: Set<string>): string | null {
  if (read.has(path)) return `${what} would overwrite the configuration`;
  const state = join(root, '.orch') + sep;
  const isOurs =
    path === root || path + sep === state || (path.startsWith(state) && !path.startsWith(join(state, 'logs') + sep));
  return isOurs ? `${what} would lie where orch keeps its own files` : null;
}

/** `~/x` would be a directory named `~`. */
function findTildes(tree: Tree): Problem[] {
  const services = entriesOf(childOf(tree, 'services')).map(({ value }) => childOf(value, 'cwd'));
  const queues = entriesOf(childOf(tree, 'log_queues')).map(({ value }) => childOf(value, 'path'));
  return [...services, ...queues, ...secretPlaces(tree)].flatMap((path) => {
    if (path?.kind !== 'scalar' || !/^~(\/|$)/.test(String(path.value))) return [];
    const hint = `write \${HOME}${String(path.value).slice(1)}`;
    return [problemAt(path.at, { code: 'bad-value', message: '`~` is not expanded here', hint })];
  });
}
