// What /proc shows of another process: words of its command line or environment. Empty on systems without /proc.
import { readFileSync } from 'node:fs';

/** @param path such as /proc/4711/cmdline. @returns empty for a process that is gone, or that we may not inspect */
export function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0').filter(Boolean);
  } catch {
    return []; // gone, or we may not inspect it
  }
}

/** @returns undefined: it does not have the variable, or that is not known */
export function variableOf(pid: number, name: string): string | undefined {
  const found = readWords(`/proc/${pid}/environ`).find((word) => word.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** Every variable with its value, as it was given to the process; empty: that is not known. */
export function variablesOf(pid: number): [name: string, value: string][] {
  return readWords(`/proc/${pid}/environ`).flatMap((word): [string, string][] => {
    const at = word.indexOf('=');
    return at > 0 ? [[word.slice(0, at), word.slice(at + 1)]] : [];
  });
}
