// Opens the files of a queue: rotated ones oldest first, then the live one, as they are at one moment.
// A file shows its own format: a raw file has an index next to it. The writer may rotate or compress meanwhile.
import { closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { indexPath, listRotated, newestStamp, plainPath, type RotatedFile, unfinishedRotation } from '../rotation.ts';
import type { SegmentFile } from './file-bytes.ts';
import { LineSegment } from './line-segment.ts';
import type { Decoding } from './log-line.ts';
import { RawSegment } from './raw-segment.ts';
import type { LogQueueFile, Segment } from './segment.ts';

export type QueueFiles = {
  /** They stay readable when they are renamed or deleted. */
  segments: Segment[];
  /** Stamp of the newest rotated file that was listed, opened or not; a later rotation has a later stamp. 0: none. */
  newestStampMs: number;
};

/** Absent files are left out, and those that were closed before `sinceMs`. */
export function openQueueFiles(queue: LogQueueFile, decoding: Decoding, sinceMs = 0): QueueFiles {
  const { live, rotated } = openAtOneMoment(queue, decoding);
  const wanted = rotated.filter((file) => file.stampMs >= sinceMs);
  const segments = wanted.map((file) => openRotated(file, decoding)).filter((segment) => segment !== null);
  return { segments: live === null ? segments : [...segments, live], newestStampMs: newestStamp(rotated) };
}

/** When a rotation happens in between, the rotated files hold all that existed before, and the new live file is left out:
 * otherwise a file would be missing or appear twice. */
function openAtOneMoment(queue: LogQueueFile, decoding: Decoding): { live: Segment | null; rotated: RotatedFile[] } {
  const before = newestStamp(listRotated(queue.path));
  const live = openLive(queue, decoding);
  const rotated = listRotated(queue.path);
  if (newestStamp(rotated) === before) return { live, rotated };
  live?.close();
  return { live: null, rotated };
}

/** The live file. Null: it does not exist, is being rotated, or is empty and its format is not known yet. */
export function openLive({ path, format }: LogQueueFile, decoding: Decoding): Segment | null {
  const file = openFile(path, null, false, decoding);
  if (file === null) return null;
  const isEmpty = fstatSync(file.fd).size === 0; // asked first: an index is created before the first byte is written
  const index = openIndex(path) ?? (format === 'raw' ? openIndex(unfinishedRotation(path)) : null);
  // The index belongs to this file only while the path still leads to it.
  if (inodeOf(path) === file.inode && !(isEmpty && index === null)) return segmentOf(file, index);
  closeAll(file.fd, index);
  return null;
}

/** A rotated file, compressed by now or not. Null: it was deleted after it was listed. */
export function openRotated(rotated: RotatedFile, decoding: Decoding): Segment | null {
  const { path, stampMs, gzip } = rotated;
  const plain = plainPath(rotated);
  const file = openFile(path, stampMs, gzip, decoding) ?? openFile(`${plain}.gz`, stampMs, true, decoding);
  if (file === null) return null;
  const index = openIndex(plain);
  // The index is deleted last: when both it and the file are gone, these bytes may be raw.
  if (index !== null || existsSync(plain) || existsSync(`${plain}.gz`)) return segmentOf(file, index);
  closeAll(file.fd, index);
  return null;
}

export function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

function segmentOf(file: SegmentFile, index: number | null): Segment {
  return index === null ? new LineSegment(file) : new RawSegment(file, index);
}

function openFile(path: string, closedMs: number | null, gzip: boolean, decoding: Decoding): SegmentFile | null {
  try {
    if (!statSync(path).isFile()) return null; // a queue that feeds a FIFO or a device stores nothing
    const fd = openSync(path, 'r');
    return { path, closedMs, fd, gzip, inode: fstatSync(fd).ino, decoding };
  } catch {
    return null; // just deleted or compressed, or it never existed
  }
}

function openIndex(path: string | null): number | null {
  if (path === null) return null;
  try {
    return openSync(indexPath(path), 'r');
  } catch {
    return null; // not a raw file, or just renamed
  }
}

function closeAll(fd: number, index: number | null): void {
  closeSync(fd);
  if (index !== null) closeSync(index);
}
