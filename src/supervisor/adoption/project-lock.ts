// Ensures one supervisor per project, by two locks: one in `.orch/`, which names its holder, and one on the project's directory,
// which still holds where `.orch/` was deleted or replaced under a running supervisor.
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { type ProjectPaths, resolveLinks } from '../../api/paths.ts';
import { acquireLock, holdDirectory, type Lock, type LockHolder, readLockHolder } from '../../os/lock/lock.ts';
import { ensureStateDir } from '../../os/private-dir.ts';
import { formerMarks } from './former-path.ts';
import { moveState } from './move-state.ts';
import { findDisplacedSupervisor } from './recorded-place.ts';

export type ProjectLock = {
  release(): void;
  /** The path of the project now leads to another directory than the one that we locked, as far as that can be checked. */
  isReplaced(): boolean;
  /** ... and another supervisor has been there since. */
  isTakenOver(): boolean;
  /** `.orch/` was deleted or replaced while this supervisor runs. */
  isDisplaced(): boolean;
  /** A link in the path of the project was switched: it leads to another directory than the locked one. */
  isRedirected(): boolean;
  /** Takes the locks there, and the state along. @returns null, or a sentence: another supervisor has that directory. */
  follow(): Promise<string | null>;
  /** Without links. */
  directory(): string;
  /** Prefixes of nonces of the supervisor that had the state directory before, by another path. */
  readonly formerMarks: string[];
  /** Recreates the directories and takes the lock in them. @returns false: try again later. */
  restore(): Promise<boolean>;
};

/** `conflict`: it may soon be gone, or listen. */
export type LockRefusal = { refused: string; code: 'conflict' | 'other-project' };

/**
 * Makes `.orch/` if it is missing. Changes no file where another supervisor has the lock.
 *
 * @param waitMs how long to wait for the holder to end. @returns a sentence naming the holder where there is one.
 */
export async function lockProject(
  paths: ProjectPaths,
  file: string,
  waitMs: number,
): Promise<ProjectLock | LockRefusal> {
  const displaced = findDisplacedSupervisor(paths);
  if (displaced !== null) return refusedBy(` (pid ${displaced}); its .orch was removed, and it is about to restore it`);
  const outer = await lockRoot(paths, waitMs);
  if (outer === 'held') return refusedBy(recordedHolder(paths, file));
  try {
    ensureStateDir(paths);
    const former = readLockHolder(paths.lockFile);
    const marks = formerMarks(paths);
    const foreign = foreignState(paths, file, former);
    const inner =
      foreign === null ? await acquireLock(paths.lockFile, { waitMs, file, native: true }) : { heldBy: former };
    if (!('heldBy' in inner)) return new AcquiredProjectLock(paths, { file, marks }, inner, outer);
    outer?.release();
    if (foreign) return { refused: foreign, code: 'other-project' };
    return refusedBy(holderText(inner.heldBy, file));
  } catch (error) {
    outer?.release();
    throw error;
  }
}

const refusedBy = (holder: string): LockRefusal => ({
  refused: `another supervisor runs this project${holder}`,
  code: 'conflict',
});

/** @returns a sentence where another project's supervisor was killed and left its state in this directory. */
function foreignState(paths: ProjectPaths, file: string, former: LockHolder | null): string | null {
  if (former?.file === undefined || former.file === file || !existsSync(paths.stateFile)) return null;
  const isMoved = paths.movedStateDir === null && basename(former.file) === basename(file);
  if (isMoved || withoutLinks(former.file) === withoutLinks(file)) return null;
  return `${paths.stateDir} holds the state of another project, ${former.file}: stop that one first`;
}

const withoutLinks = (file: string): string => join(resolveLinks(dirname(file)), basename(file));

function holderText(holder: LockHolder | null, file: string): string {
  if (holder === null) return '';
  const name = holder.file === undefined || holder.file === file ? '' : `, as ${holder.file}`;
  return ` (pid ${holder.pid}${name})`;
}

/**
 * Projects of other files than procs.yaml share the directory: they only watch it.
 * @returns null where directories cannot be locked: there the lock in `.orch/` must be enough.
 */
async function lockRoot({ root, path }: ProjectPaths, waitMs: number): Promise<RootLock | 'held' | null> {
  try {
    if (path !== root) return new RootLock(null, holdDirectory(root));
    const real = resolveLinks(root);
    const lock = await acquireLock(real, { shared: true, waitMs, native: true });
    if ('heldBy' in lock) return 'held';
    return real === root ? new RootLock(lock, lock) : new RootLock(lock, holdDirectory(root));
  } catch {
    return null; // a file system (NFS) or a system (macOS, Windows) without such locks
  }
}

/** For display only. */
function recordedHolder({ lockFile, movedStateDir }: ProjectPaths, file: string): string {
  const holder = readLockHolder(lockFile);
  if (holder) return holderText(holder, file);
  return movedStateDir === null
    ? '; its .orch was removed, and it is about to restore it'
    : ' with another state directory';
}

/** The lock of the directory, and what compares it with the one that the path leads to now. */
class RootLock {
  readonly #lock: Lock | null;
  readonly #seen: Lock;

  constructor(lock: Lock | null, seen: Lock) {
    this.#lock = lock;
    this.#seen = seen;
  }

  isInPlace = (): boolean => this.#seen.isInPlace();
  isReplaced = (): boolean => this.#seen.isReplaced();

  release(): void {
    this.#lock?.release();
    this.#seen.release();
  }
}

class AcquiredProjectLock implements ProjectLock {
  #paths: ProjectPaths;
  #file: string;
  #inner: Lock;
  #outer: RootLock | null;
  #directory: string;
  readonly formerMarks: string[];

  constructor(
    paths: ProjectPaths,
    { file, marks }: { file: string; marks: string[] },
    inner: Lock,
    outer: RootLock | null,
  ) {
    this.formerMarks = marks;
    this.#directory = resolveLinks(paths.root);
    this.#paths = paths;
    this.#file = file;
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

  isRedirected(): boolean {
    return this.isReplaced() && resolveLinks(this.#paths.root) !== this.#directory;
  }

  directory = (): string => this.#directory;

  async follow(): Promise<string | null> {
    const paths = this.#paths;
    const outer = await lockRoot(paths, 0);
    if (outer === 'held') return `another supervisor runs the new directory${recordedHolder(paths, this.#file)}`;
    const there = existsSync(paths.lockFile) ? await acquireLock(paths.lockFile, { file: this.#file }) : null;
    if (there && 'heldBy' in there) {
      outer?.release();
      return `another supervisor runs the new directory${holderText(there.heldBy, this.#file)}`;
    }
    if (paths.movedStateDir === null)
      moveState(join(this.#directory, relative(paths.root, paths.stateDir)), paths.stateDir);
    there?.release();
    this.#outer?.release();
    this.#outer = outer;
    this.#directory = resolveLinks(paths.root);
    return null;
  }

  isDisplaced(): boolean {
    return !this.#inner.isInPlace();
  }

  async restore(): Promise<boolean> {
    // Without the other lock, another supervisor may run by now; without the project there is nothing to restore.
    if (!this.#outer?.isInPlace() || !isDirectory(this.#paths.root)) return false;
    ensureStateDir(this.#paths);
    const lock = await acquireLock(this.#paths.lockFile, { file: this.#file });
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
