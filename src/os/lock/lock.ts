// The lock that makes one supervisor per project. The kernel holds it for us and frees it however we end, so that
// there is never a stale one; the text in the file says who had it, no more. A loser changes nothing on disk.
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import { findProgram, type Platform, platform } from '../platform.ts';
import { liveStat } from '../process/identity.ts';
import { acquireRecordLock } from './record-lock.ts';

export type LockHolder = { pid: number; since: string };
/** `path` and `inode`: of the file that was locked, which a copy is not. */
type LockRecord = LockHolder & { path: string; inode: string };
export type Lock = {
  release(): void;
  /** The file at the path is still the one that we hold; false once somebody removed or replaced it. */
  isInPlace(): boolean;
  /** Another file is at the path; false also where that cannot be told. */
  isReplaced(): boolean;
  /** ... and somebody who locked that very file at this very path has written it since; a copy proves nothing. */
  isTakenOver(): boolean;
};
export type LockAttempt = Lock | { heldBy: LockHolder | null };

const RETRY_MS = 50;
/** sys/fcntl.h of macOS and the BSDs; on Windows libuv takes its own bit for "share with nobody". */
const O_EXLOCK = { darwin: 0x20, win32: 0x10000000, other: 0x20, linux: 0 };

export type LockOptions = {
  /** How long to wait for the lock; default 0: do not. */
  waitMs?: number;
  /** Ends the wait; then as if somebody else held it. */
  abort?: AbortSignal | undefined;
  /** Other users take this lock too: the file is readable by all, and never written by whoever did not create it. */
  shared?: boolean;
};

/**
 * Takes the lock if it is free, or becomes so within `waitMs`.
 * @returns `heldBy`: somebody else has it (null: who it is cannot be told)
 * @throws when the file cannot be opened, or the file system knows no locks
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<LockAttempt> {
  const strategy = lockStrategy(platform, findProgram('flock') !== null);
  if (strategy === 'flock') return await acquireFlock(path, options);
  return await retry(options, () => (strategy === 'exlock' ? acquireByOpen(path, options) : acquireRecordLock(path)));
}

/** For locks that cannot be waited for. */
async function retry({ waitMs = 0, abort }: LockOptions, attempt: () => LockAttempt): Promise<LockAttempt> {
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const result = attempt();
    if (!('heldBy' in result) || abort?.aborted || performance.now() >= deadlineMs) return result;
    await sleep(RETRY_MS);
  }
}

/** `flock`: flock(1) on our descriptor; `exlock`: the open itself locks; `record`: no kernel lock to be had. */
export function lockStrategy(system: Platform, hasFlock: boolean): 'flock' | 'exlock' | 'record' {
  if (system === 'darwin' || system === 'win32') return 'exlock';
  return hasFlock ? 'flock' : 'record';
}

async function acquireFlock(path: string, options: LockOptions): Promise<LockAttempt> {
  const fd = openLockFile(path, options);
  try {
    if (!(await flock(fd, path, options))) return refused(fd, path);
    if (isSameFile(fd, path)) return acquired(fd, path, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  // Somebody removed the file between our open and our lock: then it locks nothing any more.
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
    return acquired(
      openSync(path, constants.O_RDWR | constants.O_CREAT | lock, options.shared ? 0o666 : 0o600),
      path,
      options,
    );
  } catch (error) {
    if (!['EAGAIN', 'EWOULDBLOCK', 'EBUSY'].includes(errnoOf(error))) throw error;
    return { heldBy: readLockHolder(path) };
  }
}

function acquired(fd: number, path: string, { shared = false }: LockOptions): Lock {
  const since = new Date().toISOString();
  if (!shared) writeLockHolder(fd, path, since);
  let held = true;
  return {
    release: () => {
      if (held) closeSync(fd);
      held = false;
    },
    isInPlace: () => held && isSameFile(fd, path),
    isReplaced: () => held && isOtherFile(fd, path),
    isTakenOver: () => held && isOtherFile(fd, path) && wasTakenByLaterHolder(path, since),
  };
}

function writeLockHolder(fd: number, path: string, since: string): void {
  const record: LockRecord = { pid: process.pid, since, path, inode: String(fstatSync(fd).ino) };
  ftruncateSync(fd, 0);
  writeSync(fd, `${JSON.stringify(record)}\n`, 0);
}

function refused(fd: number, path: string): LockAttempt {
  closeSync(fd);
  return { heldBy: readLockHolder(path) };
}

/**
 * flock(1) locks the open file description that it shares with us, and leaves the lock there when it ends. It is ended
 * by us when the wait is over: the one of busybox knows no time limit.
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
      else reject(new Error(`cannot lock ${path}: ${complaint.trim() || `flock ended with ${code}`}`));
    });
  }).finally(() => {
    clearTimeout(timer);
    abort?.removeEventListener('abort', giveUp);
  });
}

function isSameFile(fd: number, path: string): boolean {
  try {
    const [ours, there] = [fstatSync(fd), statSync(path)];
    return ours.ino === there.ino && ours.dev === there.dev;
  } catch {
    return false; // nothing there
  }
}

function isOtherFile(fd: number, path: string): boolean {
  try {
    const [ours, there] = [fstatSync(fd), statSync(path)];
    return ours.ino !== there.ino || ours.dev !== there.dev;
  } catch {
    return false; // nothing there, or no look at it to be had (EACCES, ESTALE, EIO)
  }
}

/** By a later holder, or, as the wall clock may have been set back, by one that lives. */
function wasTakenByLaterHolder(path: string, since: string): boolean {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as LockRecord;
    if (record.path !== path || record.inode !== String(statSync(path).ino)) return false;
    return record.since > since || (record.pid !== process.pid && liveStat(record.pid) !== null);
  } catch {
    return false; // being written right now, or not to be read: there is another look
  }
}

function readLockHolder(path: string): LockHolder | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
    return typeof record.pid === 'number' ? { pid: record.pid, since: String(record.since) } : null;
  } catch {
    return null; // being written right now, or not shared: only for display
  }
}
