// The growing end of one queue: what was written to the live file since the last read, and after a rotation the rest of that
// file and all files in between. Keeps the live file open, so that a rename or deletion loses no line.
import { listRotated, type RotatedFile } from '../rotation.ts';
import type { Decoding, LogLine } from './log-line.ts';
import { inodeOf, openLive, openQueueFiles, openRotated } from './queue-files.ts';
import type { LogQueueFile, Segment } from './segment.ts';

export type TailRequest = {
  /** It skips ahead when more bytes than this are unread; null: never. */
  skipAboveBytes: number | null;
  /** Lines of other instances and services may be left out; null: all lines. */
  only: string | null;
};

export class QueueTail {
  #existing: Segment[] = [];
  #live: Segment | null = null;
  #position = 0;
  #more = false;
  #listed: RotatedFile[] = [];
  /** The newest rotated file when `live` was opened: later ones are still to be read. */
  #knownStampMs = 0;
  readonly #queue: LogQueueFile;
  readonly #decoding: Decoding;
  readonly #request: TailRequest;

  constructor(queue: LogQueueFile, decoding: Decoding, request: TailRequest) {
    this.#queue = queue;
    this.#decoding = decoding;
    this.#request = request;
  }

  /** Opens all existing files, the live one frozen at its present end; `read` continues after it. */
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

  /** Ends the reading of what `begin` returned. */
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
    if (extent < this.#position) this.#position = 0; // truncated by another program
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

  /** The live file was replaced: reads the rest of the old one, the files rotated since, then the new one from its start. */
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

  /** The first rotated file after the open one. One listing serves for all files that it found. */
  #nextRotated(): Segment | null {
    if (this.#listed.length === 0) this.#listed = this.#listLater();
    const next = this.#listed.shift();
    if (next === undefined) return null;
    const segment = openRotated(next, this.#decoding);
    if (segment === null) this.#listed = []; // deleted meanwhile: list again
    return segment;
  }

  #listLater(): RotatedFile[] {
    const later = listRotated(this.#queue.path).filter((file) => file.stampMs > this.#knownStampMs);
    // The first one is the file that was opened as the live one, unless another program moved it.
    if (this.#live === null || this.#live.closedMs !== null || later[0] === undefined) return later;
    const inode = later[0].gzip ? null : inodeOf(later[0].path); // null: compressed, perhaps after it was listed
    if (inode !== null && inode !== this.#live.inode) return later;
    this.#knownStampMs = later[0].stampMs;
    return later.slice(1);
  }
}
