// Facts of the machine that other parts of runtime/ choose their way by. Decides nothing about processes.
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

/** `ENOENT` and the like of an error thrown by Node; `UNKNOWN` where it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

// From the number of a signal, as the system tells it, to its name.

/** The first name counts where there are two, as Node has it: SIGABRT, not SIGIOT. Null for those without one. */
export function signalName(number: number): NodeJS.Signals | null {
  const named = Object.entries(osConstants.signals).find(([, value]) => value === number);
  return (named?.[0] as NodeJS.Signals | undefined) ?? null;
}
