// Where a program is, as a shell would find it.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/** @returns the absolute path of an executable file, or null */
export const findProgram =
  (path: string) =>
  (name: string, directory: string): string | null => {
    if (isAbsolute(name)) return name;
    const candidates = name.includes('/')
      ? [resolve(directory, name)]
      : path
          .split(delimiter)
          .filter((part) => isAbsolute(part))
          .map((part) => join(part, name));
    return candidates.find(isExecutable) ?? null;
  };

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // missing, or not for this user
  }
}
