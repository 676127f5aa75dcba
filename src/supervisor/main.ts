// Entry of the supervisor process: reads the first configuration from stdin, takes the project's lock, then serves until it is
// told to go down. `orch up` starts it; fd 3 carries one JSON line back: {"ready":true,"pid"} or {"error":WireError}.
import { closeSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ProjectPaths, pathsOfFile, projectMarks } from '../api/paths.ts';
import type { Leftover, WireError } from '../api/protocol.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import { errorText } from '../os/errors.ts';
import { UnsafeDirectoryError } from '../os/private-dir.ts';
import { closeInheritedFiles, reopenCloseOnExec } from '../os/spawn/inherited-files.ts';
import { reapContainerOrphans } from '../os/spawn/reaper.ts';
import { readStateFile } from '../os/state-file.ts';
import { linkFollower } from './adoption/follow-link.ts';
import { environmentIn } from './adoption/previous-state.ts';
import { lockProject } from './adoption/project-lock.ts';
import { forgetPlace, recordPlace } from './adoption/recorded-place.ts';
import {
  type FirstMessage,
  readFirstMessage,
  reportPredecessors,
  restartAfterFault,
} from './adoption/restart-after-fault.ts';
import { guardStateDir } from './adoption/state-dir-guard.ts';
import { type ApiServer, type MethodTable, serve } from './api/api-server.ts';
import { createMethods } from './api/methods.ts';
import { findEnvironmentConflict } from './config/environment-guard.ts';
import { Supervisor } from './supervisor.ts';

const READY_FD = 3;
/** `orch up` reads the one answer from it; null: started by hand. */
let readyFd: number | null = null;
/** Descriptor 3 stays open until the launcher owns us or is gone. */
let isLauncherWatched = false;

async function main(): Promise<void> {
  closeInheritedFiles([READY_FD]);
  reapContainerOrphans();
  readyFd = ownReadyFd();
  const { values } = parseArgs({
    options: {
      root: { type: 'string' },
      file: { type: 'string' },
      env: { type: 'string' },
      'state-dir': { type: 'string' },
    },
  });
  const { root, file } = values;
  if (!root || !file) throw new Error('the supervisor is started by `orch up`');
  const first = await readFirstMessage();
  // The client rejected the configuration and closed stdin: nothing was touched.
  if (!first) return;
  const paths = pathsOfFile(join(root, basename(first.file ?? file)), values['state-dir'] ?? null);
  const lock = await lockProject(paths, first.file ?? file, first.waitMs ?? 0);
  if ('refused' in lock) {
    answer({ error: { code: lock.code, message: lock.refused } });
    process.exitCode = 4;
    return;
  }
  const { accepted, only, faults = [] } = first;
  const conflict = await conflictWithPrevious(paths, first);
  if (conflict) {
    lock.release();
    answer({ error: conflict });
    process.exitCode = 4;
    return;
  }
  const supervisor = new Supervisor({
    paths,
    file: first.file ?? file,
    marks: [...projectMarks(paths), ...lock.formerMarks],
    accepted: accepted ?? emptyConfig(root),
    only,
    by: first.by ?? (first.revived || faults.length > 0 ? 'recovery' : 'up'),
    earlier: first.earlier ?? {},
    mayStart: () => !lock.isReplaced(),
    onProjectEnd: () => void untilViewed().then(() => goDown()),
  });
  let api: ApiServer | null = null;
  const freeze = (staysGuarded = false): void => {
    supervisor.freeze({ staysGuarded });
    api?.freeze();
  };
  const isReplacedAfterFault = restartAfterFault({
    logPath: paths.supervisorLog,
    faults,
    successorMessage: () => supervisor.successorMessage(),
    variables: () => supervisor.variables.all,
    freeze,
  });
  reportPredecessors(supervisor.events, first);
  let isLeaving = false;
  const leave = (): void => {
    // A fault during `down` or a hand-over: an exit now could cut off the message to the successor.
    if (isLeaving || isReplacedAfterFault()) return;
    isLeaving = true;
    endGuard();
    if (!supervisor.isHandedOver) forgetPlace(paths);
    server.close(() => {
      if (isReplacedAfterFault()) return;
      lock.release();
      process.exit(0);
    });
  };
  const goDown = async (timeoutMs: number | null = null) => {
    if (supervisor.isHandedOver) return { stopped: 0, leftovers: [] };
    const result = await supervisor.down(timeoutMs);
    setImmediate(leave); // first, clients that wait for the same end get their answer
    return result;
  };
  await supervisor.takeOver();
  recordPlace(paths, supervisor.file);
  const followLink = linkFollower({
    paths,
    lock,
    onMoved: () => {
      recordPlace(paths, supervisor.file);
      void supervisor.edits.reload();
    },
    journal: supervisor.events,
  });
  const methods = createMethods(supervisor, { onDown: leave, followLink: () => followLink(false) });
  const untilViewed = first.owned && accepted ? awaitFirstView(methods) : () => Promise.resolve();
  const server = await serve(paths.socket, methods, () => void goDown());
  api = server;
  const endGuard = guardStateDir({
    paths,
    lock,
    followLink: () => followLink(true),
    listenAgain: () => server.listenAgain(),
    onRestored: () => supervisor.saveSoon(),
    onTakenOver: () => {
      freeze();
      void supervisor.events.flush().finally(() => process.exit(0));
    },
    journal: supervisor.events,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void goDown());
  process.on('SIGHUP', () => void supervisor.edits.reload());
  supervisor.begin();
  if (accepted === null) {
    answer({ ready: true, pid: process.pid, ...(await goDown(first.timeoutMs)) });
    return;
  }
  if (first.owned) watchLauncher(methods, () => void goDown());
  supervisor.guard();
  answer({ ready: true, pid: process.pid });
  supervisor.watch();
  await supervisor.following.begin(first.follow);
}

/** @returns null where the environment stays, may change, or is not known. */
async function conflictWithPrevious(
  { stateFile }: ProjectPaths,
  { accepted, keepsEnvironment }: FirstMessage,
): Promise<WireError | null> {
  if (!accepted || !keepsEnvironment) return null;
  const state = await readStateFile(stateFile);
  return 'text' in state ? findEnvironmentConflict(environmentIn(state.text), accepted.config.env) : null;
}

/** Until its call of `own`, only the launching command's end of descriptor 3 tells whether it lives. */
function watchLauncher(methods: MethodTable, onGone: () => void): void {
  if (readyFd === null) return;
  const launcher = new Socket({ fd: readyFd, readable: true, writable: false });
  const { own } = methods;
  methods.own = (params, call) => {
    launcher.off('close', onGone);
    launcher.destroy();
    return own(params, call);
  };
  launcher.on('error', () => undefined); // `close` follows
  launcher.once('close', onGone);
  launcher.resume();
  isLauncherWatched = true;
}

/** For the launching command to show the project. */
const VIEW_PATIENCE_MS = 5_000;

/** A project may end before the command that launched it shows it: its output would be lost.
 * @returns a function that waits for the first view, or as long as one is likely to come */
function awaitFirstView(methods: MethodTable): () => Promise<void> {
  let seen = (): void => undefined;
  const viewed = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const { watchStatus } = methods;
  methods.watchStatus = (params, call) => {
    const emit: typeof call.emit = (status) => {
      const isSent = call.emit(status);
      // Without its log queues, a view cannot show the output.
      if (status.logQueues.length > 0) setImmediate(seen);
      return isSent;
    };
    return watchStatus(params, { ...call, emit });
  };
  return async () => {
    const timer = setTimeout(seen, VIEW_PATIENCE_MS);
    await viewed;
    clearTimeout(timer);
  };
}

type ReadyAnswer = { ready: true; pid: number; stopped?: number; leftovers?: Leftover[] };

function emptyConfig(root: string): AcceptedConfig {
  const config = { project: basename(root), env: null, root, services: [], logQueues: [] };
  return { config, watched: [], files: [], warnings: [] };
}

function answer(message: ReadyAnswer | { error: WireError }): void {
  if (readyFd === null) return;
  try {
    writeSync(readyFd, `${JSON.stringify(message)}\n`);
    if (!isLauncherWatched) closeSync(readyFd);
  } catch {
    // The client was killed: the socket is there for other clients.
  }
  readyFd = null;
}

const STATE_DIR_HINT = '`--state-dir DIR` or ORCH_STATE_DIR puts the state of the project somewhere else';

function explainStartError(error: unknown): string {
  const text = errorText(error);
  return isSocketless(error) ? `${text}: the file system has no sockets` : text;
}

const isAboutStateDir = (error: unknown): boolean =>
  (error instanceof UnsafeDirectoryError && error.reason === 'not-creatable') ||
  isSocketless(error) ||
  (error instanceof Error && error.message.startsWith('cannot lock'));

/** bind(2) on vfat, some FUSE and 9p file systems, exFAT. */
function isSocketless(error: unknown): boolean {
  const { syscall, code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === 'listen' && ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code);
}

function ownReadyFd(): number | null {
  try {
    return reopenCloseOnExec(READY_FD);
  } catch (error) {
    // Node's pipes are sockets, which cannot be reopened (ENXIO): kept as it is, and closed before anything starts.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return READY_FD;
    return null; // descriptor 3 is not open: started by hand
  }
}

main().catch((error: unknown) => {
  const message = `the supervisor could not start: ${explainStartError(error)}`;
  answer({ error: { code: 'failed', message, ...(isAboutStateDir(error) && { hint: STATE_DIR_HINT }) } });
  process.stderr.write(`${new Date().toISOString()} ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
