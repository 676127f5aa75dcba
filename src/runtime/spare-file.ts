// One descriptor in reserve, so that the truth about processes can be read even when there is none left: a supervisor
// that takes "too many open files" for "no such process" would start everything twice.
import { closeSync, openSync, readdirSync } from 'node:fs';
import { errnoOf } from './host.ts';

const PRESSURE = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
let spare: number | null = reserve();

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
    return attempt(read);
  } catch {
    if (spare !== null) closeSync(spare);
    spare = null;
    return attempt(read);
  } finally {
    spare ??= reserve();
  }
}

/** Null for every error that says something about the file; the others are thrown. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (PRESSURE.has(errnoOf(error))) throw error;
    return null;
  }
}

function reserve(): number | null {
  try {
    return openSync('/dev/null', 'r');
  } catch {
    return null; // none to be had now: the next reading tries again
  }
}
