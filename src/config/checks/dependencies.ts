// Names that must exist and circles that must not.
import type { Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import type { Span } from '../files/source-file.ts';
import { describePlace } from '../files/source-file.ts';
import { problemAt, quote, warningAt } from '../problem.ts';
import { suggestionHint } from '../suggest.ts';
import { child, entriesOf, isNull, itemsOf, type Tree } from '../tree/tree.ts';

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
    references(child(entry.value, 'depends_on')).flatMap(({ name, at, condition }) =>
      isKnown.has(name)
        ? warnOfNever(entry.key, byName.get(name), condition, at)
        : [unknownService(entry.key, name, at, names, declared)],
    ),
  );
  return [...unknown, ...findCycles(config, services)];
}

type Reference = { name: string; at: Span; condition: string };

function references(tree: Tree | undefined): Reference[] {
  const listed = itemsOf(tree).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string'
      ? [{ name: item.value, at: item.at, condition: 'started' }]
      : [],
  );
  const mapped = entriesOf(tree).map(({ key, keyAt, value }) => {
    const condition = value.kind === 'map' ? child(value, 'condition') : value;
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
function warnOfNever(from: string, on: ServiceSpec | undefined, condition: string, at: Span): Problem[] {
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
    for (const circle of walk(start, edges, state)) problems.push(cycleProblem(circle, services));
  }
  return problems;
}

/** Depth first without recursion: a chain of thousands of services is no reason to fail. */
function walk(start: string, edges: Map<string, string[]>, state: Map<string, 'open' | 'done'>): string[][] {
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
  const at = references(child(entry?.value, 'depends_on')).find(({ name }) => name === second)?.at ?? entry!.keyAt;
  const isSelf = circle.length === 2;
  return problemAt(at, {
    code: 'dependency-cycle',
    message: isSelf
      ? `${quote(first)} depends on itself: ${circle.join(' -> ')}`
      : `services wait for one another in a circle: ${circle.join(' -> ')}`,
    hint: 'take one of these dependencies out',
  });
}
