// Named pipes: the way the output of an instance takes. Creates and opens them; never reads or writes one.
import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** Keeps a command line well below ARG_MAX. */
const PATHS_PER_CALL = 500;
const run = promisify(execFile);

/**
 * Makes sure that each path is a FIFO of mode 0600 (in directories of mode 0700): one mkfifo(1) for all that are missing.
 * A FIFO that exists is kept with what is in it; anything else in its place is replaced. Throws where that fails.
 */
export async function makeFifos(paths: string[]): Promise<void> {
  const wanted = [...new Set(paths)];
  const directories = new Set(wanted.map((path) => dirname(path)));
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o700 });
  const present = await Promise.all(wanted.map(isFifo));
  const missing = wanted.filter((_, index) => !present[index]);
  for (let from = 0; from < missing.length; from += PATHS_PER_CALL) {
    await run('mkfifo', ['-m', '600', '--', ...missing.slice(from, from + PATHS_PER_CALL)]);
  }
}

/**
 * A descriptor to hand to a child as stdout or stderr. Read-write, so that the pipe always has a reader: no SIGPIPE when
 * the log writer is gone, the child merely waits when it is full. Never read from it: it blocks, and a blocked read
 * takes a thread of the pool with it.
 */
export function openFifoForChild(path: string): number {
  return openSync(path, constants.O_RDWR);
}

/** A descriptor to hand to a child as stdin: it sees an end when nobody writes any more. Waits for ever where nobody does yet. */
export function openFifoAsInput(path: string): number {
  return openSync(path, constants.O_RDONLY);
}

/** A descriptor to write to without ever blocking: EAGAIN when it is full. Read-write, so that the reader may come and go. */
export function openFifoForWriting(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** A descriptor to read from without ever blocking: an own file description, since spawning clears O_NONBLOCK on a shared one. */
export function openFifoForReading(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** Clears the way where something other than a FIFO lies. */
async function isFifo(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null); // not there: to be made
  if (found?.isFIFO()) return true;
  if (found !== null) await unlink(path);
  return false;
}
