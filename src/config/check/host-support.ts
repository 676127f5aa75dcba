// Keys that this machine or other keys of the service do not allow: `tty`, `exit_record`, `notify` probes, messages, secret
// files.
// Such a conflict is reported at load instead of at the first start.
import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { withoutNulls } from '../tree/merge.ts';
import { childOf, descend, entriesOf, literalOf, placeOf, type Tree } from '../tree/tree.ts';

/** @param findReason why this machine has no pseudo-terminals; null: it has */
export function checkTerminals(config: ProjectConfig, tree: Tree, findReason = whyPtyIsMissing): Problem[] {
  const services = config.services.filter(({ tty }) => tty);
  if (services.length === 0) return [];
  const reason = findReason();
  return services.flatMap((spec) => {
    const conflicts = keyConflictProblems(spec, tree, ttyConflicts(spec), 'tty', 'tty-clash');
    if (reason === null) return conflicts;
    const message = `\`tty\` is not supported here: ${reason}`;
    const hint = 'install the optional package @lydell/node-pty, or remove `tty`';
    const at = placeOf(tree, ['services', spec.name, 'tty']);
    return [problemAt(at, { code: 'not-supported-here', message, hint }), ...conflicts];
  });
}

function ttyConflicts(spec: ServiceSpec): KeyConflict[] {
  const { stdin, listen, exitRecord, stderrQueue } = spec;
  const conflicts: KeyConflict[] = [];
  if (stdin) conflicts.push(['stdin', 'the program reads from its terminal']);
  if (stderrQueue !== null) conflicts.push(['stderr_queue', 'a terminal has one stream']);
  if (listen.length > 0) conflicts.push(['listen', 'sockets cannot be passed on through a terminal']);
  if (exitRecord) conflicts.push(['exit_record', 'the process that holds the terminal must be the main one']);
  for (const key of messageKeys(spec)) conflicts.push([key, 'an IPC channel cannot be passed on through a terminal']);
  return conflicts;
}

/** The keys for which a program gets an IPC channel. */
function messageKeys(spec: ServiceSpec): string[] {
  const probes = (['startup', 'readiness'] as const).filter((key) =>
    spec[key]?.checks.some(({ kind }) => kind === 'ipc'),
  );
  return [...probes.map((key) => `${key}.ipc`), ...(spec.stop.message === undefined ? [] : ['stop.message'])];
}

/** Only a process of Node itself can pass a channel on under Windows, where it is not a descriptor. */
export function checkMessages(config: ProjectConfig, tree: Tree, system: string = process.platform): Problem[] {
  if (system !== 'win32') return [];
  return config.services.flatMap((spec) =>
    messageKeys(spec).map((key) =>
      problemAt(descend(tree, ['services', spec.name, ...key.split('.')]).tree.at, {
        code: 'not-supported-here',
        message: `\`${key}\` is not supported on Windows`,
        hint: 'use another probe, or a stop command',
      }),
    ),
  );
}

/** As in os/tty/pty.ts, which config must not import. */
function whyPtyIsMissing(): string | null {
  if (process.platform === 'win32') return 'pseudo-terminals are not supported on Windows';
  try {
    createRequire(import.meta.url)('@lydell/node-pty');
    return null;
  } catch {
    return 'the package @lydell/node-pty is not installed, or not built for this system';
  }
}

/** `exit_record` puts a shell between orch and the program: what is meant for the main process alone would not reach it. */
export function checkExitRecord(config: ProjectConfig, tree: Tree): Problem[] {
  return config.services
    .filter(({ exitRecord }) => exitRecord)
    .flatMap((spec) => keyConflictProblems(spec, tree, exitRecordConflicts(spec), 'exit_record', 'exit-record-clash'));
}

function exitRecordConflicts({ singleton }: ServiceSpec): KeyConflict[] {
  const conflicts: KeyConflict[] = [];
  if (singleton?.pidFile) conflicts.push(['singleton.pid_file', 'the pid would be that of the shell']);
  return conflicts;
}

/** A key of the service, with dots between its parts, and why it does not go with the other key. */
type KeyConflict = [key: string, why: string];

/** @param other the key that they conflict with; @param code of the problems */
function keyConflictProblems(
  spec: ServiceSpec,
  tree: Tree,
  conflicts: KeyConflict[],
  other: string,
  code: string,
): Problem[] {
  return conflicts.map(([key, why]) =>
    problemAt(placeOf(tree, ['services', spec.name, ...key.split('.')]), {
      code,
      message: `\`${key}\` does not go with \`${other}\`: ${why}`,
      hint: 'remove one of them',
    }),
  );
}

/** What a program that changes its user cannot reach. */
export function checkUsers(config: ProjectConfig, tree: Tree): Problem[] {
  return config.services
    .filter(({ user }) => user !== null)
    .flatMap((spec) => keyConflictProblems(spec, tree, userConflicts(spec), 'user', 'user-clash'));
}

function userConflicts(spec: ServiceSpec): KeyConflict[] {
  const conflicts: KeyConflict[] = [];
  if (spec.tty) conflicts.push(['tty', 'the terminal belongs to the user of orch itself']);
  for (const key of ['startup', 'readiness', 'liveness'] as const)
    if (spec[key]?.checks.some(({ kind }) => kind === 'notify'))
      conflicts.push([`${key}.notify`, 'its socket belongs to the user of orch itself']);
  return conflicts;
}

/** The programs that can hold the socket of a `notify` probe: as in os/sockets/notify-relay.ts, which config must not import. */
const NOTIFY_PROGRAMS = ['perl', 'python3'];

/** @param path the PATH of orch */
export function checkNotify(config: ProjectConfig, tree: Tree, path: string): Problem[] {
  const uses = config.services.flatMap((spec) =>
    (['startup', 'readiness', 'liveness'] as const)
      .filter((key) => spec[key]?.checks.some(({ kind }) => kind === 'notify'))
      .map((key) => ['services', spec.name, key, 'notify']),
  );
  if (uses.length === 0 || NOTIFY_PROGRAMS.some((program) => isOnPath(program, path))) return [];
  return uses.map((place) =>
    problemAt(descend(tree, place).tree.at, {
      code: 'not-supported-here',
      message: '`notify` needs perl or python3 to hold its socket, and neither is on PATH',
      hint: 'install one of them, or use another probe',
    }),
  );
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((directory) => directory !== '' && isExecutable(join(directory, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // missing or not executable: the next directory may have it
  }
}

const GROUP_AND_OTHERS = 0o077;

/** Secret files that other users can read. A missing file is not a problem: it may exist by the time of the start. */
export function checkSecretFiles({ root }: ProjectConfig, tree: Tree): Problem[] {
  return secretPaths(tree).flatMap(({ path, isSecret }) => (isSecret ? checkSecretFile(path, root) : []));
}

/** The files that secrets name, of the project and of every service, each once. `isSecret`: not one that is encrypted. */
export function secretPaths(tree: Tree): { path: Tree; isSecret: boolean }[] {
  const envs = [
    childOf(tree, 'env'),
    ...entriesOf(childOf(tree, 'services')).map(({ value }) => childOf(value, 'env')),
  ];
  const secrets = envs.flatMap((env) => entriesOf(env).flatMap(({ value }) => childOf(value, 'secret') ?? []));
  return [...new Set(secrets)].map(withoutNulls).flatMap((secret) => {
    if (secret.kind !== 'map') return [{ path: secret, isSecret: true }];
    const [file, identity] = [childOf(secret, 'file'), childOf(secret, 'identity')];
    const isEncrypted = childOf(secret, 'with') !== undefined;
    return [
      ...(file ? [{ path: file, isSecret: !isEncrypted }] : []),
      ...(identity ? [{ path: identity, isSecret: true }] : []),
    ];
  });
}

/** A path that differs by instance is not a literal, and is not checked. */
function checkSecretFile(place: Tree, root: string): Problem[] {
  const named = literalOf(place);
  const mode = named === null ? null : modeOf(resolve(root, named));
  if (named === null || mode === null || (mode & GROUP_AND_OTHERS) === 0) return [];
  const message = `the secret file ${quote(named)} is open to other users (mode ${mode.toString(8).padStart(3, '0')})`;
  return [warningAt(place.at, { code: 'open-secret', message, hint: `chmod 600 ${named}` })];
}

/** @returns null: the file is missing, or the system has no such modes. */
function modeOf(path: string): number | null {
  if (process.platform === 'win32') return null;
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return null; // missing or unreadable: the start reports it
  }
}
