// The lock that makes one supervisor per project. The kernel holds it for us and frees it however we end, so that
// there is never a stale one; the text in the file is for display only. A loser changes nothing on disk.
import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { errnoOf, findProgram, type Platform, platform } from './host.ts';
import { acquireRecordLock } from './record-lock.ts';

export type LockHolder = { pid: number; since: string };
export type Lock = {
  release(): void;
  /** The file at the path is still the one that we hold; false once somebody removed or replaced it. */
  isInPlace(): boolean;
};
export type LockAttempt = Lock | { heldBy: LockHolder | null };

/** sys/fcntl.h of macOS and the BSDs; on Windows libuv takes its own bit for "share with nobody". */
const O_EXLOCK = { darwin: 0x20, win32: 0x10000000, other: 0x20, linux: 0 };

/**
 * Takes the lock if it is free; never waits.
 * @returns `heldBy`: somebody else has it (null: who it is cannot be told)
 * @throws when the file cannot be opened, or the file system knows no locks
 */
export async function acquireLock(path: string): Promise<LockAttempt> {
  switch (lockStrategy(platform, findProgram('flock') !== null)) {
    case 'flock':
      return await flockPath(path);
    case 'exlock':
      return openLocked(path);
    case 'record':
      return acquireRecordLock(path);
  }
}

/** `flock`: flock(1) on our descriptor; `exlock`: the open itself locks; `record`: no kernel lock to be had. */
export function lockStrategy(system: Platform, hasFlock: boolean): 'flock' | 'exlock' | 'record' {
  if (system === 'darwin' || system === 'win32') return 'exlock';
  return hasFlock ? 'flock' : 'record';
}

async function flockPath(path: string): Promise<LockAttempt> {
  // Opened close-on-exec like every descriptor of Node: no child of ours can keep the lock alive.
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if (!(await flock(fd, path))) return giveUp(fd, path);
    // The former holder may have removed the file between our open and our lock: then it locks nothing any more.
    if (!isSameFile(fd, path)) {
      closeSync(fd);
      return await flockPath(path);
    }
    return hold(fd, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openLocked(path: string): LockAttempt {
  try {
    const lock = O_EXLOCK[platform] | (platform === 'win32' ? 0 : constants.O_NONBLOCK | constants.O_NOFOLLOW);
    return hold(openSync(path, constants.O_RDWR | constants.O_CREAT | lock, 0o600), path);
  } catch (error) {
    if (!['EAGAIN', 'EWOULDBLOCK', 'EBUSY'].includes(errnoOf(error))) throw error;
    return { heldBy: readHolder(path) };
  }
}

function hold(fd: number, path: string): Lock {
  const record = JSON.stringify({ pid: process.pid, since: new Date().toISOString() });
  ftruncateSync(fd, 0);
  writeSync(fd, `${record}\n`, 0);
  let held = true;
  return {
    release: () => {
      if (held) closeSync(fd);
      held = false;
    },
    isInPlace: () => held && isSameFile(fd, path),
  };
}

function giveUp(fd: number, path: string): LockAttempt {
  closeSync(fd);
  return { heldBy: readHolder(path) };
}

/** flock(1) locks the open file description that it shares with us, and leaves the lock there when it ends. */
function flock(fd: number, path: string): Promise<boolean> {
  const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  let complaint = '';
  child.stderr?.on('data', (chunk) => {
    complaint += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 || code === 1) resolve(code === 0);
      else reject(new Error(`cannot lock ${path}: ${complaint.trim() || `flock ended with ${code}`}`));
    });
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

function readHolder(path: string): LockHolder | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
    return typeof record.pid === 'number' ? { pid: record.pid, since: String(record.since) } : null;
  } catch {
    return null; // being written right now, or not shared: only for display
  }
}
