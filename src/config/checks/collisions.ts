// What two may not share and what must exist: ports, log queues, singletons and their pools.
import type { Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { describePlace } from '../files/source-file.ts';
import { LAST_PORT, lastIndexOf, lastPortOf } from '../instance-variables.ts';
import { problemAt, quote } from '../problem.ts';
import { suggestionHint } from '../suggest.ts';
import type { Tree } from '../tree/tree.ts';
import { type PlaceOf, placesIn } from './places.ts';

/** @param tree the merged tree that the configuration was made of, for places */
export function checkCollisions(config: ProjectConfig, tree: Tree): Problem[] {
  const placeOf = placesIn(tree);
  return [...config.services.flatMap((spec) => checkService(spec, config, placeOf)), ...checkPorts(config, placeOf)];
}

function checkService(spec: ServiceSpec, config: ProjectConfig, placeOf: PlaceOf): Problem[] {
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

type Range = { name: string; from: number; to: number; order: number };
const inFileOrder = (a: Range, b: Range): [Range, Range] => (a.order < b.order ? [a, b] : [b, a]);
const printRange = ({ from, to }: Range): string => (from === to ? String(from) : `${from}-${to}`);

function portOverlap(first: Range, second: Range, placeOf: PlaceOf): Problem {
  const there = describePlace(placeOf(['services', first.name, 'port']));
  return problemAt(placeOf(['services', second.name, 'port']), {
    code: 'port-overlap',
    message: `the ports of ${quote(second.name)} (${printRange(second)}) overlap those of ${quote(first.name)} (${printRange(first)}, ${there})`,
    hint: `${quote(second.name)} could begin at ${first.to + 1}; each instance takes one port`,
  });
}
