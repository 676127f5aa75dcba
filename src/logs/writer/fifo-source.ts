// One FIFO as the writer sees it: one stream of one instance, read into one buffer that all share. Keeps the bytes of a line
// that is not complete yet.
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openFifoForReading } from '../../os/fifo.ts';
import { compileSoon } from '../lean-node.ts';
import type { Origin, StreamCode } from '../line-format.ts';
import { copyShort } from './framer.ts';
import type { PartialLines } from './partial-lines.ts';
import { type FifoListener, type ReadableFifo, readFifo } from './readable-fifo.ts';

const NEWLINE = 0x0a;
/** One long line does not keep its memory. */
const MAX_KEPT_BYTES = 64 * 1024;
/** So many reads of at least so much, and the pipe is what holds up its producer. */
const FLOOD_READS = 16;
const FLOOD_READ_BYTES = 32 * 1024;
const CALM_AFTER_MS = 20;
/** Most streams never hold a byte. */
const NOTHING: Buffer = Buffer.alloc(0);

export type SourceListener = {
  /** Where all sources read to, one at a time. */
  readonly input: Buffer;
  /** So many bytes are at the begin of `input`, until this returns. */
  onBytes(source: FifoSource, length: number): void;
  /** False: it would have nowhere to go with more. */
  takesMore(source: FifoSource): boolean;
  readonly partialLines: PartialLines;
  /** It brings more than its FIFO holds. Once for each FIFO. */
  onFlood(source: FifoSource): void;
  /** No process holds the FIFO for writing any more. */
  onEnd(source: FifoSource): void;
};

export class FifoSource implements Origin, FifoListener {
  readonly instance: string;
  readonly service: string;
  readonly stream: StreamCode;
  readonly path: string;
  /** The beginning of a line whose end has not come yet. */
  partial: Buffer = NOTHING;
  partialBytes = 0;
  /** A writer before us read the begin of the next line and took it to its grave: what comes first is no line. */
  skipsToNewline = false;
  #isNotedPartial = false;
  #floodReads = 0;
  #calmTimer: NodeJS.Timeout | null = null;
  #fifo: ReadableFifo | null = null;
  #fd = -1;
  #inode = 0;
  readonly #reader: SourceListener;

  constructor(origin: Origin, path: string, reader: SourceListener) {
    this.instance = origin.instance;
    this.service = origin.service;
    this.stream = origin.stream;
    this.path = path;
    this.#reader = reader;
  }

  isOpen(): boolean {
    return this.#fifo !== null;
  }

  /** Opens the FIFO, anew if another one lies under its path now. Throws errno errors. */
  open(): void {
    const fd = openFifoForReading(this.path);
    const inode = fstatSync(fd).ino;
    if (this.#fifo !== null && inode === this.#inode) {
      closeSync(fd);
      return;
    }
    this.close();
    this.#inode = inode;
    this.#fd = fd;
    this.skipsToNewline = this.#reader.partialLines.takeLeft(inode);
    this.#isNotedPartial = this.skipsToNewline;
    this.#floodReads = 0;
    this.#fifo = readFifo(fd, this.#reader.input, this);
  }

  pause(): void {
    this.#fifo?.pause();
  }

  resume(): void {
    this.#fifo?.resume();
  }

  onBytes(length: number): void {
    const isFlood = length >= FLOOD_READ_BYTES;
    // First of all: whoever follows us, should we be killed right now, must know.
    if (isFlood || this.#reader.input[length - 1] !== NEWLINE) this.#setPartial(true);
    this.#reader.onBytes(this, length);
    if (isFlood) this.#noteFlood();
    else this.notePartial();
  }

  onEnd(): void {
    this.close();
    this.#reader.onEnd(this);
  }

  /** Reads until the FIFO is empty, the reader takes no more, or the deadline (`performance.now()`) has passed. Returns
   * whether it is empty. */
  drain(untilMs: number): boolean {
    while (this.#fifo !== null) {
      if (!this.#reader.takesMore(this)) return false;
      const length = readNow(this.#fd, this.#reader.input);
      if (length <= 0) return true;
      this.onBytes(length);
      if (performance.now() > untilMs) return false;
    }
    return true;
  }

  /** Appends `[from, to)` of `bytes` to the incomplete line. */
  appendPartial(bytes: Buffer, from: number, to: number): void {
    const length = this.partialBytes + to - from;
    if (length > this.partial.length) this.#grow(length);
    copyShort(bytes, from, to, this.partial, this.partialBytes);
    this.partialBytes = length;
  }

  /** The incomplete line; from now on there is none. Valid until the next `hold`. `goesOn`: only a piece of a line that is too
   * long, so that as much will be held again. */
  takePartial(goesOn = false): Buffer {
    const held = this.partial.subarray(0, this.partialBytes);
    this.partialBytes = 0;
    if (this.partial.length > MAX_KEPT_BYTES && !goesOn) this.partial = NOTHING;
    return held;
  }

  /** For good: nobody will ask for the rest of its line. */
  release(): void {
    this.#reader.partialLines.forget(this.#inode);
    this.close();
  }

  close(): void {
    if (this.#calmTimer !== null) clearTimeout(this.#calmTimer);
    this.#calmTimer = null;
    const fifo = this.#fifo;
    this.#fifo = null;
    fifo?.close();
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(256, 2 ** Math.ceil(Math.log2(bytes))));
    this.partial.copy(larger, 0, 0, this.partialBytes);
    this.partial = larger;
  }

  /** We may be killed right after the next read, before we have seen how it ends: as long as it floods, it counts as cut. */
  #noteFlood(): void {
    this.#calmTimer ??= setTimeout(() => {
      this.#calmTimer = null;
      this.notePartial();
    }, CALM_AFTER_MS).unref();
    if (this.#floodReads === FLOOD_READS) return;
    this.#floodReads += 1;
    compileSoon();
    if (this.#floodReads === FLOOD_READS) this.#reader.onFlood(this);
  }

  /** Whether half a line is held, for whoever follows us. */
  notePartial(): void {
    this.#setPartial(this.skipsToNewline || this.partialBytes > 0);
  }

  #setPartial(isMidLine: boolean): void {
    if (isMidLine === this.#isNotedPartial) return;
    this.#isNotedPartial = isMidLine;
    this.#reader.partialLines.set(this.#inode, isMidLine);
  }
}

/** @returns 0 at the end, -1 when there is nothing to read now */
function readNow(fd: number, buffer: Buffer): number {
  try {
    return readSync(fd, buffer, 0, buffer.length, null);
  } catch {
    return -1; // EAGAIN: empty
  }
}
