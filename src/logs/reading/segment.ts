// The files of a queue as things that can be read: rotated ones (plain or gzipped) oldest first, then the live one.
// A segment is read forward from a time, or from its end.
import { existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { INDEX_SUFFIX, listRotated } from '../rotation.ts';
import { LineSegment } from './line-segment.ts';
import type { LogLine } from './log-line.ts';
import { RawSegment } from './raw-segment.ts';

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
  /** Lines from that place on, about 1 MiB of them at most, and the place after them. Plain files only. */
  readFrom(place: number): { lines: LogLine[]; next: number };
  /** Bytes, or records, that are there now: a place beyond it means that the file was truncated. */
  extent(): number;
  /** The last `count` lines that pass, in file order. */
  last(count: number, passes: LineFilter): Promise<LogLine[]>;
  close(): void;
};

/** `binary`: lines are decoded byte by byte (latin1), so that nothing of them is lost. */
export type Decoding = 'utf8' | 'latin1';

/** Oldest first, opened: what is renamed or deleted from now on can still be read. Absent files are left out. */
export function openSegments(livePath: string, decoding: Decoding, sinceMs = 0): Segment[] {
  const segments: Segment[] = [];
  for (const file of listRotated(livePath)) {
    if (file.stampMs < sinceMs) continue;
    const segment = openSegment(file.path, file.stampMs, file.gzip, decoding);
    if (segment !== null) segments.push(segment);
  }
  const live = openSegment(livePath, null, false, decoding);
  return live === null ? segments : dropDoubles([...segments, live]);
}

export function openSegment(path: string, closedMs: number | null, gzip: boolean, decoding: Decoding): Segment | null {
  let fd: number;
  try {
    if (!statSync(path).isFile()) return null; // a queue that feeds a FIFO or a device keeps nothing to read
    fd = openSync(path, 'r');
  } catch {
    return null; // deleted or compressed in this moment, or never there
  }
  const file = { path, closedMs, fd, gzip, inode: fstatSync(fd).ino, decoding };
  const plain = gzip ? path.slice(0, -'.gz'.length) : path;
  return existsSync(plain + INDEX_SUFFIX) ? new RawSegment(file, plain + INDEX_SUFFIX) : new LineSegment(file);
}

export type OpenFile = {
  path: string;
  closedMs: number | null;
  fd: number;
  gzip: boolean;
  inode: number;
  decoding: Decoding;
};

/** The live file may have been rotated between the listing and its opening; then its name is another's. */
function dropDoubles(segments: Segment[]): Segment[] {
  const seen = new Set<number>();
  return segments.filter((segment) => {
    const double = seen.has(segment.inode);
    if (double) segment.close();
    seen.add(segment.inode);
    return !double;
  });
}

export function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}
