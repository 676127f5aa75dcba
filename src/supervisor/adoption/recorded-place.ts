// Records where this supervisor keeps its state, for clients whose path no longer leads there. As good as the disk allows:
// without the record, clients find it by the path of the project.
import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type ProjectPaths, resolveLinks } from '../../api/paths.ts';
import { type RecordedPlace, readRecordedPlace, recordedPlaceFile } from '../../api/recorded-places.ts';
import { ensurePrivateDir } from '../../os/private-dir.ts';
import { identify, isAlive } from '../../os/process/identity.ts';

/** Call it again when the state has moved. */
export function recordPlace({ path, stateDir }: ProjectPaths, file: string): void {
  const place = recordedPlaceFile(path);
  try {
    ensurePrivateDir(dirname(dirname(place)));
    ensurePrivateDir(dirname(place));
    const { pid, startTime, bootId } = identify(process.pid, '')!;
    const entry: RecordedPlace = { file, stateDir: realpathSync(stateDir), pid, startTime, bootId };
    const draft = `${place}.${process.pid}.tmp`;
    writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 });
    renameSync(draft, place);
  } catch {
    // another user's directory, a read-only or full disk
  }
}

/** Unless another supervisor has recorded itself. */
export function forgetPlace({ path }: ProjectPaths): void {
  try {
    if (readRecordedPlace(path)?.pid === process.pid) rmSync(recordedPlaceFile(path), { force: true });
  } catch {
    // a read-only disk
  }
}

/**
 * A deployment switched the link and removed the old release: the supervisor of that one still runs, has lost its state
 * directory, and follows the link within a second. Its locks are on directories that are gone, so only its record tells.
 *
 * @returns its pid; null: there is none
 */
export function findDisplacedSupervisor({ path, root, stateDir, movedStateDir }: ProjectPaths): number | null {
  const place = movedStateDir === null ? readRecordedPlace(path) : null;
  if (!place || place.pid === process.pid || existsSync(place.stateDir)) return null;
  const { pid, startTime, bootId } = place;
  // In the same place, it was the directory that was replaced: the next supervisor takes over there.
  const isHere = place.stateDir === join(resolveLinks(root), relative(root, stateDir));
  if (isHere || startTime === undefined || bootId === undefined) return null;
  return isAlive({ pid, startTime, bootId }) ? pid : null;
}
