// The live file of a queue, and the index of a raw one: appends, rotates, knows its size, notices when another program moved,
// deleted or truncated it. Keeps no lines: the caller keeps what the file does not take.

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
import type { LogFormat, LogQueueSpec } from '../../core/log-queue-spec.ts';
import { openFifoForWriting } from '../../os/fifo.ts';
import { NEWLINE } from '../line-format.ts';
import { followLinks, isSpecial } from '../live-path.ts';
import { finishRotation, hasIndex, rotateFile } from '../rotation.ts';
import { type IndexPiece, RawIndexWriter } from './raw-index-writer.ts';

/** How often it checks that the path still leads to the open file. */
const CHECK_EVERY_MS = 500;
/** Pause after a full FIFO: short enough for a fast reader, long enough for one that does not read. */
const FIRST_PAUSE_MS = 1;
const MAX_PAUSE_MS = 32;
/** How far back an incomplete last line is searched: the longest line and its frame. */
const TORN_LINE_BYTES = 2 * 1024 * 1024;

/** Always written off the main thread: the policy must not make producers wait, or a write may block forever. */
export function isWrittenAsync({ overflow, sink, path }: LogQueueSpec): boolean {
  return overflow !== 'block' || sink !== null || isSpecial(path);
}

export class OutputFile {
  readonly path: string;
  format: LogFormat = 'text';
  /** When the open file was created. */
  begunMs = 0;
  /** 0 unless it is a regular file. */
  sizeBytes = 0;
  /** False: a device or a FIFO; it is never rotated, and a write to it may block forever. */
  isRegular = true;
  #fd: number | null = null;
  #inode = 0;
  #checkedMs = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #index: RawIndexWriter | null = null;
  /** What another program did to the open file: see `takeExternalChange`. */
  #externalChange: 'replaced' | 'truncated' | null = null;

  /** A sink must exist: it is not created. */
  readonly #isSink: boolean;

  constructor(path: string, isSink = false) {
    this.path = path;
    this.#isSink = isSink;
  }

  isOpen(): boolean {
    return this.#fd !== null;
  }

  /** Opens or creates the file if needed. Returns the new path of a file of another format that was rotated to make room.
   * Throws errno errors. `isExact`: checks the path now, not only now and then. */
  ensure(format: LogFormat, nowMs: number, isExact = false): string | null {
    const isOpen = this.#fd !== null && format === this.format;
    if (isOpen && !isExact && nowMs - this.#checkedMs < CHECK_EVERY_MS) return null;
    this.#checkedMs = nowMs;
    if (isOpen && this.#isUnchanged()) return null;
    this.close();
    return this.#open(format, nowMs);
  }

  /** Was the file moved, deleted or truncated since the last call? The next bytes then do not follow those written last: the
   * file is empty or ends with a whole line. */
  takeExternalChange(): boolean {
    const hasChanged = this.#externalChange !== null;
    this.#externalChange = null;
    return hasChanged;
  }

  /** @returns how many bytes the disk took; fewer than asked for on a nearly full disk. Throws errno errors. */
  write(bytes: Uint8Array, from: number, to: number): number {
    const written = writeSync(this.#fd!, bytes, from, to - from);
    if (this.isRegular) this.sizeBytes += written;
    return written;
  }

  /** As `write`, off this thread. Takes no bytes, after a pause, when a sink is full. The file must not be closed meanwhile. */
  writeLater(buffers: Buffer[], done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    writev(this.#fd!, buffers, (error, written) => {
      if (error?.code === 'EAGAIN') return this.#retryLater(done);
      this.#pauseMs = FIRST_PAUSE_MS;
      if (error === null && this.isRegular) this.sizeBytes += written;
      done(error, written);
    });
  }

  /** A sink that does not read must not block one of the few threads that write for all queues. */
  #retryLater(done: (error: null, written: number) => void): void {
    setTimeout(done, this.#pauseMs, null, 0);
    this.#pauseMs = Math.min(this.#pauseMs * 2, MAX_PAUSE_MS);
  }

  /** Describes the next bytes of a raw file; other formats need no index. Kept until `writeIndex`. */
  addToIndex(piece: IndexPiece): void {
    this.#index?.add(piece);
  }

  /** Throws errno errors; the next call then retries. */
  writeIndex(): void {
    this.#index?.flush();
  }

  /** Renames the file to a dated name and closes it. Returns that name; null: it is empty. Throws errno errors. */
  rotate(nowMs: number): string | null {
    if (this.#isSink || isSpecial(this.path)) return null;
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
      this.close(); // so that the next attempt opens file and index
      throw error;
    }
    return madeRoom;
  }

  #readState(nowMs: number): void {
    const stat = fstatSync(this.#fd!);
    this.#inode = stat.ino;
    this.isRegular = stat.isFile() && !isSpecial(this.path);
    this.sizeBytes = this.isRegular ? stat.size : 0;
    this.begunMs = stat.size > 0 ? Math.min(stat.birthtimeMs, stat.mtimeMs) : nowMs;
    if (this.sizeBytes > 0) this.#dropTornLine();
    if (this.format !== 'raw' || !this.isRegular) return;
    this.#index = new RawIndexWriter(this.path, this.sizeBytes, nowMs, this.#externalChange === 'truncated');
  }

  #makeRoom(format: LogFormat, nowMs: number): string | null {
    if (isSpecial(this.path)) return null;
    mkdirSync(dirname(followLinks(this.path)), { recursive: true, mode: 0o700 });
    finishRotation(this.path);
    return this.#hasOtherFormat(format) ? rotateFile(this.path, nowMs) : null;
  }

  /** Text and json lines may share a file; raw bytes need an index from the first byte on, and other files must not have one. */
  #hasOtherFormat(format: LogFormat): boolean {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size === 0) return false;
    return hasIndex(this.path) !== (format === 'raw');
  }

  #isUnchanged(): boolean {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const isSame = stat?.ino === this.#inode;
    if (isSame && (!this.isRegular || stat!.size >= this.sizeBytes)) return true;
    this.#externalChange = isSame ? 'truncated' : 'replaced';
    return false;
  }

  /** A writer that was killed within a write leaves an incomplete line, whose rest is lost. */
  #dropTornLine(): void {
    const length = Math.min(this.sizeBytes, TORN_LINE_BYTES);
    const tail = Buffer.allocUnsafe(length);
    readSync(this.#fd!, tail, 0, length, this.sizeBytes - length);
    if (tail[length - 1] === NEWLINE) return;
    const whole = tail.lastIndexOf(NEWLINE) + 1;
    if (whole === 0 && length < this.sizeBytes) return; // not a line of orch
    this.sizeBytes -= length - whole;
    ftruncateSync(this.#fd!, this.sizeBytes);
  }
}
