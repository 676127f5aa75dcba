// A few descriptors in reserve, so that processes can be inspected even when all others are in use: a supervisor that
// takes "too many open files" for "no such process" would start everything twice. More than one, as a thread of the pool
// may take the first that we close.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { errnoOf } from './errors.ts';

const SHORTAGE_ERRNOS = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
/** As many as the start of a successor needs. */
const RESERVED = 4;
const spares: number[] = [];
replenish();

/**
 * Opens, uses and closes a file, synchronously; null where the file itself cannot be opened or read.
 * @throws for lack of descriptors or memory, when even the reserve does not help: then nothing is known about the file
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

/** Names in a directory. @throws as `withFile`, and where the directory does not exist */
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

/** For the last actions before we exit. */
export function releaseReserve(): void {
  for (const spare of spares.splice(0)) closeSync(spare);
}

/** Null for an error about the file; others are thrown. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (isResourceShortage(error)) throw error;
    return null;
  }
}

/** For lack of descriptors or memory: such an error says nothing about the file. */
export function isResourceShortage(error: unknown): boolean {
  return SHORTAGE_ERRNOS.has(errnoOf(error));
}

function replenish(): void {
  try {
    while (spares.length < RESERVED) spares.push(openSync('/dev/null', 'r'));
  } catch {
    // none is left now: the next call tries again
  }
}
