// Where a project keeps its files, and the mark of its processes. Shared by clients, the supervisor and the log writer.
// It computes paths and creates nothing.
import { existsSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { defaultStateDir, projectPathOf } from '../core/project-path.ts';

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the final NUL included. */
const MAX_SOCKET_PATH_BYTES = 103;

export type ProjectPaths = {
  /** Directory of procs.yaml, absolute and resolved. */
  root: string;
  /** By which the project is known: that of its file, or `root` for a procs.yaml. */
  path: string;
  /** `.orch/` if it was not moved, mode 0700, with a .gitignore of its own. */
  stateDir: string;
  /** The same where a command moved it; null: next to the file. */
  movedStateDir: string | null;
  stateFile: string;
  /** Chosen ports, while the project is down. */
  portsFile: string;
  eventsFile: string;
  supervisorLog: string;
  lockFile: string;
  runDir: string;
  fifoDir: string;
  /** The directory of sockets: `runDir`, or one in /tmp, whatever TMPDIR is, if the path would be too long. */
  socketDir: string;
  socket: string;
  logSocket: string;
  /** The socket of the process that keeps listening sockets. */
  keeperSocket: string;
  /** The socket of the process that holds the IPC channels of programs. */
  channelSocket: string;
  /** Default directory of queue files. */
  logsDir: string;
};

/** @param stateDir absolute; null: next to the file */
export function pathsOfFile(file: string, stateDir: string | null): ProjectPaths {
  const root = dirname(file);
  const own = stateDir ?? join(root, defaultStateDir(file));
  // An earlier version kept the state of every file in `.orch`, and knew its processes by the directory.
  const path = own === join(root, '.orch') ? root : projectPathOf(file);
  const movedStateDir = own === join(root, defaultStateDir(file)) ? null : own;
  return { ...projectPaths(root, own, path), movedStateDir };
}

/** @param root absolute */
export function projectPaths(root: string, stateDir = join(root, '.orch'), path = root): ProjectPaths {
  const runDir = join(stateDir, 'run');
  const named = stateDir === join(root, '.orch') ? root : stateDir;
  const socketDir = Buffer.byteLength(join(runDir, 'orch.sock')) <= MAX_SOCKET_PATH_BYTES ? runDir : shortDir(named);
  return {
    root,
    path,
    stateDir,
    movedStateDir: null,
    stateFile: join(stateDir, 'state.json'),
    portsFile: join(stateDir, 'ports.json'),
    eventsFile: join(stateDir, 'events.jsonl'),
    supervisorLog: join(stateDir, 'supervisor.log'),
    lockFile: join(stateDir, 'lock'),
    runDir,
    fifoDir: join(runDir, 'fifo'),
    socketDir,
    socket: join(socketDir, 'orch.sock'),
    logSocket: join(socketDir, 'logs.sock'),
    keeperSocket: join(socketDir, 'held.sock'),
    channelSocket: join(socketDir, 'ipc.sock'),
    logsDir: join(stateDir, 'logs'),
  };
}

/** Of the usual state directory the root is hashed, as in earlier versions. */
function shortDir(named: string): string {
  const name = `orch-${process.getuid?.() ?? 'user'}-${hashOfPath(named, 16)}`;
  // An earlier version used the TMPDIR of the caller: its supervisor and log writer may still run.
  const former = join(tmpdir(), name);
  const isShared = process.platform !== 'win32' && !existsSync(join(former, 'logs.sock'));
  return isShared ? join('/tmp', name) : former;
}

/** The prefix of ORCH_NONCE in every process of the project. @param path by which the project is known */
export function noncePrefix(path: string): string {
  return `${hashOfPath(path, 12)}.`;
}

/** @param digits hexadecimal ones of the SHA-256 */
export function hashOfPath(path: string, digits: number): string {
  // Not imported: nearly no command needs it, and every `orch ps` would pay 3 ms for it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(path).digest('hex').slice(0, digits);
}

/** Older events, once the file has grown too large. */
export const rotatedEventsFile = (eventsFile: string): string => `${eventsFile}.1`;

/**
 * The prefixes of the nonces that a project may have given: its own, and that of its directory without links, by which an
 * earlier version knew it, and by which it was known if it was started there.
 */
export function projectMarks({ path, root }: Pick<ProjectPaths, 'path' | 'root'>): string[] {
  const known = path === root ? [path, resolveLinks(root)] : [path];
  return [...new Set(known)].map(noncePrefix);
}

/** @returns the directory itself where it does not exist */
export function resolveLinks(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}

/** The generations so far. */
export const historyFile = ({ stateDir }: ProjectPaths): string => join(stateDir, 'history.json');

/** The instance's two FIFOs. */
export function fifoPaths(paths: ProjectPaths, instance: string): { out: string; err: string } {
  return { out: join(paths.fifoDir, `${instance}.out`), err: join(paths.fifoDir, `${instance}.err`) };
}

/** The socket of the terminal of an instance (`tty: true`). Its name is as short as `orch.sock`, for the same limit. */
export function terminalPath(paths: ProjectPaths, instance: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return join(paths.socketDir, `t${createHash('sha256').update(instance).digest('base64url').slice(0, 8)}`);
}

/** The FIFO that an instance with `stdin: true` reads. */
export function inputPath(paths: ProjectPaths, instance: string): string {
  return join(paths.fifoDir, `${instance}.in`);
}

/** Carries the soft limit of open files of the shell from `orch up` to the supervisor and its successors. */
export const CALLER_LIMIT_VARIABLE = 'ORCH_CALLER_NOFILE';
