// One FIFO of the writer: one stream of one instance, read into a buffer that all sources share. Keeps the bytes of an
// incomplete line.
import { closeSync, fstatSync } from 'node:fs';
import { openFifoForReading } from '../../os/fifo.ts';
import { compileSoon } from '../lean-node.ts';
import { NEWLINE, type Origin, type StreamCode } from '../line-format.ts';
import { copyShort } from './framer.ts';
import type { PartialLineRecords } from './partial-line-records.ts';
import { type FifoListener, type ReadableFifo, readAvailable, readFifo } from './readable-fifo.ts';

/** A larger buffer is freed after its line. */
const MAX_KEPT_BYTES = 64 * 1024;
/** After this many reads of at least this size, the pipe is what slows its producer down. */
const FLOOD_READS = 16;
const FLOOD_READ_BYTES = 32 * 1024;
const CALM_AFTER_MS = 20;
/** Most streams never keep a byte. */
const NOTHING: Buffer = Buffer.alloc(0);

export type SourceListener = {
  /** The buffer that all sources read into, one at a time. */
  readonly input: Buffer;
  /** The first `length` bytes of `input` were read; they are valid until this returns. */
  onBytes(source: FifoSource, length: number): void;
  /** False: its queue is full. */
  takesMore(source: FifoSource): boolean;
  readonly partialLines: PartialLineRecords;
  /** Its output exceeds its pipe. Called once for each FIFO. */
  onFlood(source: FifoSource): void;
  /** No process has the FIFO open for writing any more. */
  onEnd(source: FifoSource): void;
};

export class FifoSource implements Origin, FifoListener {
  readonly instance: string;
  readonly service: string;
  readonly stream: StreamCode;
  readonly path: string;
  /** The start of an incomplete line. */
  partial: Buffer = NOTHING;
  partialBytes = 0;
  /** When the incomplete line began, milliseconds since the epoch. */
  partialBegunMs = 0;
  /** The previous writer died with the start of this line: skip to the next newline. */
  skipsToNewline = false;
  #isNotedPartial = false;
  #floodReads = 0;
  #calmTimer: NodeJS.Timeout | null = null;
  #isPaused = false;
  #fifo: ReadableFifo | null = null;
  #fd = -1;
  #inode = 0;
  readonly #listener: SourceListener;

  constructor(origin: Origin, path: string, listener: SourceListener) {
    this.instance = origin.instance;
    this.service = origin.service;
    this.stream = origin.stream;
    this.path = path;
    this.#listener = listener;
  }

  isOpen(): boolean {
    return this.#fifo !== null;
  }

  /** Opens the FIFO, again if another FIFO is at its path now. Throws errno errors. */
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
    this.skipsToNewline = this.#listener.partialLines.takeLeft(inode);
    this.#isNotedPartial = this.skipsToNewline;
    this.#floodReads = 0;
    this.#isPaused = false;
    this.#fifo = readFifo(fd, this.#listener.input, this);
  }

  /** What waits in the FIFO meanwhile may begin or end anywhere: the record stays as it is. */
  pause(): void {
    this.#isPaused = true;
    this.#fifo?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isNotedPartial) this.#calmTimer ??= this.#startCalmTimer();
    this.#fifo?.resume();
  }

  onBytes(length: number): void {
    const isFlood = length >= FLOOD_READ_BYTES;
    const isCut = isFlood || this.#listener.input[length - 1] !== NEWLINE;
    // Before anything else: the next writer must know this if this one is killed right now.
    if (isCut) this.#setPartial(true);
    this.#listener.onBytes(this, length);
    if (isFlood) this.#noteFlood();
    if (!this.#isNotedPartial || !this.isOpen()) return;
    if (isCut) this.#calmTimer?.refresh();
    this.#calmTimer ??= this.#startCalmTimer();
  }

  onEnd(): void {
    this.close();
    this.#listener.onEnd(this);
  }

  /** Reads until the FIFO is empty, the queue is full, or the deadline (`performance.now()`) has passed. Returns whether the
   * FIFO is empty. */
  drain(untilMs: number): boolean {
    while (this.#fifo !== null) {
      if (!this.#listener.takesMore(this)) return false;
      const length = readAvailable(this.#fd, this.#listener.input) ?? 0;
      if (length === 0) return true;
      this.onBytes(length);
      if (performance.now() > untilMs) return false;
    }
    return true;
  }

  /** Appends `[from, to)` of `bytes`, which came at `timeMs`, to the incomplete line. */
  appendPartial(bytes: Buffer, from: number, to: number, timeMs: number): void {
    if (this.partialBytes === 0) this.partialBegunMs = timeMs;
    const length = this.partialBytes + to - from;
    if (length > this.partial.length) this.#grow(length);
    copyShort(bytes, from, to, this.partial, this.partialBytes);
    this.partialBytes = length;
  }

  /** Removes and returns the incomplete line. Valid until the next `appendPartial`. `continues`: it is a piece of a line that is too
   * long: the buffer is needed again. */
  takePartial(continues = false): Buffer {
    const taken = this.partial.subarray(0, this.partialBytes);
    this.partialBytes = 0;
    if (this.partial.length > MAX_KEPT_BYTES && !continues) this.partial = NOTHING;
    return taken;
  }

  /** Closes it forever: the rest of its line is not needed any more. */
  release(): void {
    this.#listener.partialLines.forget(this.#inode);
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

  #noteFlood(): void {
    if (this.#floodReads === FLOOD_READS) return;
    this.#floodReads += 1;
    compileSoon();
    if (this.#floodReads === FLOOD_READS) this.#listener.onFlood(this);
  }

  /**
   * This process may be killed right after the next read, before it knows how that ends: a stream of which a read ended within
   * a line counts as within a line until no such read comes for a while.
   */
  #startCalmTimer(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#calmTimer = null;
      // Timers come first where this process was suspended: what it has not read yet comes now.
      setImmediate(() => {
        if (this.#calmTimer === null && !this.#isPaused && this.isOpen()) this.notePartial();
      });
    }, CALM_AFTER_MS).unref();
  }

  /** Records for the next writer whether a line is incomplete. */
  notePartial(): void {
    this.#setPartial(this.skipsToNewline || this.partialBytes > 0);
  }

  #setPartial(isMidLine: boolean): void {
    if (isMidLine === this.#isNotedPartial) return;
    this.#isNotedPartial = isMidLine;
    this.#listener.partialLines.set(this.#inode, isMidLine);
  }
}
