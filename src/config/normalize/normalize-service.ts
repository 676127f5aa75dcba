// One valid service of the merged tree -> ServiceSpec: shorthands expanded, defaults filled in, units turned into numbers.
import { basename, resolve } from 'node:path';
import { parsePortReference } from '../../core/ports.ts';
import {
  type Command,
  type Dependency,
  type DependencyCondition,
  type ListenAddress,
  type LossPolicy,
  type SecretSource,
  type ServiceSpec,
  type SingletonPolicy,
  serviceName,
} from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { DEFAULT_POOL, DEFAULT_QUEUE, DEFAULT_READY_AFTER } from '../schema/defaults.ts';
import { specHash } from '../schema/spec-hash.ts';
import { LAST_PORT } from '../tree/instance-variables.ts';
import { escapeTemplate, variablesOf } from '../tree/template.ts';
import {
  childOf,
  entriesOf,
  integerOf,
  isTrue,
  itemsOf,
  literalOf,
  type Tree,
  type TreeEntry,
  textOf,
} from '../tree/tree.ts';
import { durationOf, type NormalizeContext, reportBadValue } from './normalize-context.ts';
import { normalizeEnv } from './normalize-env.ts';
import { commandOf, normalizeProbe } from './normalize-probe.ts';
import { normalizeRunAs } from './normalize-run-as.ts';
import { normalizeSchedule } from './normalize-schedule.ts';
import { normalizeEnds, normalizeRestart, normalizeRollout, normalizeStop } from './policies.ts';
import { namesOf, normalizeHooks, normalizeLimits, normalizeReload, normalizeWatch } from './schedule-watch.ts';

/** @returns null for a service without a command; the problems say why. */
export function normalizeService(entry: TreeEntry, project: NormalizeContext): ServiceSpec | null {
  const { key: name, value: tree } = entry;
  const port = portDeclared(childOf(tree, 'port'));
  const context = port === null ? project : { ...project, expandPort: (part: Tree) => part };
  const { root, problems } = context;
  const command = normalizeCommand(childOf(tree, 'command'), context);
  if (!command && !context.rejectedCommands.has(name)) {
    const message = `the service ${quote(name)} has no command`;
    const hint = 'add for example `command: [node, server.js]`';
    problems.push(problemAt(entry.keyAt, { code: 'missing-command', message, hint }));
  }
  const cwd = childOf(tree, 'cwd');
  const readyAfterMs = durationOf(childOf(tree, 'ready_after'), DEFAULT_READY_AFTER, context);
  const restart = normalizeRestart(tree, context);
  const stop = normalizeStop(childOf(tree, 'stop'), context);
  const tty = isTrue(childOf(tree, 'tty'));
  const spec: Omit<ServiceSpec, 'specHash' | 'usesPorts'> = {
    name: serviceName(name),
    title: literalOf(childOf(tree, 'title')),
    description: literalOf(childOf(tree, 'description')),
    tags: namesOf(childOf(tree, 'tags')),
    command: command ?? { kind: 'argv', argv: [] },
    cwd: resolve(escapeTemplate(root), cwd ? textOf(context.expandPort(cwd)) : '.'),
    env: normalizeEnv(entry, context, port !== null),
    pool: poolOf(childOf(tree, 'pool')),
    port,
    singleton: normalizeSingleton(childOf(tree, 'singleton'), name, context),
    logQueue: literalOf(childOf(tree, 'log_queue')) ?? DEFAULT_QUEUE,
    stderrQueue: literalOf(childOf(tree, 'stderr_queue')),
    dependsOn: normalizeDependencies(childOf(tree, 'depends_on'), context),
    readiness: normalizeProbe(entryAt(tree, 'readiness'), context),
    readyAfterMs,
    liveness: normalizeProbe(entryAt(tree, 'liveness'), context),
    startup: normalizeProbe(entryAt(tree, 'startup'), context),
    rollout: normalizeRollout(tree, readyAfterMs, context),
    restart,
    successCodes: successCodesOf(childOf(tree, 'success_codes')),
    ...normalizeEnds(tree, restart, context),
    // The process that holds the terminal gets the signals, and passes them on.
    stop: tty ? { ...stop, to: 'main' } : stop,
    listen: itemsOf(childOf(tree, 'listen')).flatMap((item) => normalizeAddress(item, context)),
    schedule: normalizeSchedule(childOf(tree, 'schedule'), restart.policy, context),
    timeoutMs: timeoutOf(childOf(tree, 'timeout'), context),
    watch: normalizeWatch(tree, context),
    reload: normalizeReload(childOf(tree, 'reload'), context),
    hooks: normalizeHooks(childOf(tree, 'hooks'), context),
    limits: normalizeLimits(childOf(tree, 'limits'), context),
    profiles: namesOf(childOf(tree, 'profiles')),
    stdin: isTrue(childOf(tree, 'stdin')),
    tty,
    ...normalizeRunAs(tree, context),
    exitRecord: isTrue(childOf(tree, 'exit_record')),
    start: literalOf(childOf(tree, 'start')) === 'manual' ? 'manual' : 'auto',
    enabled: (childOf(tree, 'enabled') as { value?: unknown } | undefined)?.value !== false,
  };
  if (!command) return null;
  const whole = { ...spec, usesPorts: portsUsedBy(spec) };
  return { ...whole, specHash: specHash(whole) };
}

function portDeclared(tree: Tree | undefined): number | 'auto' | null {
  return integerOf(tree) ?? (literalOf(tree) === 'auto' ? 'auto' : null);
}

/** References to ports where a change needs a new process. */
function portsUsedBy({ command, cwd, env }: Pick<ServiceSpec, 'command' | 'cwd' | 'env'>): string[] {
  const values = Object.values(env).flatMap((value) =>
    typeof value === 'string' ? value : secretTemplates(value.secret),
  );
  const templates = [...(command.kind === 'argv' ? command.argv : []), cwd, ...values];
  const names = templates.flatMap((text) => (text.includes('.port') ? variablesOf(text) : [])).map(({ name }) => name);
  return [...new Set(names.filter((name) => parsePortReference(name) !== null))].sort();
}

function secretTemplates(source: SecretSource): string[] {
  if (typeof source === 'string') return [source];
  switch (source.kind) {
    case 'command':
      return source.command.kind === 'argv' ? source.command.argv : [];
    case 'sops':
      return source.key === null ? [source.file] : [source.file, source.key];
    case 'age':
      return [source.file, source.identity];
    case 'variable':
      return [];
  }
}

const entryAt = (tree: Tree, key: string): TreeEntry | undefined =>
  tree.kind === 'map' ? tree.entries.get(key) : undefined;

function normalizeCommand(tree: Tree | undefined, context: NormalizeContext): Command | null {
  if (!tree) return null;
  const command = commandOf(tree, context);
  if (command.kind === 'argv' && command.argv[0]?.trim() === '') {
    reportBadValue(context, itemsOf(tree)[0]!, "the program's name is empty", 'the first item is the program');
  } else if (command.kind === 'shell' && command.line.startsWith('-')) {
    const hint = 'list items need a space after the dash: `- node`';
    reportBadValue(context, tree, 'the command begins with a dash', hint);
  }
  return command;
}

function timeoutOf(tree: Tree | undefined, context: NormalizeContext): number | null {
  if (!tree) return null;
  const timeoutMs = durationOf(tree, '0s', context);
  if (timeoutMs > 0) return timeoutMs;
  reportBadValue(context, tree, '`timeout` of 0 lets nothing run', 'remove it for no limit, or write for example 10m');
  return null;
}

function successCodesOf(tree: Tree | undefined): number[] | null {
  const codes = new Set(itemsOf(tree).flatMap((item) => integerOf(item) ?? []));
  return tree ? [...codes].sort((a, b) => a - b) : null;
}

/** `pool: 4` or `pool: { size: 4 }`. */
function poolOf(tree: Tree | undefined): number {
  return integerOf(tree?.kind === 'map' ? childOf(tree, 'size') : tree) ?? DEFAULT_POOL;
}

function normalizeSingleton(tree: Tree | undefined, name: string, context: NormalizeContext): SingletonPolicy | null {
  const value = tree?.kind === 'scalar' ? tree.value : undefined;
  if (!tree || value === false) return null;
  const pidFile = literalOf(childOf(tree, 'pid_file'));
  const conflict = typeof value === 'string' ? value : literalOf(childOf(tree, 'on_conflict'));
  const key = literalOf(childOf(tree, 'key'));
  return {
    key: key ?? `${context.projectPath}/${name}`,
    formerKey: key === null ? `${context.formerProject}/${name}` : null,
    scope: (literalOf(childOf(tree, 'scope')) ?? 'user') as SingletonPolicy['scope'],
    onConflict: (conflict ?? 'replace') as SingletonPolicy['onConflict'],
    pidFile: pidFile === null ? null : resolve(context.root, pidFile),
  };
}

function normalizeDependencies(tree: Tree | undefined, context: NormalizeContext): Dependency[] {
  const named = itemsOf(tree).map(
    (item): Dependency => ({ service: serviceName(textOf(item)), condition: 'started', onLoss: 'ignore' }),
  );
  const mapped = entriesOf(tree).map(({ key, value }): Dependency => {
    const condition = value.kind === 'map' ? (literalOf(childOf(value, 'condition')) ?? 'started') : textOf(value);
    const onLoss = (literalOf(childOf(value, 'on_loss')) ?? 'ignore') as LossPolicy;
    const required = childOf(value, 'required');
    const isOptional = required !== undefined && !isTrue(required);
    if (isOptional && onLoss === 'hold') {
      const message = '`required: false` does not go with `on_loss: hold`, which needs the dependency';
      reportBadValue(context, required, message, 'use `on_loss: restart` or `ignore`');
    }
    const dependency = { service: serviceName(key), condition: condition as DependencyCondition, onLoss };
    return isOptional ? { ...dependency, required: false } : dependency;
  });
  const seen = new Set<string>();
  return [...named, ...mapped].filter(({ service }) => !seen.has(service) && seen.add(service));
}

/** `host:port` or `[host]:port`; every other form is the path of a socket. */
const TCP = /^(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]]+)):(\d{1,5})$/;
/** The length of a path in the kernel's sockaddr_un, without its final NUL. */
const MAX_PATH_BYTES = 103;

/** One item of `listen`. Nothing is bound here; config/check/conflicts.ts finds addresses of two services. */
function normalizeAddress(item: Tree, context: NormalizeContext): ListenAddress[] {
  const expanded = context.expandPort(item);
  const [variable] = variablesOf(textOf(expanded));
  if (variable) {
    const because = parsePortReference(variable.name)
      ? 'is chosen for another socket'
      : 'differs from instance to instance';
    const message = `the whole pool shares the socket, but ${quote(variable.name)} ${because}`;
    reportBadValue(context, item, message, 'write the address itself; `listen` needs no `port`');
    return [];
  }
  const text = literalOf(expanded) ?? textOf(expanded);
  const tcp = TCP.exec(text);
  if (tcp) return tcpAddress(tcp, item, context);
  if (!text.includes('/')) {
    const message = `${quote(text)} is neither an address nor a path`;
    reportBadValue(context, item, message, 'for example "127.0.0.1:8000" or "./api.sock"');
    return [];
  }
  const path = resolve(context.root, text);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    reportBadValue(context, item, `the socket path ${quote(path)} is too long`, `at most ${MAX_PATH_BYTES} bytes`);
    return [];
  }
  return [{ kind: 'unix', path, name: basename(path).replaceAll(':', '_') }];
}

function tcpAddress(
  [text, six, host, digits]: RegExpExecArray,
  item: Tree,
  context: NormalizeContext,
): ListenAddress[] {
  const port = Number(digits);
  if (port >= 1 && port <= LAST_PORT)
    return [{ kind: 'tcp', host: six ?? (host === '*' ? '0.0.0.0' : host!), port, name: digits! }];
  reportBadValue(context, item, `${quote(text)} has no port from 1 to ${LAST_PORT}`, 'for example "127.0.0.1:8000"');
  return [];
}
