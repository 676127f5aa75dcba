// One log queue: frames the lines of its sources, batches them, writes the batches, rotates, and holds its sources while
// the disk takes nothing (overflow `block`). Knows no socket and no other queue.
import type { LogQueueStatus } from '../api/protocol.ts';
import type { LogQueueSpec } from '../core/model.ts';
import { frameLines } from './framing.ts';
import { OutputFile } from './output-file.ts';
import type { LogEvent } from './protocol.ts';
import { pruneRotated, rotateFile } from './rotation.ts';
import type { Source } from './source.ts';

/** A longer line is split, and marked. */
export const MAX_LINE_BYTES = 1024 * 1024;
export const SPLIT_MARK = Buffer.from(' … (line goes on)');
const BATCH_BYTES = 256 * 1024;
const RETRY_MS = 200;
const NEWLINE = Buffer.from('\n');

export class Queue {
  spec: LogQueueSpec;
  readonly sources = new Set<Source>();
  private file: OutputFile;
  private batch: Buffer[] = [];
  private batchBytes = 0;
  private flushScheduled: NodeJS.Immediate | null = null;
  private retry: NodeJS.Timeout | null = null;
  private error: string | null = null;
  private lines = 0;
  private bytes = 0;
  private highWaterBytes = 0;
  private readonly emit: (event: LogEvent) => void;
  private readonly compress: (path: string) => void;

  constructor(spec: LogQueueSpec, emit: (event: LogEvent) => void, compress: (path: string) => void) {
    this.spec = spec;
    this.file = new OutputFile(spec.path);
    this.emit = emit;
    this.compress = compress;
  }

  /** True while the disk takes nothing: the sources are not read. */
  isHeld(): boolean {
    return this.error !== null;
  }

  /** Takes over a changed spec; what was batched under the old one is written under it first. */
  configure(spec: LogQueueSpec): void {
    this.flush();
    if (spec.path !== this.spec.path && !this.isHeld()) {
      this.file.close();
      this.file = new OutputFile(spec.path);
    }
    this.spec = spec;
    pruneRotated(spec.path, spec.rotate.keep, spec.rotate.totalBytes);
  }

  /** Bytes of one source in the order in which they came. */
  accept(source: Source, chunk: Buffer): void {
    const whole = chunk.lastIndexOf(0x0a) + 1;
    if (whole > 0) {
      const head = chunk.subarray(0, whole);
      this.append(source, source.heldBytes > 0 ? Buffer.concat([source.takeHeld(), head]) : head);
    }
    this.holdRest(source, chunk.subarray(whole));
  }

  /** The source's output has ended: its last line counts, newline or not. */
  endLine(source: Source): void {
    if (source.heldBytes > 0) this.append(source, Buffer.concat([source.takeHeld(), NEWLINE]));
  }

  /** @returns whether everything is on its way to the disk */
  flush(): boolean {
    if (this.flushScheduled !== null) clearImmediate(this.flushScheduled);
    this.flushScheduled = null;
    if (this.error === null) this.writeBatch();
    return this.batchBytes === 0;
  }

  /** Closes the live file under a dated name. Returns that, or null where there is nothing to rotate. */
  rotate(nowMs: number): string | null {
    this.file.ensure(nowMs);
    if (this.file.sizeBytes === 0) return null;
    const rotated = rotateFile(this.spec.path, nowMs);
    this.file.close();
    const { keep, totalBytes, compress } = this.spec.rotate;
    pruneRotated(this.spec.path, keep, totalBytes);
    if (compress === 'gzip' && keep > 0) this.compress(rotated);
    return rotated;
  }

  status(): LogQueueStatus {
    return {
      name: this.spec.name,
      path: this.spec.path,
      depthBytes: this.batchBytes,
      capacityBytes: this.spec.capacityBytes,
      highWaterBytes: this.highWaterBytes,
      lines: this.lines,
      bytes: this.bytes,
      droppedLines: 0,
      overflow: this.spec.overflow,
      error: this.error,
    };
  }

  close(): void {
    this.flush();
    if (this.retry !== null) clearTimeout(this.retry);
    this.file.close();
  }

  private holdRest(source: Source, rest: Buffer): void {
    let from = 0;
    while (source.heldBytes + rest.length - from >= MAX_LINE_BYTES) {
      const piece = rest.subarray(from, from + MAX_LINE_BYTES - source.heldBytes);
      from += piece.length;
      this.append(source, Buffer.concat([source.takeHeld(), piece, SPLIT_MARK, NEWLINE]));
    }
    if (from < rest.length) source.hold(rest.subarray(from));
  }

  private append(source: Source, lines: Buffer): void {
    const framed = frameLines(this.spec.format, source, Date.now(), lines);
    this.lines += countLines(lines);
    this.batch.push(framed === lines ? Buffer.from(lines) : framed);
    this.batchBytes += framed.length;
    this.highWaterBytes = Math.max(this.highWaterBytes, this.batchBytes);
    if (this.error !== null) return;
    if (this.batchBytes >= BATCH_BYTES) this.flush();
    else this.flushScheduled ??= setImmediate(() => this.flush());
  }

  private writeBatch(): void {
    try {
      while (this.batch.length > 0) this.writeHead();
      this.recovered();
    } catch (error) {
      this.failed(error as NodeJS.ErrnoException);
    }
  }

  private writeHead(): void {
    const nowMs = Date.now();
    const head = this.batch[0]!;
    this.file.ensure(nowMs);
    if (this.isFull(head.length)) {
      this.rotate(nowMs);
      this.file.ensure(nowMs);
    }
    const written = this.file.write(head, 0, head.length);
    this.bytes += written;
    this.batchBytes -= written;
    if (written === head.length) this.batch.shift();
    else this.batch[0] = head.subarray(written);
  }

  private isFull(moreBytes: number): boolean {
    const { sizeBytes } = this.spec.rotate;
    return sizeBytes > 0 && this.file.sizeBytes > 0 && this.file.sizeBytes + moreBytes > sizeBytes;
  }

  private failed(error: NodeJS.ErrnoException): void {
    const first = this.error === null;
    this.error = error.message;
    this.retry ??= setTimeout(() => this.tryAgain(), RETRY_MS);
    if (!first) return;
    for (const source of this.sources) source.pause();
    this.report('log_blocked', `log queue ${this.spec.name} cannot be written: ${error.message}; its producers wait`);
  }

  private tryAgain(): void {
    this.retry = null;
    this.writeBatch();
  }

  private recovered(): void {
    if (this.error === null) return;
    this.error = null;
    for (const source of this.sources) source.resume();
    this.report('log_resumed', `log queue ${this.spec.name} is written again`);
  }

  private report(type: string, message: string): void {
    this.emit({ type, queue: this.spec.name, instance: null, message, details: { path: this.spec.path } });
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(0x0a); at !== -1; at = lines.indexOf(0x0a, at + 1)) count += 1;
  return count;
}
