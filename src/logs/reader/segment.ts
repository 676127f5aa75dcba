// A file of a queue as something that can be read: forward from a time, or from its end. What a file is, it says itself: a
// raw one has an index beside it. The writer may rotate, compress or delete it between any two looks.
import { closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { INDEX_SUFFIX, plainPath, type RotatedFile, unfinishedRotation } from '../rotation.ts';
import { LineSegment } from './line-segment.ts';
import type { LogLine } from './log-line.ts';
import { RawSegment } from './raw-segment.ts';
import type { LogQueueFile } from './read-logs.ts';

export type LineFilter = (line: LogLine) => boolean;

export type Segment = {
  readonly path: string;
  /** When the last line in it was written at the latest; null: it is being written. */
  readonly closedMs: number | null;
  readonly inode: number;
  /** Where its first line stands in time; null: empty. */
  firstTimeMs(): Promise<number | null>;
  /** Batches of lines in file order, from the first one at or after `sinceMs`. */
  forward(sinceMs: number): AsyncGenerator<LogLine[]>;
  /** Fixes the end at the last whole line that is there now. Returns that place, to read on from with `readFrom`. */
  freeze(): number;
  /** How much there is from that place on. */
  bytesAfter(place: number): number;
  /**
   * Lines from that place on, about 1 MiB of them at most, and the place after them. Plain files only.
   * @param only lines that cannot be of this instance or service may be left out, unparsed; null: all
   */
  readFrom(place: number, only: string | null): { lines: LogLine[]; next: number };
  /** Bytes, or records, that are there now: a place beyond it means that the file was truncated. */
  extent(): number;
  /** The last `count` lines that pass, in file order. */
  last(count: number, passes: LineFilter): Promise<LogLine[]>;
  /** Whoever reads `forward` or `last` right now gets no more than the block that he has. */
  stop(): void;
  close(): void;
};

/** `binary`: lines are decoded byte by byte (latin1), so that nothing of them is lost. */
export type Decoding = 'utf8' | 'latin1';

/**
 * The live file. Null: there is none, it was rotated in this moment, or it is empty and may yet become either kind.
 */
export function openLive({ path, format }: LogQueueFile, decoding: Decoding): Segment | null {
  const file = openFile(path, null, false, decoding);
  if (file === null) return null;
  const isEmpty = fstatSync(file.fd).size === 0; // asked first: an index is begun before the first byte is written
  const index = openIndex(path) ?? (format === 'raw' ? openIndex(unfinishedRotation(path)) : null);
  // Only as long as the name is still its own is that index its own.
  if (inodeOf(path) === file.inode && !(isEmpty && index === null)) return segmentOf(file, index);
  closeAll(file.fd, index);
  return null;
}

/** A rotated file, compressed or not, whatever it was when it was listed. Null: it was deleted since. */
export function openRotated(rotated: RotatedFile, decoding: Decoding): Segment | null {
  const { path, stampMs, gzip } = rotated;
  const plain = plainPath(rotated);
  const file = openFile(path, stampMs, gzip, decoding) ?? openFile(`${plain}.gz`, stampMs, true, decoding);
  if (file === null) return null;
  const index = openIndex(plain);
  // Deleted last of all: without it, and without its file, these might be raw bytes.
  if (index !== null || existsSync(plain) || existsSync(`${plain}.gz`)) return segmentOf(file, index);
  closeAll(file.fd, index);
  return null;
}

function segmentOf(file: SegmentFile, index: number | null): Segment {
  return index === null ? new LineSegment(file) : new RawSegment(file, index);
}

function openFile(path: string, closedMs: number | null, gzip: boolean, decoding: Decoding): SegmentFile | null {
  try {
    if (!statSync(path).isFile()) return null; // a queue that feeds a FIFO or a device keeps nothing to read
    const fd = openSync(path, 'r');
    return { path, closedMs, fd, gzip, inode: fstatSync(fd).ino, decoding };
  } catch {
    return null; // deleted or compressed in this moment, or never there
  }
}

function openIndex(path: string | null): number | null {
  if (path === null) return null;
  try {
    return openSync(path + INDEX_SUFFIX, 'r');
  } catch {
    return null; // no raw file, or it was renamed in this moment
  }
}

function closeAll(fd: number, index: number | null): void {
  closeSync(fd);
  if (index !== null) closeSync(index);
}

export type SegmentFile = {
  path: string;
  closedMs: number | null;
  fd: number;
  gzip: boolean;
  inode: number;
  decoding: Decoding;
};

export function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}
