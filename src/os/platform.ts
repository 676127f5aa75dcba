// Facts about this machine by which the rest of os/ chooses its implementation. Decides nothing about processes.
import { accessSync, constants, existsSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';

export type Platform = 'linux' | 'darwin' | 'win32' | 'other';

export const platform: Platform = platformOf(process.platform);
/** A Linux-style /proc: /proc/PID/stat and /proc/PID/environ can be read. */
export const hasProc: boolean = platform === 'linux' && existsSync('/proc/self/stat');

/** @param name what Node calls it, such as `freebsd` */
export function platformOf(name: string): Platform {
  return name === 'linux' || name === 'darwin' || name === 'win32' ? name : 'other';
}

/** Absolute path of a program on PATH, or null. `path` defaults to our own. */
export function findProgram(name: string, path: string = process.env.PATH ?? ''): string | null {
  for (const directory of path.split(delimiter)) {
    if (directory === '') continue;
    const candidate = join(directory, name);
    if (isExecutable(candidate)) return candidate;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us: the next directory may have it
  }
}

/** Of two names for one number the first counts, as in Node: SIGABRT, not SIGIOT. Null for a number without a name. */
export function signalName(number: number): NodeJS.Signals | null {
  const named = Object.entries(osConstants.signals).find(([, value]) => value === number);
  return (named?.[0] as NodeJS.Signals | undefined) ?? null;
}
