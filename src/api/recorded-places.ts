// Where the supervisor of a project is found when its state directory is not where the path of its file leads: after a link was
// switched, or after `--state-dir`. An entry for each project in a directory of the user; a hint, never a proof.
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOfPath } from './paths.ts';

/** Written by the supervisor. An earlier version did not write its identity. */
export type RecordedPlace = { file: string; stateDir: string; pid: number; startTime?: string; bootId?: string };

/** Of the user, whatever TMPDIR is. */
export function privateTemporaryDir(): string {
  if (process.platform === 'win32') return join(process.env.LOCALAPPDATA ?? 'C:\\Windows\\Temp', 'orch');
  return `/tmp/orch-${process.getuid?.() ?? 'user'}`;
}

/** @param path by which the project is known */
export function recordedPlaceFile(path: string): string {
  return join(privateTemporaryDir(), 'projects', `${hashOfPath(path, 24)}.json`);
}

/** @returns null where none is recorded, or its supervisor is gone. */
export function findRecordedPlace(path: string): RecordedPlace | null {
  const entry = readRecordedPlace(path);
  return entry && existsSync(entry.stateDir) && processExists(entry.pid) ? entry : null;
}

/** The last entry, of whatever became of its supervisor. */
export function readRecordedPlace(path: string): RecordedPlace | null {
  try {
    const { uid } = lstatSync(privateTemporaryDir());
    if (process.getuid && uid !== process.getuid()) return null; // another user could lead us to its own socket
    return JSON.parse(readFileSync(recordedPlaceFile(path), 'utf8')) as RecordedPlace;
  } catch {
    return null; // no entry, or being written now
  }
}

/** Also a zombie. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: gone. EPERM: the pid is another user's by now.
  }
}
