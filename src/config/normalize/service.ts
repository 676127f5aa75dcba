// One valid service of the merged tree -> ServiceSpec: shorthands opened, defaults filled in, units turned into numbers.
import { resolve } from 'node:path';
import type {
  Command,
  Dependency,
  DependencyCondition,
  LossPolicy,
  ServiceSpec,
  SingletonPolicy,
} from '../../core/model.ts';
import { serviceName } from '../../core/model.ts';
import { DEFAULT_POOL, DEFAULT_QUEUE } from '../defaults.ts';
import { problemAt, quote } from '../problem.ts';
import { specHash } from '../spec-hash.ts';
import { escapeTemplate } from '../template.ts';
import { child, type Entry, entriesOf, itemsOf, type Tree } from '../tree/tree.ts';
import { normalizeEnv } from './env.ts';
import { normalizeListen } from './listen.ts';
import type { Normalizing } from './normalizing.ts';
import { integerOf, literalOf, textOf } from './normalizing.ts';
import { normalizeRestart, normalizeStop } from './policies.ts';
import { commandOf, normalizeProbe } from './probe.ts';
import {
  isTrue,
  normalizeHooks,
  normalizeLimits,
  normalizeProfiles,
  normalizeSchedule,
  normalizeWatch,
} from './rhythm.ts';
import { normalizeRollout } from './rollout.ts';

/** @returns null when the service cannot be had without its missing parts; the problems say why. */
export function normalizeService(entry: Entry, context: Normalizing): ServiceSpec | null {
  const { key: name, value: tree } = entry;
  const port = integerOf(child(tree, 'port'));
  const portless = port === null ? context.withoutPort : (same: Tree) => same;
  const command = normalizeCommand(child(tree, 'command'), context, portless);
  if (!command && !context.mayLackCommand(name)) {
    const message = `the service ${quote(name)} has no command`;
    const hint = 'add for example `command: [node, server.js]`';
    context.problems.push(problemAt(entry.keyAt, { code: 'missing-command', message, hint }));
  }
  const cwd = child(tree, 'cwd');
  const restart = normalizeRestart(child(tree, 'restart'), context.problems);
  const stop = normalizeStop(child(tree, 'stop'), portless, context.problems);
  // The holder of the terminal gets the signals, and passes them on.
  const tty = isTrue(child(tree, 'tty'));
  const spec: Omit<ServiceSpec, 'specHash'> = {
    name: serviceName(name),
    description: literalOf(child(tree, 'description')),
    command: command ?? { kind: 'argv', argv: [] },
    cwd: resolve(escapeTemplate(context.root), cwd ? textOf(portless(cwd)) : '.'),
    env: normalizeEnv(entry, context, port !== null),
    pool: poolOf(child(tree, 'pool')),
    port,
    singleton: normalizeSingleton(child(tree, 'singleton'), name, context),
    logQueue: literalOf(child(tree, 'log_queue')) ?? DEFAULT_QUEUE,
    dependsOn: normalizeDependencies(child(tree, 'depends_on')),
    readiness: normalizeProbe(entryAt(tree, 'readiness'), portless, context),
    liveness: normalizeProbe(entryAt(tree, 'liveness'), portless, context),
    startup: normalizeProbe(entryAt(tree, 'startup'), portless, context),
    rollout: normalizeRollout(tree, context.problems),
    restart,
    stop: tty ? { ...stop, to: 'main' } : stop,
    listen: normalizeListen(child(tree, 'listen'), portless, context),
    schedule: normalizeSchedule(child(tree, 'schedule'), restart.policy, context),
    watch: normalizeWatch(child(tree, 'watch'), portless, context),
    hooks: normalizeHooks(child(tree, 'hooks'), portless),
    limits: normalizeLimits(child(tree, 'limits'), context),
    profiles: normalizeProfiles(child(tree, 'profiles')),
    stdin: isTrue(child(tree, 'stdin')),
    tty,
    exitRecord: isTrue(child(tree, 'exit_record')),
    enabled: (child(tree, 'enabled') as { value?: unknown } | undefined)?.value !== false,
  };
  return command ? { ...spec, specHash: specHash(spec) } : null;
}

const entryAt = (tree: Tree, key: string): Entry | undefined => entriesOf(tree).find((entry) => entry.key === key);

function normalizeCommand(
  tree: Tree | undefined,
  context: Normalizing,
  portless: (tree: Tree) => Tree,
): Command | null {
  if (!tree) return null;
  const command = commandOf(tree, portless);
  if (command.kind === 'argv' && command.argv[0]?.trim() === '') {
    refuseCommand(itemsOf(tree)[0]!, "the program's name is empty", 'the first item is the program', context);
  } else if (command.kind === 'shell' && command.line.startsWith('-')) {
    refuseCommand(tree, 'the command begins with a dash', 'list items need a space behind the dash: `- node`', context);
  }
  return command;
}

function refuseCommand(tree: Tree, message: string, hint: string, { problems }: Normalizing): void {
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint }));
}

/** `pool: 4` or `pool: { size: 4 }`. */
export function poolOf(tree: Tree | undefined): number {
  return integerOf(tree?.kind === 'map' ? child(tree, 'size') : tree) ?? DEFAULT_POOL;
}

function normalizeSingleton(tree: Tree | undefined, name: string, context: Normalizing): SingletonPolicy | null {
  const value = tree?.kind === 'scalar' ? tree.value : undefined;
  if (!tree || value === false) return null;
  const pidFile = literalOf(child(tree, 'pid_file'));
  const conflict = typeof value === 'string' ? value : literalOf(child(tree, 'on_conflict'));
  return {
    key: literalOf(child(tree, 'key')) ?? `${context.project}/${name}`,
    scope: (literalOf(child(tree, 'scope')) ?? 'user') as SingletonPolicy['scope'],
    onConflict: (conflict ?? 'replace') as SingletonPolicy['onConflict'],
    pidFile: pidFile === null ? null : resolve(context.root, pidFile),
  };
}

/** The places of the names are found again by checks/dependencies.ts. */
function normalizeDependencies(tree: Tree | undefined): Dependency[] {
  const named = itemsOf(tree).map(
    (item): Dependency => ({ service: serviceName(textOf(item)), condition: 'started', onLoss: 'ignore' }),
  );
  const mapped = entriesOf(tree).map(({ key, value }): Dependency => {
    const condition = value.kind === 'map' ? (literalOf(child(value, 'condition')) ?? 'started') : textOf(value);
    const onLoss = (literalOf(child(value, 'on_loss')) ?? 'ignore') as LossPolicy;
    return { service: serviceName(key), condition: condition as DependencyCondition, onLoss };
  });
  const seen = new Set<string>();
  return [...named, ...mapped].filter(({ service }) => !seen.has(service) && seen.add(service));
}
