// What makes one supervisor per project: the lock in `.orch/`, which says who holds it, and one on the project's directory
// itself, which holds where `.orch/` was deleted or replaced under a supervisor that runs.
import { readFileSync, statSync } from 'node:fs';
import type { ProjectPaths } from '../../api/paths.ts';
import { acquireLock, type Lock } from '../../os/lock/lock.ts';
import { ensureStateDir } from '../../os/private-dir.ts';

export type ProjectLock = {
  release(): void;
  /** The path of the project leads, for all that can be seen, to another directory than the one that we locked. */
  isReplaced(): boolean;
  /** ... and another supervisor has been there since. */
  isTakenOver(): boolean;
  /** Somebody deleted `.orch/`, or replaced it, while we run. */
  isDisplaced(): boolean;
  /** Makes the directories again and takes the lock in them. @returns whether that worked; otherwise try again later. */
  restore(): Promise<boolean>;
};

/**
 * Makes `.orch/` if need be; who loses changes no file.
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

/** @returns null where directories cannot be locked: the lock in `.orch/` must do there. */
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
    return '; its .orch was removed, and it is about to put it back'; // nothing there to read
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
    // Without the other lock somebody may have taken our place; without the project there is nothing to put back.
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
    return false; // nothing there, or no look at it to be had (ELOOP, EACCES, ESTALE, EIO)
  }
}
