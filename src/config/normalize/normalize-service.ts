// One valid service of the merged tree -> ServiceSpec: shorthands opened, defaults filled in, units turned into numbers.

import { basename, resolve } from 'node:path';
import {
  type Command,
  type Dependency,
  type DependencyCondition,
  type ListenAddress,
  type LossPolicy,
  type ServiceSpec,
  type SingletonPolicy,
  serviceName,
} from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { DEFAULT_POOL, DEFAULT_QUEUE } from '../schema/defaults.ts';
import { specHash } from '../schema/spec-hash.ts';
import { escapeTemplate, variablesOf } from '../tree/template.ts';
import { childOf, entriesOf, itemsOf, type Tree, type TreeEntry } from '../tree/tree.ts';
import { integerOf, literalOf, type NormalizeContext, textOf } from './normalize-context.ts';
import { normalizeEnv } from './normalize-env.ts';
import { commandOf, normalizeProbe } from './normalize-probe.ts';
import { normalizeRestart, normalizeRollout, normalizeStop } from './policies.ts';
import {
  isTrue,
  normalizeHooks,
  normalizeLimits,
  normalizeProfiles,
  normalizeSchedule,
  normalizeWatch,
} from './schedule-watch.ts';

/** @returns null when the service cannot be had without its missing parts; the problems say why. */
export function normalizeService(entry: TreeEntry, context: NormalizeContext): ServiceSpec | null {
  const { key: name, value: tree } = entry;
  const port = integerOf(childOf(tree, 'port'));
  const portless = port === null ? context.expandPort : (same: Tree) => same;
  const command = normalizeCommand(childOf(tree, 'command'), context, portless);
  if (!command && !context.isCommandRejected(name)) {
    const message = `the service ${quote(name)} has no command`;
    const hint = 'add for example `command: [node, server.js]`';
    context.problems.push(problemAt(entry.keyAt, { code: 'missing-command', message, hint }));
  }
  const cwd = childOf(tree, 'cwd');
  const restart = normalizeRestart(childOf(tree, 'restart'), context.problems);
  const stop = normalizeStop(childOf(tree, 'stop'), portless, context.problems);
  // The holder of the terminal gets the signals, and passes them on.
  const tty = isTrue(childOf(tree, 'tty'));
  const spec: Omit<ServiceSpec, 'specHash'> = {
    name: serviceName(name),
    description: literalOf(childOf(tree, 'description')),
    command: command ?? { kind: 'argv', argv: [] },
    cwd: resolve(escapeTemplate(context.root), cwd ? textOf(portless(cwd)) : '.'),
    env: normalizeEnv(entry, context, port !== null),
    pool: poolOf(childOf(tree, 'pool')),
    port,
    singleton: normalizeSingleton(childOf(tree, 'singleton'), name, context),
    logQueue: literalOf(childOf(tree, 'log_queue')) ?? DEFAULT_QUEUE,
    dependsOn: normalizeDependencies(childOf(tree, 'depends_on')),
    readiness: normalizeProbe(entryAt(tree, 'readiness'), portless, context),
    liveness: normalizeProbe(entryAt(tree, 'liveness'), portless, context),
    startup: normalizeProbe(entryAt(tree, 'startup'), portless, context),
    rollout: normalizeRollout(tree, context.problems),
    restart,
    stop: tty ? { ...stop, to: 'main' } : stop,
    listen: normalizeListen(childOf(tree, 'listen'), portless, context),
    schedule: normalizeSchedule(childOf(tree, 'schedule'), restart.policy, context),
    watch: normalizeWatch(childOf(tree, 'watch'), portless, context),
    hooks: normalizeHooks(childOf(tree, 'hooks'), portless),
    limits: normalizeLimits(childOf(tree, 'limits'), context),
    profiles: normalizeProfiles(childOf(tree, 'profiles')),
    stdin: isTrue(childOf(tree, 'stdin')),
    tty,
    exitRecord: isTrue(childOf(tree, 'exit_record')),
    enabled: (childOf(tree, 'enabled') as { value?: unknown } | undefined)?.value !== false,
  };
  return command ? { ...spec, specHash: specHash(spec) } : null;
}

const entryAt = (tree: Tree, key: string): TreeEntry | undefined => entriesOf(tree).find((entry) => entry.key === key);

function normalizeCommand(
  tree: Tree | undefined,
  context: NormalizeContext,
  portless: (tree: Tree) => Tree,
): Command | null {
  if (!tree) return null;
  const command = commandOf(tree, portless);
  if (command.kind === 'argv' && command.argv[0]?.trim() === '') {
    rejectCommand(itemsOf(tree)[0]!, "the program's name is empty", 'the first item is the program', context);
  } else if (command.kind === 'shell' && command.line.startsWith('-')) {
    rejectCommand(tree, 'the command begins with a dash', 'list items need a space behind the dash: `- node`', context);
  }
  return command;
}

function rejectCommand(tree: Tree, message: string, hint: string, { problems }: NormalizeContext): void {
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint }));
}

/** `pool: 4` or `pool: { size: 4 }`. */
export function poolOf(tree: Tree | undefined): number {
  return integerOf(tree?.kind === 'map' ? childOf(tree, 'size') : tree) ?? DEFAULT_POOL;
}

function normalizeSingleton(tree: Tree | undefined, name: string, context: NormalizeContext): SingletonPolicy | null {
  const value = tree?.kind === 'scalar' ? tree.value : undefined;
  if (!tree || value === false) return null;
  const pidFile = literalOf(childOf(tree, 'pid_file'));
  const conflict = typeof value === 'string' ? value : literalOf(childOf(tree, 'on_conflict'));
  return {
    key: literalOf(childOf(tree, 'key')) ?? `${context.project}/${name}`,
    scope: (literalOf(childOf(tree, 'scope')) ?? 'user') as SingletonPolicy['scope'],
    onConflict: (conflict ?? 'replace') as SingletonPolicy['onConflict'],
    pidFile: pidFile === null ? null : resolve(context.root, pidFile),
  };
}

/** The places of the names are found again by config/check/references.ts. */
function normalizeDependencies(tree: Tree | undefined): Dependency[] {
  const named = itemsOf(tree).map(
    (item): Dependency => ({ service: serviceName(textOf(item)), condition: 'started', onLoss: 'ignore' }),
  );
  const mapped = entriesOf(tree).map(({ key, value }): Dependency => {
    const condition = value.kind === 'map' ? (literalOf(childOf(value, 'condition')) ?? 'started') : textOf(value);
    const onLoss = (literalOf(childOf(value, 'on_loss')) ?? 'ignore') as LossPolicy;
    return { service: serviceName(key), condition: condition as DependencyCondition, onLoss };
  });
  const seen = new Set<string>();
  return [...named, ...mapped].filter(({ service }) => !seen.has(service) && seen.add(service));
}

// `listen` -> addresses. Nothing is bound here; what two services share is found by config/check/conflicts.ts.

/** `host:port` or `[host]:port`; everything else is a path of a socket. */
const TCP = /^(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]]+)):(\d{1,5})$/;
/** What an address family of the kernel holds (sockaddr_un), less its end. */
const MAX_PATH_BYTES = 103;

/** @param portless fills in `${PORT}` for a service without a port. */
function normalizeListen(
  tree: Tree | undefined,
  portless: (tree: Tree) => Tree,
  { root, problems }: Pick<NormalizeContext, 'root' | 'problems'>,
): ListenAddress[] {
  const refuse = (at: Tree, message: string, hint: string): void => {
    problems.push(problemAt(at.at, { code: 'bad-value', message, hint }));
  };
  return itemsOf(tree).flatMap((item) => {
    const filled = portless(item);
    const [variable] = variablesOf(textOf(filled));
    if (variable) {
      const message = `the whole pool shares the socket, but ${quote(variable.name)} differs from instance to instance`;
      refuse(item, message, 'write the address itself; take `port` out when the sockets are held');
      return [];
    }
    return addressOf(literalOf(filled) ?? textOf(filled), root, (message, hint) => refuse(item, message, hint));
  });
}

function addressOf(text: string, root: string, refuse: (message: string, hint: string) => void): ListenAddress[] {
  const tcp = TCP.exec(text);
  if (tcp) {
    const [, six, host, port] = tcp;
    if (Number(port) >= 1 && Number(port) <= 65_535)
      return [{ kind: 'tcp', host: six ?? (host === '*' ? '0.0.0.0' : host!), port: Number(port), name: port! }];
    refuse(`${quote(text)} has no port from 1 to 65535`, 'for example "127.0.0.1:8000"');
    return [];
  }
  if (!text.includes('/')) {
    refuse(`${quote(text)} is no address and no path`, 'for example "127.0.0.1:8000" or "./api.sock"');
    return [];
  }
  const path = resolve(root, text);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    refuse(`the socket path ${quote(path)} is too long`, `at most ${MAX_PATH_BYTES} bytes`);
    return [];
  }
  return [{ kind: 'unix', path, name: basename(path).replaceAll(':', '_') }];
}
