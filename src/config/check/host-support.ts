// `tty` needs a package with a native part, and a process between orch and the program: what does not go with that is told
// at load instead of at the first start.

import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { literalOf } from '../normalize/normalize-context.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { childOf, descend, entriesOf, placesIn, type Tree } from '../tree/tree.ts';

/** @param missing why this machine has no pseudo-terminals for us; null: it has */
export function checkTerminals(config: ProjectConfig, tree: Tree, missing = whyPtyIsMissing): Problem[] {
  const services = config.services.filter(({ tty }) => tty);
  if (services.length === 0) return [];
  const placeOf = placesIn(tree);
  const reason = missing();
  return services.flatMap((spec) => {
    const clashes = keyConflictProblems(spec, tree, ttyConflicts(spec), 'tty', 'tty-clash');
    if (reason === null) return clashes;
    const message = `\`tty\` is not to be had here: ${reason}`;
    const hint = 'install the optional package @lydell/node-pty, or take `tty` out';
    return [
      problemAt(placeOf(['services', spec.name, 'tty']), { code: 'not-supported-here', message, hint }),
      ...clashes,
    ];
  });
}

function ttyConflicts({ stdin, listen, exitRecord }: ServiceSpec): KeyConflict[] {
  const clashes: KeyConflict[] = [];
  if (stdin) clashes.push(['stdin', 'the program reads from its terminal']);
  if (listen.length > 0) clashes.push(['listen', 'sockets cannot be passed on through a terminal']);
  if (exitRecord) clashes.push(['exit_record', 'the process that holds the terminal must be the main one']);
  return clashes;
}

/** As os/tty/pty.ts, which this must not import. */
function whyPtyIsMissing(): string | null {
  if (process.platform === 'win32') return 'pseudo-terminals are not supported on Windows';
  try {
    createRequire(import.meta.url)('@lydell/node-pty');
    return null;
  } catch {
    return 'the package @lydell/node-pty is not installed, or not made for this system';
  }
}

// Keys of one service that do not go together, each told at its place.

/** A key of the service, dots between its parts, and why it cannot stand beside the other. */
type KeyConflict = [key: string, why: string];

/** @param other the key that they clash with; @param code of the problems */
function keyConflictProblems(
  spec: ServiceSpec,
  tree: Tree,
  clashes: KeyConflict[],
  other: string,
  code: string,
): Problem[] {
  const placeOf = placesIn(tree);
  return clashes.map(([key, why]) =>
    problemAt(placeOf(['services', spec.name, ...key.split('.')]), {
      code,
      message: `\`${key}\` does not go with \`${other}\`: ${why}`,
      hint: 'take one of the two out',
    }),
  );
}

// `exit_record` puts a shell between orch and the program: what is meant for the main process alone would not reach it.

export function checkExitRecord(config: ProjectConfig, tree: Tree): Problem[] {
  return config.services
    .filter(({ exitRecord }) => exitRecord)
    .flatMap((spec) => keyConflictProblems(spec, tree, exitRecordConflicts(spec), 'exit_record', 'exit-record-clash'));
}

function exitRecordConflicts({ stop, singleton, tty }: ServiceSpec): KeyConflict[] {
  const clashes: KeyConflict[] = [];
  if (stop.to === 'main' && !tty)
    clashes.push(['stop.to', 'the main process is the shell that writes the record down']);
  if (singleton?.pidFile) clashes.push(['singleton.pid_file', 'the pid would be that of the shell']);
  return clashes;
}

// `notify` probes need a program that holds the socket: better to say so at load than at the first start.

/** As os/sockets/notify-relay.ts, which this must not import. */
const NOTIFY_PROGRAMS = ['perl', 'python3'];

/** @param path the PATH that orch runs with */
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
    return false; // not there, or not for us: the next directory may have it
  }
}

// Files of secrets that more people can read than the one who runs orch.

const GROUP_AND_OTHERS = 0o077;

/**
 * A file that is not there yet is no mistake: it may be made by the time that something starts.
 * @param root directory of the project, absolute
 */
export function checkSecretFiles(tree: Tree, root: string): Problem[] {
  return secretPlaces(tree).flatMap((place) => checkFile(place, root));
}

/** Where files of secrets are named, of the project and of every service, each once. */
export function secretPlaces(tree: Tree): Tree[] {
  const envs = [
    childOf(tree, 'env'),
    ...entriesOf(childOf(tree, 'services')).map(({ value }) => childOf(value, 'env')),
  ];
  const places = envs.flatMap((env) => entriesOf(env).map(({ value }) => childOf(value, 'secret')));
  return [...new Set(places)].filter((place) => place !== undefined);
}

/** A path that differs by instance is no literal and is not looked at. */
function checkFile(place: Tree, root: string): Problem[] {
  const named = literalOf(place);
  const mode = named === null ? null : modeOf(resolve(root, named));
  if (named === null || mode === null || (mode & GROUP_AND_OTHERS) === 0) return [];
  const message = `the secret file ${quote(named)} is open to other users (mode ${mode.toString(8).padStart(3, '0')})`;
  return [warningAt(place.at, { code: 'open-secret', message, hint: `chmod 600 ${named}` })];
}

/** @returns null: not there, or a system without such modes. */
function modeOf(path: string): number | null {
  if (process.platform === 'win32') return null;
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return null; // missing or out of reach: the start will say so
  }
}
