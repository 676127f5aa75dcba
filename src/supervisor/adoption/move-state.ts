// Moves the state directory of a running supervisor to the directory that the link of its project leads to now. By rename(2):
// sockets, FIFOs, locks and log files stay the same files, for every process that has them open.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * What is at the new place, and belongs to no supervisor, goes to the old one.
 * @returns false where it cannot be moved: another file system, or the old one is gone
 */
export function moveState(from: string, to: string): boolean {
  try {
    if (!existsSync(from)) return false;
    if (!existsSync(to)) {
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
      renameSync(from, to);
      return true;
    }
    const aside = `${from}.${process.pid}`;
    renameSync(to, aside);
    renameSync(from, to);
    renameSync(aside, from);
    return true;
  } catch {
    return false; // EXDEV, EROFS, EACCES: a new one is made
  }
}
