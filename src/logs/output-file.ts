// The live file of a queue: appends, knows its size, notices when it was moved, deleted or truncated by somebody else.
// Every write is synchronous: a slow disk may stall this process, and only this one.
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** How stale the knowledge may be that the path still leads to our file. */
const CHECK_EVERY_MS = 500;
const NEWLINE = 0x0a;
/** A torn last line is looked for this far back: the longest line and its prefix. */
const TORN_LINE_BYTES = 2 * 1024 * 1024;

export class OutputFile {
  readonly path: string;
  /** When the file that is open now was begun, by its birth time. */
  begunMs = 0;
  sizeBytes = 0;
  private fd: number | null = null;
  private inode = 0;
  private checkedMs = 0;

  constructor(path: string) {
    this.path = path;
  }

  isOpen(): boolean {
    return this.fd !== null;
  }

  /** Opens or creates it where that is needed. Throws errno errors. */
  ensure(nowMs: number): void {
    if (this.fd !== null && nowMs - this.checkedMs < CHECK_EVERY_MS) return;
    this.checkedMs = nowMs;
    if (this.fd !== null && this.stillOurs()) return;
    this.close();
    this.open();
  }

  /** @returns how many bytes the disk took; less than asked for on a nearly full one. Throws errno errors. */
  write(bytes: Uint8Array, from: number, to: number): number {
    const written = writeSync(this.fd!, bytes, from, to - from);
    this.sizeBytes += written;
    return written;
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  private open(): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    this.fd = openSync(this.path, 'a+', 0o600);
    const stat = fstatSync(this.fd);
    this.inode = stat.ino;
    this.sizeBytes = stat.size;
    this.begunMs = stat.size > 0 ? Math.min(stat.birthtimeMs, stat.mtimeMs) : Date.now();
    if (stat.isFile() && stat.size > 0) this.dropTornLine();
  }

  private stillOurs(): boolean {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    if (stat === undefined || stat.ino !== this.inode) return false;
    if (stat.size < this.sizeBytes) this.sizeBytes = stat.size; // truncated in place by somebody else
    return true;
  }

  /** A writer that was killed in the middle of a write leaves half a line, whose other half nobody has any more. */
  private dropTornLine(): void {
    const length = Math.min(this.sizeBytes, TORN_LINE_BYTES);
    const tail = Buffer.allocUnsafe(length);
    readSync(this.fd!, tail, 0, length, this.sizeBytes - length);
    if (tail[length - 1] === NEWLINE) return;
    const whole = tail.lastIndexOf(NEWLINE) + 1;
    if (whole === 0 && length < this.sizeBytes) return; // no line of ours
    this.sizeBytes -= length - whole;
    ftruncateSync(this.fd!, this.sizeBytes);
  }
}
