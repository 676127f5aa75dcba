// The reading half of a queue: cuts what its sources read into lines, frames and batches them. Writing is queue-output.ts.

import type { LogQueueStatus } from '../../api/protocol.ts';
import type { LogQueueSpec } from '../../core/model.ts';
import { BATCH_BYTES, type Batch, type Framer, MAX_LINE_BYTES } from '../framer/framer.ts';
import type { Origin } from '../framing.ts';
import type { LogEvent } from '../protocol.ts';
import { listRotated, pruneRotated, removeAllPartials } from '../rotation.ts';
import { ArrivalClock } from './arrival-clock.ts';
import { Boundary } from './boundary.ts';
import { Drops } from './drops.ts';
import { keepsOneChunk } from './gate.ts';
import { PieceList } from './piece-list.ts';
import { Producers } from './producers.ts';
import { QueueOutput } from './queue-output.ts';
import { blockedText, rotationText } from './queue-trouble.ts';
import { Sink } from './sink.ts';
import type { Source } from './source.ts';
import type { Flushable, Ticker } from './ticker.ts';

const NEWLINE = 0x0a;
/** What the pieces of a line that is too long end with, but the last. */
const SPLIT_END = Buffer.from(' … (line goes on)\n');
const LINE_END = Buffer.from('\n');
/** A file rotated by size is not larger than asked, but for one line. */
const MIN_BATCH_BYTES = 1024;
/** What is read in one piece of at least this size is written before anything else is read. */
const WHOLE_BYTES = 32 * 1024;

export type QueueTools = {
  framer: Framer;
  ticker: Ticker;
  emit(event: LogEvent): void;
  /** A rotated file that is to be compressed. */
  compress(path: string): void;
};

export class Queue implements Flushable {
  spec: LogQueueSpec;
  readonly producers = new Producers();
  readonly output: QueueOutput;
  /** The service that is fed, if there is one. */
  readonly sink = new Sink(this);
  private readonly tools: QueueTools;
  private batch: Batch | null = null;
  private batchLines = 0;
  private readonly pieces = new PieceList();
  private readonly clock = new ArrivalClock();
  private readonly drops = new Drops();
  private readonly boundary = new Boundary((boundaryMs) => this.rotateOlder(boundaryMs));

  constructor(spec: LogQueueSpec, tools: QueueTools) {
    this.spec = spec;
    this.tools = tools;
    this.output = new QueueOutput(spec, {
      hold: (isHeld) => this.producers.hold(isHeld),
      settled: () => this.producers.written(),
      rotated: (path) => this.compressPlain(path),
      rotationFailed: (message) => this.report('log_rotation_failed', rotationText(this.spec, message)),
      dropped: (lines) => this.noteDrops(lines),
      blocked: (message) => this.report('log_blocked', blockedText(this.spec, message)),
      resumed: () => this.report('log_resumed', `log queue ${this.spec.name} is written again`),
    });
    this.boundary.every(spec.rotate.everyMs);
    removeAllPartials(spec.path);
    this.compressPlain();
  }

  /** Nothing is taken of anybody until the file takes something again. */
  isBlocked(): boolean {
    return !this.output.takesMore();
  }

  configure(spec: LogQueueSpec): void {
    this.flush();
    this.spec = spec;
    this.output.configure(spec);
    pruneRotated(spec.path, spec.rotate.keep, spec.rotate.totalBytes);
    this.boundary.every(spec.rotate.everyMs);
    if (!keepsOneChunk(spec)) this.producers.written();
  }

  /** `length` bytes of the source at the begin of the framer's input. */
  accept(source: Source, length: number): void {
    const from = source.isCut ? this.skipCut(source, length) : 0;
    if (from === length) return;
    if (source.heldBytes + length > MAX_LINE_BYTES) this.acceptLong(source, from, length);
    else this.acceptLines(source, from, length);
  }

  private acceptLines(source: Source, from: number, length: number): void {
    const { framer } = this.tools;
    const whole = Math.max(from, framer.input.lastIndexOf(NEWLINE, length - 1) + 1);
    if (whole > from) {
      const begin = source.heldBytes > 0 ? framer.inputAfter(source.takeHeld()) : framer.inputEnd(from);
      this.append(source, begin, framer.inputEnd(whole));
    }
    if (whole < length) source.hold(framer.input, whole, length);
  }

  /** Leaves out the rest of a line whose begin died with the writer before us; a mark says so. */
  private skipCut(source: Source, length: number): number {
    const newline = this.tools.framer.input.subarray(0, length).indexOf(NEWLINE);
    if (newline < 0) return length;
    source.isCut = false;
    this.noteDrops(new Map([[source, 1]]));
    this.flush();
    this.output.mark(source, this.clock.now(), 1);
    return newline + 1;
  }

  /** The source's output has ended: its last line counts, newline or not. */
  endLine(source: Source): void {
    source.isCut = false;
    if (source.heldBytes > 0) this.appendHeld(source, LINE_END);
    source.noteMidLine();
  }

  flush(): number {
    const { batch } = this;
    if (batch === null) return 0;
    this.batch = null;
    const bytes = batch.fill - batch.begin;
    const { memory } = this.tools.framer;
    if (bytes > 0) this.output.writeDirect(memory, batch.begin, batch.fill, this.batchLines, this.pieces.take());
    this.batchLines = 0;
    this.tools.framer.returnBatch(batch);
    return bytes;
  }

  /** As soon as what is being written is. Null: there was nothing to rotate. */
  rotate(): Promise<string | null> {
    this.flush();
    return this.output.rotate();
  }

  /** Resolves when all that was accepted is written. */
  drained(): Promise<void> {
    this.flush();
    return this.output.drained();
  }

  isIdle(): boolean {
    return this.batch === null && this.output.isIdle();
  }

  status(): LogQueueStatus {
    const { output, spec } = this;
    return {
      name: spec.name,
      path: spec.path,
      depthBytes: output.depthBytes() + (this.batch === null ? 0 : this.batch.fill - this.batch.begin),
      capacityBytes: spec.capacityBytes,
      highWaterBytes: output.highWaterBytes,
      lines: output.lines,
      bytes: output.bytes,
      droppedLines: this.drops.lines,
      overflow: spec.overflow,
      error: output.error ?? output.rotations.error,
      lagMs: output.lagMs(Date.now()),
      droppedByInstance: this.drops.byInstance(),
    };
  }

  close(): void {
    this.flush();
    this.boundary.every(0);
    this.output.close();
  }

  /** Rare: a line that may be longer than allowed. Copied piece by piece. */
  private acceptLong(source: Source, begin: number, length: number): void {
    const chunk = Buffer.from(this.tools.framer.input.subarray(begin, length));
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, from);
      const end = newline < 0 ? chunk.length : newline;
      const room = MAX_LINE_BYTES - source.heldBytes;
      const to = Math.min(end, from + room);
      if (to > from) source.hold(chunk, from, to);
      from = to;
      if (from < end) this.appendHeld(source, SPLIT_END);
      else if (newline >= 0) {
        this.appendHeld(source, LINE_END);
        from = newline + 1;
      }
    }
  }

  private appendHeld(source: Source, end: Buffer): void {
    const { framer } = this.tools;
    const from = framer.inputAfter(source.takeHeld(end === SPLIT_END));
    this.append(source, from, framer.putBehind(framer.inputEnd(0), end));
  }

  /** Whole lines at `[from, end)` of the framer's memory. */
  private append(source: Source, from: number, end: number): void {
    const timeMs = this.clock.now();
    for (let at = from; at < end; ) {
      at = this.output.isDirect() ? this.toBatch(source, timeMs, at, end) : this.toBacklog(source, timeMs, at, end);
    }
    if (!this.output.isIdle() && keepsOneChunk(this.spec)) this.producers.holdUntilWritten(source);
  }

  private toBatch(source: Source, timeMs: number, from: number, end: number): number {
    const { framer, ticker } = this.tools;
    if (end - from >= WHOLE_BYTES && this.spec.format === 'raw' && end - from <= this.batchLimit())
      return this.writeWhole(source, timeMs, from, end);
    this.batch ??= this.takeBatch();
    const { fill, begin } = this.batch;
    const at = framer.frame(this.spec.format, source, timeMs, from, end, this.batch, this.batchLimit());
    this.note(source, timeMs, this.batch.fill - fill, framer.lines);
    if ((at < end && fill > begin) || (at === end && end - from >= WHOLE_BYTES)) this.flush();
    else if (at === from) return this.longToBatch(source, timeMs, from);
    else ticker.schedule(this);
    return at;
  }

  /** Raw lines need no frame: the copy into a batch is spared. */
  private writeWhole(source: Source, timeMs: number, from: number, end: number): number {
    const { framer } = this.tools;
    this.flush();
    if (!this.output.isDirect()) return from;
    this.writePiece(source, timeMs, from, end, framer.count(from, end));
    return end;
  }

  /** One line that fits in no batch. */
  private longToBatch(source: Source, timeMs: number, from: number): number {
    const { framer } = this.tools;
    this.flush();
    if (!this.output.isDirect()) return from;
    const long = framer.longBatch();
    const next = framer.lineEnd(from);
    framer.frame(this.spec.format, source, timeMs, from, next, long, long.capacityBytes);
    this.writePiece(source, timeMs, long.begin, long.fill, 1);
    return next;
  }

  private writePiece(origin: Source, timeMs: number, from: number, end: number, lines: number): void {
    const pieces = this.spec.format === 'raw' ? [{ origin, timeMs, length: end - from, lines, isGap: false }] : [];
    this.output.writeDirect(this.tools.framer.memory, from, end, lines, pieces);
  }

  private toBacklog(source: Source, timeMs: number, from: number, end: number): number {
    const { framer } = this.tools;
    const batch = framer.longBatch();
    let at = framer.frame(this.spec.format, source, timeMs, from, end, batch, this.batchLimit());
    if (at === from)
      at = framer.frame(this.spec.format, source, timeMs, from, framer.lineEnd(from), batch, batch.capacityBytes);
    const bytes = Buffer.from(framer.memory.subarray(batch.begin, batch.fill));
    this.output.push({ origin: source, format: this.spec.format, timeMs, bytes, lines: framer.lines });
    return at;
  }

  /** Another queue's batch is written early where all are in use. */
  private takeBatch(): Batch {
    const batch = this.tools.framer.takeBatch() ?? this.tools.ticker.flushAll(() => this.tools.framer.takeBatch());
    if (batch === null) throw new Error('no batch is free');
    return batch;
  }

  private note(origin: Origin, timeMs: number, length: number, lines: number): void {
    this.batchLines += lines;
    if (this.spec.format === 'raw' && length > 0) this.pieces.add(origin, timeMs, length, lines);
  }

  private batchLimit(): number {
    const { sizeBytes } = this.spec.rotate;
    return sizeBytes === 0 ? BATCH_BYTES : Math.min(BATCH_BYTES, Math.max(sizeBytes, MIN_BATCH_BYTES));
  }

  /** By time, also where nothing is written any more. */
  private rotateOlder(boundaryMs: number): void {
    this.flush();
    this.output.rotateOlder(boundaryMs);
  }

  /** Also what a killed writer, or a disk that was full, left plain. */
  private compressPlain(rotated?: string): void {
    if (this.spec.rotate.compress !== 'gzip') return;
    if (rotated !== undefined) this.tools.compress(rotated); // of another path, where that was changed meanwhile
    for (const { path, gzip } of listRotated(this.spec.path)) if (!gzip) this.tools.compress(path);
  }

  private noteDrops(lines: ReadonlyMap<Origin, number>): void {
    const isNews = this.drops.add(lines, Date.now());
    const { name, overflow } = this.spec;
    if (isNews) this.report('log_dropped', `log queue ${name} has lost lines (overflow: ${overflow}); it marks where`);
  }

  private report(type: string, message: string): void {
    const { name, path, overflow: _, ...figures } = this.status();
    this.tools.emit({ type, queue: name, instance: null, message, details: { path, ...figures } });
  }
}
