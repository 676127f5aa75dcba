// Reads the files that an import is given, and those that it looks for next to them.
import { readdirSync, readFileSync } from 'node:fs';
import { posix, relative, resolve, sep } from 'node:path';
import { type ImportInput, ImportProblem } from '../../import/model/import-context.ts';

/** Configurations are small; a log file given by mistake is not. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** @param directory of the result: paths are relative to it. @throws ImportProblem */
export function readInputs(names: string[], cwd: string, directory: string): ImportInput[] {
  return names.map((name) => {
    const file = relative(directory, resolve(cwd, name)).split(sep).join('/');
    try {
      const bytes = readFileSync(resolve(cwd, name));
      if (bytes.length > LARGEST_BYTES) throw new Error('it is larger than 4 MiB');
      return { file, text: bytes.toString('utf8').replace(/^\uFEFF/, '') };
    } catch (error) {
      throw new ImportProblem(name, `cannot be read: ${(error as Error).message}`);
    }
  });
}

/** @returns null if it does not exist or cannot be read */
export function readNear(directory: string, file: string): string | null {
  try {
    return readFileSync(resolve(directory, file), 'utf8');
  } catch {
    return null; // missing: nothing to add
  }
}

/** Files that `conf.d/*.conf` names, sorted; `*` in the last part of the path only. */
export function listNear(directory: string, pattern: string): string[] {
  const folder = posix.dirname(pattern);
  const name = posix
    .basename(pattern)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  try {
    const names = readdirSync(resolve(directory, folder)).filter((file) => new RegExp(`^${name}$`).test(file));
    return names.sort().map((file) => posix.join(folder, file));
  } catch {
    return []; // no such directory
  }
}
