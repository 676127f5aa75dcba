// Named pipes, for the input and output of instances. Creates and opens them; never reads or writes one.
// Node cannot create one: the C library does, else mkfifo(1), which costs the start of a process.
import { execFile } from 'node:child_process';
import { constants, fchownSync, fstatSync, openSync } from 'node:fs';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bindOnce } from './c-library.ts';

/** Keeps a command line well below ARG_MAX. */
const PATHS_PER_CALL = 500;
const FIFO_MODE = 0o600;
/** How long making them may hold the event loop. */
const SLICE_MS = 4;
/** Where the file system makes fewer in a slice (ext4 without a journal: a millisecond each), mkfifo(1) makes the rest. */
const MIN_IN_SLICE = 16;
const run = promisify(execFile);
const bindMkfifo = bindOnce((library) => library.func('int mkfifo(const char *, uint32_t)'));

/**
 * Makes sure that each path is a FIFO of mode 0600 (in directories of mode 0700). An existing FIFO is kept with its content; any
 * other file in its place is replaced. Throws where that fails. Blocks the caller for a few milliseconds at most.
 */
export async function makeFifos(paths: string[]): Promise<void> {
  const unique = [...new Set(paths)];
  const directories = new Set(unique.map((path) => dirname(path)));
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o700 });
  const others = await makeDirectly(unique);
  const present = await Promise.all(others.map(isFifo));
  const missing = others.filter((_, index) => !present[index]);
  for (let from = 0; from < missing.length; from += PATHS_PER_CALL) {
    await run('mkfifo', ['-m', '600', '--', ...missing.slice(from, from + PATHS_PER_CALL)]);
  }
}

/** @returns the paths at which it has made none: something is there, it failed, or the file system is slow. */
async function makeDirectly(paths: readonly string[]): Promise<string[]> {
  // mkfifo(1) sets the mode whatever the umask is, and says why it cannot create one.
  const mkfifo = (process.umask() & FIFO_MODE) === 0 ? bindMkfifo() : null;
  if (!mkfifo) return [...paths];
  const others: string[] = [];
  let [sliceEndMs, inSlice] = [performance.now() + SLICE_MS, 0];
  for (const [index, path] of paths.entries()) {
    if (mkfifo(path, FIFO_MODE) !== 0) others.push(path);
    inSlice++;
    if (performance.now() < sliceEndMs) continue;
    if (inSlice < MIN_IN_SLICE) return [...others, ...paths.slice(index + 1)];
    await nextTurn();
    [sliceEndMs, inSlice] = [performance.now() + SLICE_MS, 0];
  }
  return others;
}

/**
 * A descriptor for the stdout or stderr of a child. Read-write, so that the pipe always has a reader: without a log writer
 * the child does not get SIGPIPE and only waits when the pipe is full. Never read from it: a read blocks, and occupies a
 * thread of the pool.
 */
export function openFifoForChild(path: string): number {
  return openSync(path, constants.O_RDWR);
}

/** A descriptor for the stdin of a child, which sees its end when the last writer closes. Blocks until there is a writer. */
export function openFifoAsInput(path: string): number {
  return openSync(path, constants.O_RDONLY);
}

/** A descriptor that never blocks a write: EAGAIN when the pipe is full. Read-write, so that readers may come and go. */
export function openFifoForWriting(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** A descriptor that never blocks a read. Its own file description, as spawning clears O_NONBLOCK on a shared one. */
export function openFifoForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Lets the programs of a user open a FIFO again that they have open, as /dev/stdout. Only root can give it to others. @param owner null: ours */
export function giveFifo(fd: number, owner: { uid: number; gid: number } | null): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = owner ?? { uid: 0, gid: process.getegid!() };
  const stat = fstatSync(fd);
  if (stat.isFIFO() && (stat.uid !== uid || stat.gid !== gid)) fchownSync(fd, uid, gid);
}

/** Removes any other file at the path. */
async function isFifo(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null); // ENOENT: to be created
  if (found?.isFIFO()) return true;
  if (found !== null) await unlink(path);
  return false;
}
