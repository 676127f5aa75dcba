// Where a project keeps its files, and the mark of its processes. Shared by clients, the supervisor and the log writer; creates nothing.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the final NUL included. */
const MAX_SOCKET_PATH_BYTES = 103;

export type ProjectPaths = {
  /** Directory of procs.yaml, absolute and resolved. */
  root: string;
  /** `.orch/`, mode 0700, ignores itself in git. */
  stateDir: string;
  stateFile: string;
  eventsFile: string;
  supervisorLog: string;
  lockFile: string;
  runDir: string;
  fifoDir: string;
  /** Where sockets lie: `runDir`, or an own directory under the temporary one when the path would be too long. */
  socketDir: string;
  socket: string;
  logSocket: string;
  /** Where the keeper of held sockets gives them out. */
  keeperSocket: string;
  /** Default directory of queue files. */
  logsDir: string;
};

/**
 * @param root absolute, symlinks resolved: the same project must give the same paths whatever way it is reached.
 */
export function projectPaths(root: string): ProjectPaths {
  const stateDir = join(root, '.orch');
  const runDir = join(stateDir, 'run');
  const socketDir = Buffer.byteLength(join(runDir, 'orch.sock')) <= MAX_SOCKET_PATH_BYTES ? runDir : shortDir(root);
  return {
    root,
    stateDir,
    stateFile: join(stateDir, 'state.json'),
    eventsFile: join(stateDir, 'events.jsonl'),
    supervisorLog: join(stateDir, 'supervisor.log'),
    lockFile: join(stateDir, 'lock'),
    runDir,
    fifoDir: join(runDir, 'fifo'),
    socketDir,
    socket: join(socketDir, 'orch.sock'),
    logSocket: join(socketDir, 'logs.sock'),
    keeperSocket: join(socketDir, 'held.sock'),
    logsDir: join(stateDir, 'logs'),
  };
}

function shortDir(root: string): string {
  // Not imported: nearly no project needs it, and every `orch ps` would pay 3 ms for it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `orch-${process.getuid?.() ?? 'user'}-${hash}`);
}

/** With what the ORCH_NONCE of every process of the project begins. @param root of the project, symlinks resolved. */
export function noncePrefix(root: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return `${createHash('sha256').update(root).digest('hex').slice(0, 12)}.`;
}

/** The instance's two FIFOs. */
export function fifoPaths(paths: ProjectPaths, instance: string): { out: string; err: string } {
  return { out: join(paths.fifoDir, `${instance}.out`), err: join(paths.fifoDir, `${instance}.err`) };
}

/** Where one attaches to an instance with `tty: true`: as short as the name of our own socket, whose place was chosen for it. */
export function terminalPath(paths: ProjectPaths, instance: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return join(paths.socketDir, `t${createHash('sha256').update(instance).digest('base64url').slice(0, 8)}`);
}

/** What an instance with `stdin: true` reads. */
export function inputPath(paths: ProjectPaths, instance: string): string {
  return join(paths.fifoDir, `${instance}.in`);
}
