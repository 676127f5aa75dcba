// Ensures one supervisor per project, by two locks: one in `.orch/`, which names its holder, and one on the project's directory,
// which still holds where `.orch/` was deleted or replaced under a running supervisor.
import { readFileSync, statSync } from 'node:fs';
import type { ProjectPaths } from '../../api/paths.ts';
import { acquireLock, type Lock } from '../../os/lock/lock.ts';
import { ensureStateDir } from '../../os/private-dir.ts';

export type ProjectLock = {
  release(): void;
  /** The path of the project now leads to another directory than the one that we locked, as far as that can be checked. */
  isReplaced(): boolean;
  /** ... and another supervisor has been there since. */
  isTakenOver(): boolean;
  /** `.orch/` was deleted or replaced while this supervisor runs. */
  isDisplaced(): boolean;
  /** Recreates the directories and takes the lock in them. @returns false: try again later. */
  restore(): Promise<boolean>;
};

/**
 * Makes `.orch/` if it is missing. Changes no file where another supervisor has the lock.
 *
 * @param waitMs how long to wait for the holder to end. @returns a sentence naming the holder where there is one.
 */
export async function lockProject(paths: ProjectPaths, waitMs: number): Promise<ProjectLock | { refused: string }> {
  const outer = await lockRoot(paths.root, waitMs);
  if (outer === 'held') return { refused: `another supervisor runs this project${recordedHolder(paths)}` };
  ensureStateDir(paths);
  const inner = await acquireLock(paths.lockFile, { waitMs });
  if (!('heldBy' in inner)) return new AcquiredProjectLock(paths, inner, outer);
  outer?.release();
  const holder = inner.heldBy ? ` (pid ${inner.heldBy.pid})` : '';
  return { refused: `another supervisor runs this project${holder}` };
}

/** @returns null where directories cannot be locked: there the lock in `.orch/` must be enough. */
async function lockRoot(root: string, waitMs: number): Promise<Lock | 'held' | null> {
  try {
    const lock = await acquireLock(root, { shared: true, waitMs });
    return 'heldBy' in lock ? 'held' : lock;
  } catch {
    return null; // a file system (NFS) or a system (macOS, Windows) without such locks
  }
}

/** For display only. */
function recordedHolder({ lockFile }: ProjectPaths): string {
  try {
    const { pid } = JSON.parse(readFileSync(lockFile, 'utf8')) as { pid: number };
    return ` (pid ${pid})`;
  } catch {
    return '; its .orch was removed, and it is about to restore it'; // nothing there to read
  }
}

class AcquiredProjectLock implements ProjectLock {
  #paths: ProjectPaths;
  #inner: Lock;
  #outer: Lock | null;

  constructor(paths: ProjectPaths, inner: Lock, outer: Lock | null) {
    this.#paths = paths;
    this.#inner = inner;
    this.#outer = outer;
  }

  release(): void {
    this.#inner.release();
    this.#outer?.release();
  }

  isReplaced(): boolean {
    return (this.#outer?.isReplaced() ?? false) && isDirectory(this.#paths.root);
  }

  isTakenOver(): boolean {
    return this.isReplaced() && this.#inner.isTakenOver();
  }

  isDisplaced(): boolean {
    return !this.#inner.isInPlace();
  }

  async restore(): Promise<boolean> {
    // Without the other lock, another supervisor may run by now; without the project there is nothing to restore.
    if (!this.#outer?.isInPlace() || !isDirectory(this.#paths.root)) return false;
    ensureStateDir(this.#paths);
    const lock = await acquireLock(this.#paths.lockFile);
    if ('heldBy' in lock) return false;
    this.#inner.release();
    this.#inner = lock;
    return true;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // missing, or not accessible (ELOOP, EACCES, ESTALE, EIO)
  }
}
