// One FIFO as the writer sees it: one stream of one instance, read into one buffer that all share. Keeps the bytes of a line
// that is not complete yet.
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openFifoForReading } from '../../runtime/fifo.ts';
import { copyShort } from '../framer/framer.ts';
import type { Origin, StreamLetter } from '../framing.ts';
import { compileSoon } from '../lean-node.ts';
import type { MidLines } from './mid-line.ts';
import { type FifoReader, type ReadableFifo, readFifo } from './readable-fifo.ts';

const NEWLINE = 0x0a;
/** One long line does not keep its memory. */
const KEPT_BYTES = 64 * 1024;
/** So many reads of at least so much, and the pipe is what holds up its producer. */
const FLOOD_READS = 16;
const FLOOD_READ_BYTES = 32 * 1024;
const CALM_AFTER_MS = 20;
/** Most streams never hold a byte. */
const NOTHING: Buffer = Buffer.alloc(0);

export type SourceReader = {
  /** Where all sources read to, one at a time. */
  readonly input: Buffer;
  /** So many bytes are at the begin of `input`, until this returns. */
  onBytes(source: Source, length: number): void;
  /** False: it would have nowhere to go with more. */
  takesMore(source: Source): boolean;
  readonly midLines: MidLines;
  /** It brings more than its FIFO holds. Once for each FIFO. */
  onFlood(source: Source): void;
  /** No process holds the FIFO for writing any more. */
  onEnd(source: Source): void;
};

export class Source implements Origin, FifoReader {
  readonly instance: string;
  readonly service: string;
  readonly stream: StreamLetter;
  readonly path: string;
  /** The beginning of a line whose end has not come yet. */
  held: Buffer = NOTHING;
  heldBytes = 0;
  /** A writer before us read the begin of the next line and took it to its grave: what comes first is no line. */
  isCut = false;
  private isMidLine = false;
  private floodReads = 0;
  private calm: NodeJS.Timeout | null = null;
  private fifo: ReadableFifo | null = null;
  private fd = -1;
  private inode = 0;
  private readonly reader: SourceReader;

  constructor(origin: Origin, path: string, reader: SourceReader) {
    this.instance = origin.instance;
    this.service = origin.service;
    this.stream = origin.stream;
    this.path = path;
    this.reader = reader;
  }

  isOpen(): boolean {
    return this.fifo !== null;
  }

  /** Opens the FIFO, anew if another one lies under its path now. Throws errno errors. */
  open(): void {
    const fd = openFifoForReading(this.path);
    const inode = fstatSync(fd).ino;
    if (this.fifo !== null && inode === this.inode) {
      closeSync(fd);
      return;
    }
    this.close();
    this.inode = inode;
    this.fd = fd;
    this.isCut = this.reader.midLines.wasLeft(inode);
    this.isMidLine = this.isCut;
    this.floodReads = 0;
    this.fifo = readFifo(fd, this.reader.input, this);
  }

  pause(): void {
    this.fifo?.pause();
  }

  resume(): void {
    this.fifo?.resume();
  }

  onBytes(length: number): void {
    const isFlood = length >= FLOOD_READ_BYTES;
    // First of all: whoever follows us, should we be killed right now, must know.
    if (isFlood || this.reader.input[length - 1] !== NEWLINE) this.setMidLine(true);
    this.reader.onBytes(this, length);
    if (isFlood) this.noteFlood();
    else this.noteMidLine();
  }

  onEnd(): void {
    this.close();
    this.reader.onEnd(this);
  }

  /** Reads until the FIFO is empty, the reader takes no more, or the deadline (`performance.now()`) has passed. Returns
   * whether it is empty. */
  drain(untilMs: number): boolean {
    while (this.fifo !== null) {
      if (!this.reader.takesMore(this)) return false;
      const length = readNow(this.fd, this.reader.input);
      if (length <= 0) return true;
      this.onBytes(length);
      if (performance.now() > untilMs) return false;
    }
    return true;
  }

  /** Appends `[from, to)` of `bytes` to the incomplete line. */
  hold(bytes: Buffer, from: number, to: number): void {
    const length = this.heldBytes + to - from;
    if (length > this.held.length) this.grow(length);
    copyShort(bytes, from, to, this.held, this.heldBytes);
    this.heldBytes = length;
  }

  /** The incomplete line; from now on there is none. Valid until the next `hold`. `goesOn`: only a piece of a line that is too
   * long, so that as much will be held again. */
  takeHeld(goesOn = false): Buffer {
    const held = this.held.subarray(0, this.heldBytes);
    this.heldBytes = 0;
    if (this.held.length > KEPT_BYTES && !goesOn) this.held = NOTHING;
    return held;
  }

  /** For good: nobody will ask for the rest of its line. */
  release(): void {
    this.reader.midLines.forget(this.inode);
    this.close();
  }

  close(): void {
    if (this.calm !== null) clearTimeout(this.calm);
    this.calm = null;
    const { fifo } = this;
    this.fifo = null;
    fifo?.close();
  }

  private grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(256, 2 ** Math.ceil(Math.log2(bytes))));
    this.held.copy(larger, 0, 0, this.heldBytes);
    this.held = larger;
  }

  /** We may be killed right after the next read, before we have seen how it ends: as long as it floods, it counts as cut. */
  private noteFlood(): void {
    this.calm ??= setTimeout(() => {
      this.calm = null;
      this.noteMidLine();
    }, CALM_AFTER_MS).unref();
    if (this.floodReads === FLOOD_READS) return;
    this.floodReads += 1;
    compileSoon();
    if (this.floodReads === FLOOD_READS) this.reader.onFlood(this);
  }

  /** Whether half a line is held, for whoever follows us. */
  noteMidLine(): void {
    this.setMidLine(this.isCut || this.heldBytes > 0);
  }

  private setMidLine(isMidLine: boolean): void {
    if (isMidLine === this.isMidLine) return;
    this.isMidLine = isMidLine;
    this.reader.midLines.set(this.inode, isMidLine);
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
