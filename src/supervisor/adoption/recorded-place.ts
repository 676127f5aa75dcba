// Records where this supervisor keeps its state, for clients whose path no longer leads there. As good as the disk allows:
// without the record, clients find it by the path of the project.
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProjectPaths } from '../../api/paths.ts';
import { type RecordedPlace, recordedPlaceFile } from '../../api/recorded-places.ts';
import { ensurePrivateDir } from '../../os/private-dir.ts';

/** Call it again when the state has moved. */
export function recordPlace({ path, stateDir }: ProjectPaths, file: string): void {
  const place = recordedPlaceFile(path);
  try {
    ensurePrivateDir(dirname(dirname(place)));
    ensurePrivateDir(dirname(place));
    const entry: RecordedPlace = { file, stateDir: realpathSync(stateDir), pid: process.pid };
    const draft = `${place}.${process.pid}.tmp`;
    writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 });
    renameSync(draft, place);
  } catch {
    // another user's directory, a read-only or full disk
  }
}

/** Unless another supervisor has recorded itself. */
export function forgetPlace({ path }: ProjectPaths): void {
  const place = recordedPlaceFile(path);
  try {
    const { pid } = JSON.parse(readFileSync(place, 'utf8')) as RecordedPlace;
    if (pid === process.pid) rmSync(place, { force: true });
  } catch {
    // there is none
  }
}
