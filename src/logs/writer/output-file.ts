// The live file of a queue, and for raw ones its index: appends, rotates, knows its size, notices when it was moved, deleted
// or truncated by somebody else. Holds no lines back: what it does not take, the caller keeps.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
  writev,
} from 'node:fs';
import { dirname } from 'node:path';
import type { LogFormat, LogQueueSpec } from '../../core/spec.ts';
import { openFifoForWriting } from '../../os/fifo.ts';
import { finishRotation, hasIndex, rotateFile } from '../rotation.ts';
import { type IndexPiece, RawIndexWriter } from './raw-index-writer.ts';

/** How stale the knowledge may be that the path still leads to our file. */
const CHECK_EVERY_MS = 500;
/** Until a FIFO that was full is tried again: short enough for a quick reader, long enough for one that is away. */
const FIRST_PAUSE_MS = 1;
const MAX_PAUSE_MS = 32;
const NEWLINE = 0x0a;
/** A torn last line is looked for this far back: the longest line and its frame. */
const TORN_LINE_BYTES = 2 * 1024 * 1024;

/** A path whose writes may wait for ever: a FIFO, a device. What is not there yet becomes a regular file. */
function isSpecial(path: string): boolean {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat !== undefined && !stat.isFile();
  } catch {
    return false; // ENOTDIR, EACCES: opening it says so, and only this queue waits
  }
}

/** Written off the main thread always: the policy is never to make producers wait, or the file may never take anything. */
export function isWrittenAsync({ overflow, sink, path }: LogQueueSpec): boolean {
  return overflow !== 'block' || sink !== null || isSpecial(path);
}

export class OutputFile {
  readonly path: string;
  format: LogFormat = 'text';
  /** When the file that is open now was begun. */
  begunMs = 0;
  /** 0 for what is no regular file. */
  sizeBytes = 0;
  /** False: a device or a FIFO, which is never rotated, and may make a write wait for ever. */
  isRegular = true;
  #fd: number | null = null;
  #inode = 0;
  #checkedMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #index: RawIndexWriter | null = null;
  /** What somebody else did to the file that was open: `takeTurn`. */
  #externalChange: 'replaced' | 'truncated' | null = null;

  /** Must be there: nothing is created in its place. */
  readonly #isSink: boolean;

  constructor(path: string, isSink = false) {
    this.path = path;
    this.#isSink = isSink;
  }

  isOpen(): boolean {
    return this.#fd !== null;
  }

  /** Opens or creates it where that is needed. Returns the path of a file of another format that had to make room. Throws
   * errno errors. `isExact`: looks at the path now, not only now and then. */
  ensure(format: LogFormat, nowMs: number, isExact = false): string | null {
    const isOpen = this.#fd !== null && format === this.format;
    if (isOpen && !isExact && nowMs - this.#checkedMs < CHECK_EVERY_MS) return null;
    this.#checkedMs = nowMs;
    if (isOpen && this.#isStillOurs()) return null;
    this.close();
    return this.#open(format, nowMs);
  }

  /** Has the file been moved, deleted or truncated since this was asked last? Then what was written last is not what the next
   * bytes follow; the file begins, or ends, with a whole line. */
  takeExternalChange(): boolean {
    const hasTurned = this.#externalChange !== null;
    this.#externalChange = null;
    return hasTurned;
  }

  /** @returns how many bytes the disk took; less than asked for on a nearly full one. Throws errno errors. */
  write(bytes: Uint8Array, from: number, to: number): number {
    const written = writeSync(this.#fd!, bytes, from, to - from);
    if (this.isRegular) this.sizeBytes += written;
    return written;
  }

  /** As `write`, off this thread; takes nothing, after a pause, where a sink is full. The file must not be closed meanwhile. */
  writeLater(buffers: Buffer[], done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    writev(this.#fd!, buffers, (error, written) => {
      if (error?.code === 'EAGAIN') return this.#retryLater(done);
      this.#pauseMs = FIRST_PAUSE_MS;
      if (error === null && this.isRegular) this.sizeBytes += written;
      done(error, written);
    });
  }

  /** A sink that does not read must not hold one of the few threads that write for all queues. */
  #retryLater(done: (error: null, written: number) => void): void {
    setTimeout(done, this.#pauseMs, null, 0);
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
  }

  /** Says what the next bytes of a raw file are; other formats say it themselves. Kept until `writeIndex`. */
  addToIndex(piece: IndexPiece): void {
    this.#index?.add(piece);
  }

  /** Throws errno errors; then it is tried again with the next one. */
  writeIndex(): void {
    this.#index?.flush();
  }

  /** Closes the file under a dated name. Returns that, or null where there is nothing in it. Throws errno errors. */
  rotate(nowMs: number): string | null {
    if (this.#isSink) return null;
    const madeRoom = this.ensure(this.format, nowMs);
    if (this.sizeBytes === 0) return madeRoom;
    this.writeIndex();
    const rotated = rotateFile(this.path, nowMs);
    this.close();
    return rotated;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#index?.close();
    this.#index = null;
  }

  #open(format: LogFormat, nowMs: number): string | null {
    const madeRoom = this.#isSink ? null : this.#makeRoom(format, nowMs);
    this.#fd = this.#isSink ? openFifoForWriting(this.path) : openSync(this.path, 'a+', 0o600);
    this.format = format;
    try {
      this.#readState(nowMs);
    } catch (error) {
      this.close(); // as a whole, so that the next attempt opens all of it
      throw error;
    }
    return madeRoom;
  }

  #readState(nowMs: number): void {
    const stat = fstatSync(this.#fd!);
    this.#inode = stat.ino;
    this.isRegular = stat.isFile();
    this.sizeBytes = this.isRegular ? stat.size : 0;
    this.begunMs = stat.size > 0 ? Math.min(stat.birthtimeMs, stat.mtimeMs) : nowMs;
    if (this.sizeBytes > 0) this.#dropTornLine();
    if (this.format !== 'raw' || !this.isRegular) return;
    this.#index = new RawIndexWriter(this.path, this.sizeBytes, nowMs, this.#externalChange === 'truncated');
  }

  #makeRoom(format: LogFormat, nowMs: number): string | null {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    finishRotation(this.path);
    return this.#hasOtherFormat(format) ? rotateFile(this.path, nowMs) : null;
  }

  /** Text and json lines may follow each other; raw bytes need their index from the first one on, and others must not have one. */
  #hasOtherFormat(format: LogFormat): boolean {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size === 0) return false;
    return hasIndex(this.path) !== (format === 'raw');
  }

  #isStillOurs(): boolean {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const isSame = stat?.ino === this.#inode;
    if (isSame && (!this.isRegular || stat!.size >= this.sizeBytes)) return true;
    this.#externalChange = isSame ? 'truncated' : 'replaced';
    return false;
  }

  /** A writer that was killed in the middle of a write leaves half a line, whose other half nobody has any more. */
  #dropTornLine(): void {
    const length = Math.min(this.sizeBytes, TORN_LINE_BYTES);
    const tail = Buffer.allocUnsafe(length);
    readSync(this.#fd!, tail, 0, length, this.sizeBytes - length);
    if (tail[length - 1] === NEWLINE) return;
    const whole = tail.lastIndexOf(NEWLINE) + 1;
    if (whole === 0 && length < this.sizeBytes) return; // no line of ours
    this.sizeBytes -= length - whole;
    ftruncateSync(this.#fd!, this.sizeBytes);
  }
}
