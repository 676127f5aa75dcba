// Directories that only our user may enter: the state directory, and directories for sockets in shared places. Refuses any
// path that another user could have prepared.
import { chmodSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from './errors.ts';

/** The part of `ProjectPaths` that is created here. */
type StateDirectoryPaths = { stateDir: string; runDir: string; fifoDir: string; socketDir: string; logsDir: string };

/** `message` names the path, what is wrong with it and what to do. */
export class UnsafeDirectoryError extends Error {
  readonly path: string;
  readonly reason: 'symlink' | 'not-a-directory' | 'foreign-owner' | 'not-creatable';

  constructor(path: string, reason: UnsafeDirectoryError['reason'], message: string) {
    super(message);
    this.name = 'UnsafeDirectoryError';
    this.path = path;
    this.reason = reason;
  }
}

/**
 * Creates the directory (and its parents) or checks it: a real directory of our user, with mode 0700 afterwards.
 * @throws UnsafeDirectoryError
 */
export function ensurePrivateDir(path: string): void {
  create(path);
  const refuse = (reason: UnsafeDirectoryError['reason'], why: string): never => {
    throw new UnsafeDirectoryError(path, reason, `${path} ${why}`);
  };
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) refuse('symlink', 'is a symbolic link: remove it, orch makes a real directory');
  if (!stat.isDirectory()) refuse('not-a-directory', 'is not a directory: move it out of the way');
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) {
    refuse('foreign-owner', `belongs to user ${stat.uid}, not to you (${uid}): remove it, or run orch as its owner`);
  }
  if (process.platform !== 'win32' && (stat.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
}

/** `.orch/` with the directories that the supervisor expects; git ignores it. */
export function ensureStateDir(paths: StateDirectoryPaths): void {
  ensurePrivateDir(paths.stateDir);
  for (const path of [paths.runDir, paths.fifoDir, paths.socketDir, paths.logsDir]) ensurePrivateDir(path);
  ignoreInGit(paths.stateDir);
}

function create(path: string): void {
  try {
    makeWithParents(path);
  } catch (error) {
    if (exists(path)) return; // a file, or a dangling link: the checks report it
    const reason = REASONS[errnoOf(error)];
    const because = `${reason === undefined ? '' : `: ${reason}`} (${errnoOf(error)})`;
    throw new UnsafeDirectoryError(path, 'not-creatable', `cannot make the directory ${path}${because}`);
  }
}

const REASONS: Record<string, string> = {
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOSPC: 'the disk is full',
};

/** Not `recursive`: Node then reports a read-only file system as ENOENT. */
function makeWithParents(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    makeWithParents(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false; // the error is the answer
  }
}

function ignoreInGit(stateDir: string): void {
  try {
    writeFileSync(join(stateDir, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
