// The moving end of one queue: what was written to the live file since the last read, and, when that was rotated away
// meanwhile, its rest and all files in between. Holds the live file open, so a rename or deletion takes nothing away.

import { listRotated, type RotatedFile } from '../rotation.ts';
import type { Decoding, LogLine } from './log-line.ts';
import { inodeOf, openLive, openQueueFiles, openRotated } from './queue-files.ts';
import type { LogQueueFile, Segment } from './segment.ts';

export type TailRequest = {
  /** Further behind it jumps ahead; null: never. */
  skipAboveBytes: number | null;
  /** Lines of others than this instance or service may be left out; null: all. */
  only: string | null;
};

export class QueueTail {
  #existing: Segment[] = [];
  #live: Segment | null = null;
  #position = 0;
  #more = false;
  #listed: RotatedFile[] = [];
  /** Newest rotated file when `live` was opened: those after it are ours to read. */
  #knownStampMs = 0;
  readonly #queue: LogQueueFile;
  readonly #decoding: Decoding;
  readonly #request: TailRequest;

  constructor(queue: LogQueueFile, decoding: Decoding, wish: TailRequest) {
    this.#queue = queue;
    this.#decoding = decoding;
    this.#request = wish;
  }

  /** Opens all that is there, the live file frozen at its present end; `read` goes on after it. */
  begin(sinceMs: number): Segment[] {
    const { segments, newestStampMs } = openQueueFiles(this.#queue, this.#decoding, sinceMs);
    this.#existing = segments;
    this.#knownStampMs = newestStampMs;
    const last = this.#existing.at(-1);
    if (last !== undefined && last.closedMs === null) {
      this.#live = last;
      this.#position = last.freeze();
    }
    return this.#existing;
  }

  closeExisting(): void {
    for (const segment of this.#existing) if (segment !== this.#live) segment.close();
    this.#existing = [];
  }

  hasMore(): boolean {
    return this.#more;
  }

  async read(): Promise<LogLine[]> {
    this.#more = false;
    const lines = this.#readLive();
    if (lines !== null) {
      this.#more = true;
      return lines;
    }
    if (this.#live !== null && inodeOf(this.#queue.path) === this.#live.inode) return [];
    return this.#readNextFile();
  }

  /** Whoever reads what `begin` returned gets no more of it. */
  stopExisting(): void {
    for (const segment of this.#existing) segment.stop();
  }

  close(): void {
    this.closeExisting();
    this.#live?.close();
    this.#live = null;
  }

  /** @returns null: there was nothing to read. */
  #readLive(): LogLine[] | null {
    if (this.#live === null) return null;
    const extent = this.#live.extent();
    if (extent < this.#position) this.#position = 0; // truncated by somebody
    const skipped = this.#skipAhead();
    const { lines, next } = this.#live.readFrom(this.#position, this.#request.only);
    if (next === this.#position && skipped === null) return null;
    this.#position = next;
    return skipped === null ? lines : [skipped, ...lines];
  }

  #skipAhead(): LogLine | null {
    const { skipAboveBytes } = this.#request;
    if (skipAboveBytes === null || this.#live === null) return null;
    const bytes = this.#live.bytesAfter(this.#position);
    if (bytes <= skipAboveBytes) return null;
    this.#position = this.#live.freeze();
    const line = `… ${Math.round(bytes / 1024).toLocaleString('en-US')} KiB not shown`;
    return { timeMs: Date.now(), service: '', instance: '', stream: 'o', line, gap: 0 };
  }

  /** The live file is another one now: what is left of ours, the rotated ones since, then the new one from its begin. */
  async #readNextFile(): Promise<LogLine[]> {
    const rest = this.#readLive();
    if (rest !== null) {
      this.#more = true;
      return rest;
    }
    const next = this.#nextRotated();
    if (next !== null) return this.#switchTo(next, next.closedMs!);
    const live = openLive(this.#queue, this.#decoding);
    if (live === null) return [];
    if (listRotated(this.#queue.path).some((file) => file.stampMs > this.#knownStampMs)) live.close();
    else this.#switchTo(live, this.#knownStampMs);
    this.#more = true;
    return [];
  }

  async #switchTo(segment: Segment, stampMs: number): Promise<LogLine[]> {
    this.#live?.close();
    this.#live = segment;
    this.#position = 0;
    this.#knownStampMs = stampMs;
    this.#more = true;
    if (!segment.path.endsWith('.gz')) return [];
    const batches: LogLine[][] = []; // rotated and compressed between two reads: rare, and one file's worth
    for await (const batch of segment.forward(0)) batches.push(batch);
    this.#position = segment.extent();
    return batches.flat();
  }

  /** The first rotated file after ours. One listing serves for all that it found. */
  #nextRotated(): Segment | null {
    if (this.#listed.length === 0) this.#listed = this.#listLater();
    const next = this.#listed.shift();
    if (next === undefined) return null;
    const segment = openRotated(next, this.#decoding);
    if (segment === null) this.#listed = []; // deleted since: list anew
    return segment;
  }

  #listLater(): RotatedFile[] {
    const later = listRotated(this.#queue.path).filter((file) => file.stampMs > this.#knownStampMs);
    // The first one since we opened the live file is that file, unless somebody else moved it.
    if (this.#live === null || this.#live.closedMs !== null || later[0] === undefined) return later;
    const inode = later[0].gzip ? null : inodeOf(later[0].path); // null: compressed, maybe only since it was listed
    if (inode !== null && inode !== this.#live.inode) return later;
    this.#knownStampMs = later[0].stampMs;
    return later.slice(1);
  }
}
