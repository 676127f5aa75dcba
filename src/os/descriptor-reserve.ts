// A few descriptors in reserve, so that the truth about processes can be read even when there is none left: a supervisor
// that takes "too many open files" for "no such process" would start everything twice. More than one: a thread of the
// pool may take the first that we let go of.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { errnoOf } from './errors.ts';

const SHORTAGE_ERRNOS = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
/** What a successor of ours needs to be started with. */
const RESERVED = 4;
const spares: number[] = [];
replenish();

/**
 * Opens, uses and closes a file, synchronously; null where it cannot be opened or read because of what it is.
 * @throws for want of descriptors or memory, when even the reserve does not help: then nothing is known
 */
export function withFile<T>(path: string, use: (fd: number) => T): T | null {
  return withReserve(() => {
    const fd = openSync(path, 'r');
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** Names in a directory. @throws as `withFile`, and where there is no such directory */
export function listDirectory(path: string): string[] {
  const names = withReserve(() => readdirSync(path));
  if (names === null) throw new Error(`cannot list ${path}`);
  return names;
}

function withReserve<T>(read: () => T): T | null {
  try {
    for (;;) {
      try {
        return attempt(read);
      } catch (error) {
        const spare = spares.pop();
        if (spare === undefined) throw error;
        closeSync(spare);
      }
    }
  } finally {
    replenish();
  }
}

/** For the last thing that we do. */
export function releaseReserve(): void {
  for (const spare of spares.splice(0)) closeSync(spare);
}

/** Null for every error that says something about the file; the others are thrown. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isResourceShortage(error)) throw error;
    return null;
  }
}

/** It says nothing about what was looked at: there is no descriptor left, or no memory. */
export function isResourceShortage(error: unknown): boolean {
  return SHORTAGE_ERRNOS.has(errnoOf(error));
}

function replenish(): void {
  try {
    while (spares.length < RESERVED) spares.push(openSync('/dev/null', 'r'));
  } catch {
    // none to be had now: the next reading tries again
  }
}
