// By which path the supervisor before this one knew the project, if the state directory came here with its processes still
// alive: the project was moved, or is started by another of its paths now.
import { readFileSync, statSync } from 'node:fs';
import { noncePrefix, type ProjectPaths, pathsOfFile } from '../../api/paths.ts';
import { findRecordedPlace } from '../../api/recorded-places.ts';

type LockText = { path: string; inode: string; file?: string };

/** An earlier version recorded only where the lock was. */
const USUAL_LOCK = /^(.+)\/\.orch\/lock$/s;

/**
 * Call it before the lock is taken, which overwrites the record.
 * @returns prefixes of nonces; none for a copy of a state directory, whose processes belong to the original
 */
export function formerMarks({ path, lockFile }: ProjectPaths): string[] {
  try {
    const record = JSON.parse(readFileSync(lockFile, 'utf8')) as LockText;
    if (record.inode !== String(statSync(lockFile).ino)) return [];
    const former = record.file ? pathsOfFile(record.file, null).path : USUAL_LOCK.exec(record.path)?.[1];
    return former === undefined || former === path || findRecordedPlace(former) ? [] : [noncePrefix(former)];
  } catch {
    return []; // no supervisor was here
  }
}
