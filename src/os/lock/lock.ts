// The lock that makes one supervisor per project. The kernel keeps it and frees it however we exit, so it is never stale;
// the text in the file only names the holder. A failed attempt changes nothing on disk.
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindOnce } from '../c-library.ts';
import { errnoOf } from '../errors.ts';
import { findProgram, type Platform, platform } from '../platform.ts';
import { liveStat } from '../process/identity.ts';
import { acquireRecordLock } from './record-lock.ts';

/** `file`: of its project, absolute; earlier versions did not write it. */
export type LockHolder = { pid: number; since: string; file?: string };
/** `path` and `inode` of the locked file: a copy of it has others. */
type LockRecord = LockHolder & { path: string; inode: string };
export type Lock = {
  release(): void;
  /** The file at the path is still the one that we locked; false once it was removed or replaced. */
  isInPlace(): boolean;
  /** Another file is at the path; false also where the path cannot be read. */
  isReplaced(): boolean;
  /** ... and a later holder, which locked that file at this path, has written it; a copy proves nothing. */
  isTakenOver(): boolean;
};
export type LockAttempt = Lock | { heldBy: LockHolder | null };

const RETRY_MS = 50;
/** Of <sys/file.h>, the same on all systems. */
const LOCK_EX_NB = 2 | 4;
/** sys/fcntl.h of macOS and the BSDs; on Windows a bit of libuv for exclusive sharing. */
const O_EXLOCK = { darwin: 0x20, win32: 0x10000000, other: 0x20, linux: 0 };

const bindFlock = bindOnce((library) => library.func('int flock(int, int)'));

export type LockOptions = {
  /** How long to wait for the lock; default 0: do not. */
  waitMs?: number;
  /** Ends the wait; the result is as if another process held the lock. */
  abort?: AbortSignal | undefined;
  /** Other users take this lock too: all can read the file, and only its creator writes it. */
  shared?: boolean;
  /** Recorded with the holder. */
  file?: string;
  /** For a process that has the C library loaded anyway: no flock(1) is started where the lock is free. */
  native?: boolean;
};

/**
 * Takes the lock if it is free, or becomes so within `waitMs`.
 * @returns `heldBy`: another process has it (null: its record cannot be read)
 * @throws when the file cannot be opened, or the file system does not support locks
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<LockAttempt> {
  const strategy = lockStrategy(platform, findProgram('flock') !== null);
  if (strategy === 'flock') return await acquireFlock(path, options);
  return await retry(options, () => (strategy === 'exlock' ? acquireByOpen(path, options) : acquireByRecord(path)));
}

/** For locks without a blocking wait. */
async function retry({ waitMs = 0, abort }: LockOptions, attempt: () => LockAttempt): Promise<LockAttempt> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const result = attempt();
    if (!('heldBy' in result) || abort?.aborted || performance.now() >= deadlineMs) return result;
    await sleep(RETRY_MS);
  }
}

/** `flock`: flock(1) on our descriptor; `exlock`: the open itself locks; `record`: no kernel lock is available. */
export function lockStrategy(system: Platform, hasFlock: boolean): 'flock' | 'exlock' | 'record' {
  if (system === 'darwin' || system === 'win32') return 'exlock';
  return hasFlock ? 'flock' : 'record';
}

async function acquireFlock(path: string, options: LockOptions): Promise<LockAttempt> {
  const fd = openLockFile(path, options);
  try {
    const isLocked = options.native === true && bindFlock()?.(fd, LOCK_EX_NB) === 0;
    // It waits, and knows why a file system refuses.
    if (!isLocked && !(await flock(fd, path, options))) {
      closeSync(fd);
      return { heldBy: readLockHolder(path) };
    }
    if (compareFile(fd, path) === 'same') return new FileLock(fd, path, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  // The file was removed between our open and our lock: a lock on it is useless.
  closeSync(fd);
  return await acquireFlock(path, options);
}

/** Close-on-exec like every descriptor that Node opens: no child of ours can keep the lock alive. */
function openLockFile(path: string, { shared = false }: LockOptions): number {
  const { O_RDWR, O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  if (!shared) return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  // In a sticky directory Linux refuses O_CREAT on another user's file (fs.protected_regular).
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  try {
    closeSync(openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return openSync(path, O_RDONLY | O_NOFOLLOW);
}

function acquireByOpen(path: string, options: LockOptions): LockAttempt {
  try {
    const lock = O_EXLOCK[platform] | (platform === 'win32' ? 0 : constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | lock, options.shared ? 0o666 : 0o600);
    return new FileLock(fd, path, options);
  } catch (error) {
    if (!['EAGAIN', 'EWOULDBLOCK', 'EBUSY'].includes(errnoOf(error))) throw error;
    return { heldBy: readLockHolder(path) };
  }
}

/** The record lock holds a name, not a file: whether another file replaced it is unknown. */
function acquireByRecord(path: string): LockAttempt {
  const result = acquireRecordLock(path);
  return 'heldBy' in result ? result : { ...result, isReplaced: () => false, isTakenOver: () => false };
}

class FileLock implements Lock {
  readonly #fd: number;
  readonly #path: string;
  readonly #since = new Date().toISOString();
  #isHeld = true;

  constructor(fd: number, path: string, { shared = false, file }: LockOptions) {
    this.#fd = fd;
    this.#path = path;
    if (!shared) writeLockHolder(fd, path, { since: this.#since, ...(file !== undefined && { file }) });
  }

  release(): void {
    if (this.#isHeld) closeSync(this.#fd);
    this.#isHeld = false;
  }

  isInPlace(): boolean {
    return this.#isHeld && compareFile(this.#fd, this.#path) === 'same';
  }

  isReplaced(): boolean {
    return this.#isHeld && compareFile(this.#fd, this.#path) === 'other';
  }

  isTakenOver(): boolean {
    return this.isReplaced() && wasTakenByLaterHolder(this.#path, this.#since);
  }
}

function writeLockHolder(fd: number, path: string, holder: Omit<LockHolder, 'pid'>): void {
  const record: LockRecord = { pid: process.pid, ...holder, path, inode: String(fstatSync(fd).ino) };
  ftruncateSync(fd, 0);
  writeSync(fd, `${JSON.stringify(record)}\n`, 0);
}

/**
 * flock(1) locks the open file description that it shares with us; the lock stays when flock exits. We end it when the
 * wait is over: the flock of busybox does not have a time limit.
 */
function flock(fd: number, path: string, { waitMs = 0, abort }: LockOptions): Promise<boolean> {
  const child = spawn('flock', [...(waitMs === 0 ? ['-n'] : []), '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  const giveUp = () => void child.kill();
  const timer = waitMs === 0 ? undefined : setTimeout(giveUp, waitMs);
  abort?.addEventListener('abort', giveUp);
  if (abort?.aborted) giveUp();
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  return new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 || code === 1 || child.killed) resolve(code === 0);
      else reject(new Error(`cannot lock ${path}: ${complaint.trim() || `flock exited with ${code}`}`));
    });
  }).finally(() => {
    clearTimeout(timer);
    abort?.removeEventListener('abort', giveUp);
  });
}

/** @returns `missing` where the path does not exist or cannot be read (EACCES, ESTALE, EIO) */
function compareFile(fd: number, path: string): 'same' | 'other' | 'missing' {
  try {
    const [ours, found] = [fstatSync(fd), statSync(path)];
    return ours.ino === found.ino && ours.dev === found.dev ? 'same' : 'other';
  } catch {
    return 'missing';
  }
}

/** By a later holder; as the wall clock may have been set back, also by any that lives. */
function wasTakenByLaterHolder(path: string, since: string): boolean {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as LockRecord;
    if (record.path !== path || record.inode !== String(statSync(path).ino)) return false;
    return record.since > since || (record.pid !== process.pid && liveStat(record.pid) !== null);
  } catch {
    return false; // being written now, or unreadable: the caller checks again
  }
}

/** The process that has the lock, or had it last. */
export function readLockHolder(path: string): LockHolder | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
    if (typeof record.pid !== 'number') return null;
    const { pid, since, file } = record;
    return { pid, since: String(since), ...(typeof file === 'string' && { file }) };
  } catch {
    return null; // being written now, or shared and without a record: only for display
  }
}

/** Watches the directory as its lock would, without locking it. @throws when it cannot be opened */
export function holdDirectory(path: string): Lock {
  return new FileLock(openSync(path, constants.O_RDONLY), path, { shared: true });
}
