// Rotated files of a queue: `<file>.<UTC stamp>[.gz]`; the stamp says when the file was closed. Rotation is one rename, so that
// no crash can lose or double a line. Files are never renumbered; stamps only grow. A live path may be a link: the files lie
// where it leads.
import { existsSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { followLinks } from './live-path.ts';

export type RotatedFile = { path: string; stampMs: number; gzip: boolean };

/** Its name before it was compressed. */
export const plainPath = ({ path, gzip }: Pick<RotatedFile, 'path' | 'gzip'>): string =>
  gzip ? path.slice(0, -'.gz'.length) : path;

const STAMP = /^\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(\.gz)?$/;
const STAMP_CHARS = '.20260131T140500123Z'.length;
/** A file that a compressor writes, or left when it was killed. */
const PARTIAL = /^\.gz(\.[0-9a-f]+)?\.tmp$/;
/** The index of a file; it is renamed and deleted with its file. */
export const INDEX_SUFFIX = '.idx';

/** Oldest first. A file that exists plain and compressed (a compressor was killed before deleting) is listed once, plain. */
export function listRotated(path: string): RotatedFile[] {
  const livePath = followLinks(path);
  const byStamp = new Map<number, RotatedFile>();
  for (const name of suffixesOf(livePath)) {
    const stampMs = stampOf(name);
    if (stampMs === null) continue;
    const file = { path: join(dirname(livePath), basename(livePath) + name), stampMs, gzip: name.endsWith('.gz') };
    if (!file.gzip || !byStamp.has(stampMs)) byStamp.set(stampMs, file);
  }
  return [...byStamp.values()].sort((a, b) => a.stampMs - b.stampMs);
}

/** @param rotated oldest first. @returns 0: there is none */
export function newestStamp(rotated: RotatedFile[]): number {
  return rotated.at(-1)?.stampMs ?? 0;
}

/** Renames the live file, its index first (`finishRotation` repairs a crash in between). Returns the new path. Throws errno
 * errors. */
export function rotateFile(path: string, nowMs: number): string {
  const livePath = followLinks(path);
  let stampMs = Math.max(nowMs, newestStamp(listRotated(livePath)) + 1); // the clock may have been set back: the newest must stay so
  let target = livePath + stampText(stampMs);
  while (existsSync(target) || existsSync(`${target}.gz`)) target = livePath + stampText(++stampMs);
  if (hasIndex(livePath)) renameSync(livePath + INDEX_SUFFIX, target + INDEX_SUFFIX);
  renameAfterIndex(livePath, target);
  return target;
}

/** When the file cannot be renamed, its index gets its name back: it describes the bytes that follow. */
function renameAfterIndex(livePath: string, target: string): void {
  try {
    renameSync(livePath, target);
  } catch (error) {
    if (hasIndex(target)) renameSync(target + INDEX_SUFFIX, livePath + INDEX_SUFFIX);
    throw error;
  }
}

/** Completes a rotation that a killed writer started, or undoes it where that is impossible. */
export function finishRotation(path: string): void {
  const livePath = followLinks(path);
  if (!existsSync(livePath) || hasIndex(livePath)) return;
  const target = unfinishedRotation(livePath);
  if (target === null) return;
  try {
    renameAfterIndex(livePath, target);
  } catch {
    // EBUSY, EACCES: the file stays live; if its index could not be renamed back, opening an index reports it.
  }
}

/** The dated name that the live file is about to get, or that a killed writer was about to give it: its index has that name
 * already. Null: no rotation is under way. */
export function unfinishedRotation(path: string): string | null {
  const livePath = followLinks(path);
  for (const name of suffixesOf(livePath)) {
    if (!name.endsWith(INDEX_SUFFIX)) continue;
    const target = livePath + name.slice(0, -INDEX_SUFFIX.length);
    if (stampOf(target.slice(livePath.length)) === null || existsSync(target) || existsSync(`${target}.gz`)) continue;
    return target;
  }
  return null;
}

/** The index lies by the file that a link leads to. */
export function indexPath(path: string): string {
  return followLinks(path) + INDEX_SUFFIX;
}

export function hasIndex(path: string): boolean {
  return existsSync(indexPath(path));
}

/**
 * Deletes the oldest rotated files beyond `keep` and beyond `totalBytes` (0: no cap), and those closed before `closedBeforeMs`.
 *
 * @returns when the oldest one that is left was closed; null: none is left
 */
export function pruneRotated(
  livePath: string,
  keep: number,
  totalBytes: number,
  closedBeforeMs = Number.NEGATIVE_INFINITY,
): number | null {
  const files = listRotated(livePath);
  const oldestMs = files[0]?.stampMs ?? null;
  if (files.length <= keep && totalBytes === 0 && (oldestMs === null || oldestMs >= closedBeforeMs)) return oldestMs;
  let leftMs: number | null = null;
  let bytes = 0;
  let kept = 0;
  for (const file of files.reverse()) {
    if (totalBytes > 0) bytes += statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
    const fits = kept < keep && (totalBytes === 0 || bytes <= totalBytes) && file.stampMs >= closedBeforeMs;
    if (!fits) {
      removeRotated(file);
      continue;
    }
    kept += 1;
    leftMs = file.stampMs;
  }
  return leftMs;
}

function removeRotated(file: RotatedFile): void {
  const plain = plainPath(file);
  for (const path of [plain, `${plain}.gz`, plain + INDEX_SUFFIX]) unlinkQuietly(path);
  removeUnfinishedGzips(plain);
}

/** Removes partial compressions of this rotated file; a compressor that is still writing one cannot complete it then. */
export function removeUnfinishedGzips(plainPath: string): void {
  for (const suffix of suffixesOf(plainPath)) if (PARTIAL.test(suffix)) unlinkQuietly(plainPath + suffix);
}

/** As `removeUnfinishedGzips`, for all rotated files of a queue, including files that were deleted. */
export function removeAllPartials(path: string): void {
  const livePath = followLinks(path);
  for (const suffix of suffixesOf(livePath)) {
    const stamp = suffix.slice(0, STAMP_CHARS);
    if (stampOf(stamp) !== null && PARTIAL.test(suffix.slice(STAMP_CHARS))) unlinkQuietly(livePath + suffix);
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // ENOENT: it exists in the other form only, or was just deleted.
  }
}

function suffixesOf(livePath: string): string[] {
  const base = basename(livePath);
  try {
    return readdirSync(dirname(livePath))
      .filter((name) => name.startsWith(base))
      .map((name) => name.slice(base.length));
  } catch {
    return []; // no directory: the queue was never written
  }
}

function stampText(ms: number): string {
  return `.${new Date(ms).toISOString().replace(/[-:.]/g, '')}`;
}

function stampOf(suffix: string): number | null {
  const match = STAMP.exec(suffix);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, ms] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
}
