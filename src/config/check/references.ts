// Services that other keys name: `depends_on` and the sinks of log queues. They must exist, without a cycle.

import type { Problem } from '../../core/load-result.ts';
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { isZeroPortion } from '../tree/instance-variables.ts';
import { childOf, entriesOf, isNull, isTrue, itemsOf, placeOf, type Tree, textOf } from '../tree/tree.ts';

/**
 * @param services the `services` of the merged tree with `defaults` applied
 * @param declared the same as written: with nulls, to tell a removed service from an unknown one, and with the services that
 * the schema refused, to report each only once
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
    references(childOf(entry.value, 'depends_on')).flatMap(({ name, at, condition, isOptional }) =>
      isOptional && (isKnown.has(name) || isRemoved(declared, name))
        ? []
        : isKnown.has(name)
          ? [
              ...warnOfEndlessWait(byName.get(entry.key), byName.get(name), condition, at),
              ...warnOfSharedKey(byName.get(entry.key), byName.get(name), condition, at),
            ]
          : [unknownService(entry.key, name, at, names, declared)],
    ),
  );
  return [...unknown, ...findCycles(config, services)];
}

/** By an overlay. */
const isRemoved = (services: Tree | undefined, name: string): boolean =>
  services?.kind === 'map' && services.entries.has(name);

type ServiceReference = { name: string; at: Span; condition: string; isOptional: boolean };

function references(tree: Tree | undefined): ServiceReference[] {
  const listed = itemsOf(tree).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ name: item.value, at: item.at, condition: 'started', isOptional: false }]
      : [],
  );
  const mapped = entriesOf(tree).map(({ key, keyAt, value }) => {
    const condition = value.kind === 'map' ? childOf(value, 'condition') : value;
    const required = childOf(value, 'required');
    const isOptional = required !== undefined && !isTrue(required);
    return { name: key, at: keyAt, condition: condition ? textOf(condition) : 'started', isOptional };
  });
  return [...listed, ...mapped];
}

function unknownService(from: string, name: string, at: Span, names: string[], services: Tree | undefined): Problem {
  const removed = services?.kind === 'map' ? services.entries.get(name) : undefined;
  const known = names.filter((other) => other !== from);
  const hint = removed
    ? `it is removed by ${describePlace(removed.keyAt)}`
    : name.startsWith('x-')
      ? 'keys that begin with x- are ignored: give the service another name'
      : suggestionHint(name, known, 'services');
  const message = `${quote(from)} depends on ${quote(name)}, which is not a service`;
  return problemAt(at, { code: 'unknown-service', message, hint });
}

/** A dependency that nothing starts, or that can never be met. */
function warnOfEndlessWait(from: ServiceSpec | undefined, on: ServiceSpec | undefined, condition: string, at: Span) {
  if (!from || !on) return [];
  const report = (reason: string, hint: string): Problem[] => [
    warningAt(at, {
      code: 'waits-forever',
      message: `${quote(from.name)} waits for ${quote(on.name)} ${reason}`,
      hint,
    }),
  ];
  if (!on.enabled)
    return report('to start, but it is not enabled', `set \`enabled: true\` in ${on.name}, or remove the dependency`);
  if (on.pool === 0)
    return report(
      'to start, but it has no instances (pool: 0)',
      `raise the pool of ${on.name}, or remove the dependency`,
    );
  if (on.start === 'manual' && from.start === 'auto')
    return report(
      'to start, but it is started by hand (start: manual)',
      'write `required: false` there, or remove `start`',
    );
  const uncovered = on.profiles.length > 0 && !isCovered(from.profiles, on.profiles);
  if (uncovered) {
    const names = on.profiles.join(' or ');
    const hint = `add \`profiles: [${on.profiles[0]}]\` to ${from.name}, or remove those of ${on.name}`;
    return report(`to start, but it runs only with the profile ${names}`, hint);
  }
  const isEndless = on.restart.policy === 'always' && (condition === 'completed' || !on.restart.limit);
  if (!['completed', 'ended'].includes(condition) || !isEndless) return [];
  return report(
    `to ${condition === 'ended' ? 'end' : 'complete'}, but it always restarts`,
    `set \`restart: never\` in ${on.name}, or wait for started`,
  );
}

/** The start of one ends the other, without which it cannot run. */
function warnOfSharedKey(from: ServiceSpec | undefined, on: ServiceSpec | undefined, condition: string, at: Span) {
  const key = from?.singleton?.key;
  if (!from || !on || key === undefined || key !== on.singleton?.key) return [];
  if (['completed', 'ended'].includes(condition)) return [];
  return [
    warningAt(at, {
      code: 'shared-key',
      message: `${quote(from.name)} needs ${quote(on.name)} to run, but both have the singleton key ${quote(key)}: only one of them can`,
      hint: `give one of them a key of its own, or wait until ${on.name} has ended (condition: ended)`,
    }),
  ];
}

/** Whether each profile that starts one service starts the other as well. */
function isCovered(profiles: string[], others: string[]): boolean {
  return profiles.length > 0 && profiles.every((profile) => others.includes(profile));
}

/** Each cycle once, printed whole from its first service in file order: `api -> db -> api`. */
function findCycles(config: ProjectConfig, services: Tree | undefined): Problem[] {
  const edges = new Map(
    config.services.map((spec) => [spec.name as string, spec.dependsOn.map(({ service }) => service as string)]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const problems: Problem[] = [];
  for (const start of edges.keys()) {
    for (const cycle of cyclesFrom(start, edges, state)) problems.push(cycleProblem(cycle, services));
  }
  return problems;
}

/** Depth first without recursion: a chain of thousands of services must not overflow the stack. */
function cyclesFrom(start: string, edges: Map<string, string[]>, state: Map<string, 'open' | 'done'>): string[][] {
  const cycles: string[][] = [];
  if (state.has(start)) return cycles;
  const path: { name: string; next: number }[] = [{ name: start, next: 0 }];
  state.set(start, 'open');
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const to = edges.get(top.name)?.[top.next++];
    if (to === undefined) {
      state.set(top.name, 'done');
      path.pop();
    } else if (state.get(to) === 'open') {
      cycles.push([...path.slice(path.findIndex(({ name }) => name === to)).map(({ name }) => name), to]);
    } else if (!state.has(to) && edges.has(to)) {
      state.set(to, 'open');
      path.push({ name: to, next: 0 });
    }
  }
  return cycles;
}

function cycleProblem(cycle: string[], services: Tree | undefined): Problem {
  const [first, second] = cycle as [string, string];
  const entry = services?.kind === 'map' ? services.entries.get(first) : undefined;
  const at = references(childOf(entry?.value, 'depends_on')).find(({ name }) => name === second)?.at ?? entry!.keyAt;
  const isSelf = cycle.length === 2;
  return problemAt(at, {
    code: 'dependency-cycle',
    message: isSelf
      ? `${quote(first)} depends on itself: ${cycle.join(' -> ')}`
      : `dependency cycle: ${cycle.join(' -> ')}`,
    hint: 'remove one of these dependencies',
  });
}

/** A log queue may feed one service, which must exist, have one instance, and not write to the queue that it reads. */
export function checkSinks(config: ProjectConfig, tree: Tree): Problem[] {
  const owners = new Map<string, string>();
  return config.logQueues.flatMap((queue): Problem[] => {
    if (queue.sink === null) return [];
    const at = placeOf(tree, ['log_queues', queue.name, 'sink', 'service']);
    const owner = owners.get(queue.sink);
    owners.set(queue.sink, owner ?? queue.name);
    if (owner !== undefined) return [secondSinkProblem(queue, owner, at, tree)];
    const spec = config.services.find(({ name }) => name === queue.sink);
    const wrong = spec ? checkSinkService(queue, spec, tree) : [unknownSinkProblem(queue, tree, at)];
    return [...wrong, ...checkFileKeys(queue, tree)];
  });
}

function unknownSinkProblem({ name, sink }: LogQueueSpec, tree: Tree, at: Span): Problem {
  const names = entriesOf(childOf(tree, 'services')).map(({ key }) => key);
  const message = `the log queue ${quote(name)} feeds ${quote(sink!)}, which is not a service`;
  return problemAt(at, { code: 'unknown-service', message, hint: suggestionHint(sink!, names, 'services') });
}

function secondSinkProblem({ name, sink }: LogQueueSpec, owner: string, at: Span, tree: Tree): Problem {
  const there = describePlace(placeOf(tree, ['log_queues', owner, 'sink']));
  const message = `the log queue ${quote(name)} feeds ${quote(sink!)}, which already reads ${quote(owner)} (${there})`;
  return problemAt(at, { code: 'bad-sink', message, hint: 'one service reads one queue' });
}

function checkSinkService({ name: queue }: LogQueueSpec, spec: ServiceSpec, tree: Tree): Problem[] {
  const problems: Problem[] = [];
  const refuse = (isWrong: boolean, key: string[], message: string, hint: string): void => {
    if (!isWrong) return;
    const at = placeOf(tree, ['services', spec.name, ...key]);
    problems.push(problemAt(at, { code: 'bad-sink', message: `${quote(spec.name)} ${message}`, hint }));
  };
  const reads = `reads the log queue ${quote(queue)}`;
  const drain = childOf(childOf(childOf(childOf(tree, 'services'), spec.name), 'stop'), 'drain');
  const itself = `${reads} and writes to it`;
  refuse(spec.logQueue === queue, ['log_queue'], itself, 'give it another `log_queue`, with a file');
  refuse(spec.stderrQueue === queue, ['stderr_queue'], itself, 'give it another `stderr_queue`, with a file');
  refuse(!spec.enabled, ['enabled'], `${reads} but is not enabled`, 'set `enabled: true`, or remove the sink');
  refuse(spec.pool !== 1, ['pool'], `${reads}: it cannot have a pool of ${spec.pool}`, 'set `pool: 1`');
  const surges = !isZeroPortion(spec.rollout.maxSurge);
  refuse(surges, ['rollout'], `${reads}: it cannot have a \`max_surge\``, 'remove `max_surge`');
  refuse(spec.schedule !== null, ['schedule'], `${reads}: it cannot have a schedule`, 'remove `schedule`');
  const drained = `${reads}: the end of its input drains it`;
  refuse(drain !== undefined, ['stop', 'drain'], drained, 'remove `drain`; `grace` limits how long that may take');
  return problems;
}

function checkFileKeys({ name, sink }: LogQueueSpec, tree: Tree): Problem[] {
  const written = entriesOf(childOf(childOf(tree, 'log_queues'), name)).filter(({ key }) =>
    /^(path|rotate)$/.test(key),
  );
  return written.map(({ key, keyAt }) => {
    const message = `\`${key}\` is about a file; the log queue ${quote(name)} feeds ${quote(sink!)} instead`;
    return problemAt(keyAt, { code: 'bad-sink', message, hint: `remove \`${key}\`, or \`sink\`` });
  });
}
