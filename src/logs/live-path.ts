// Where the path of a log queue leads: to a file that may be renamed, or to something that never may be.
import { accessSync, constants, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

const MAX_LINKS = 40;
const PROC = `${sep}proc${sep}`;

/** The end of the links that the path itself is: a rotation renames the file, never a link to it. Stops in /proc, whose links
 * lead to open files. */
export function followLinks(path: string): string {
  let at = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    try {
      const target = readlinkSync(at);
      const directory = realpathSync(dirname(at));
      if (`${directory}${sep}`.startsWith(PROC)) return join(directory, basename(at));
      at = resolve(directory, target);
    } catch {
      return at; // not a link, or not there yet
    }
  }
  return at;
}

/** A device, a FIFO, or an open file of a process: never renamed, and a write to it may block forever. A missing path becomes a
 * regular file. */
export function isSpecial(path: string): boolean {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && (!stat.isFile() || followLinks(path).startsWith(PROC));
  } catch {
    return false; // ENOTDIR, EACCES: opening it reports that, and only this queue waits
  }
}

/** @returns the error with which opening the file for writing would fail; null: it would not. Creates nothing. */
export function writeError(path: string): NodeJS.ErrnoException | null {
  try {
    return findWriteError(path, followLinks(path));
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function findWriteError(path: string, target: string): NodeJS.ErrnoException | null {
  if (target.startsWith(join(PROC, String(process.pid), sep))) return new Error('it leads to the log writer itself');
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return errnoError('EISDIR', 'illegal operation on a directory', path);
  if (stat !== undefined) accessSync(target, constants.W_OK);
  else accessSync(nearestDirectory(target), constants.W_OK | constants.X_OK);
  return null;
}

/** In which missing directories of the path would be created. */
function nearestDirectory(path: string): string {
  const directory = dirname(path);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined && directory !== path) return nearestDirectory(directory);
  if (!stat?.isDirectory()) throw errnoError('ENOTDIR', 'not a directory', directory);
  return directory;
}

function errnoError(code: string, text: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${text}, open '${path}'`), { code });
}
