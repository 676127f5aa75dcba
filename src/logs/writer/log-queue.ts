// The reading half of a queue: cuts what its sources read into lines, frames and batches them. queue-output.ts writes.

import type { LogQueueStatus } from '../../api/protocol.ts';
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import { NEWLINE, type Origin } from '../line-format.ts';
import { listRotated, pruneRotated, removeAllPartials } from '../rotation.ts';
import type { WriterEvent } from '../writer-protocol.ts';
import { AgeTimer } from './age-timer.ts';
import { renderEntry } from './backlog.ts';
import { keepsOneChunk, Producers } from './backpressure.ts';
import type { FifoSource } from './fifo-source.ts';
import { BATCH_BYTES, type FramedBatch, type Framer, MAX_LINE_BYTES } from './framer.ts';
import { LogSink } from './log-sink.ts';
import { acceptLongLine, LINE_END, SPLIT_END } from './long-line.ts';
import { QueueOutput } from './queue-output.ts';
import { QueueReports } from './queue-reports.ts';
import { PieceList } from './raw-index-writer.ts';
import { RotationTimer } from './rotation-schedule.ts';
import { ArrivalClock, type Flushable, type Ticker } from './ticker.ts';

/** A file rotated by size exceeds that size by one line at most. */
const MIN_BATCH_BYTES = 1024;
/** A read of at least this size is written before anything else is read. */
const WHOLE_BYTES = 32 * 1024;

export type QueueContext = {
  framer: Framer;
  ticker: Ticker;
  emit(event: WriterEvent): void;
  /** Compresses a rotated file later. */
  compress(path: string): void;
};

export class LogQueue implements Flushable {
  spec: LogQueueSpec;
  readonly producers = new Producers();
  readonly output: QueueOutput;
  /** The service that is fed, if any. */
  readonly sink = new LogSink(this);
  readonly #context: QueueContext;
  #batch: FramedBatch | null = null;
  #batchLines = 0;
  readonly #pieces = new PieceList();
  readonly #clock = new ArrivalClock();
  readonly #reports: QueueReports;
  readonly #ageTimer = new AgeTimer(() => this.#prune());
  readonly #rotationTimer = new RotationTimer((boundaryMs) => this.#rotateOlder(boundaryMs));

  constructor(spec: LogQueueSpec, context: QueueContext) {
    this.spec = spec;
    this.#context = context;
    this.#reports = new QueueReports(() => this.status(), context.emit);
    this.output = new QueueOutput(spec, this.producers, this.#reports, (path) => this.#afterRotation(path));
    this.#rotationTimer.schedule(spec.rotate.everyMs);
    removeAllPartials(spec.path);
    if (spec.rotate.maxAgeMs !== undefined) this.#prune();
    this.#compressPlain();
    this.output.check();
  }

  /** No producer is read until the file takes bytes again. */
  isBlocked(): boolean {
    return !this.output.takesMore();
  }

  configure(spec: LogQueueSpec): void {
    this.flush();
    this.spec = spec;
    this.output.configure(spec);
    this.output.check();
    this.#prune();
    this.#rotationTimer.schedule(spec.rotate.everyMs);
    if (!keepsOneChunk(spec)) this.producers.resumeWritten();
  }

  /** The first `length` bytes of the framer's input came from the source. */
  accept(source: FifoSource, length: number): void {
    const from = source.skipsToNewline ? this.#skipToNewline(source, length) : 0;
    if (from === length) return;
    if (source.partialBytes + length > MAX_LINE_BYTES) this.#acceptLong(source, from, length);
    else this.#acceptLines(source, from, length);
  }

  /** The source's output has ended: its last line is complete, even without a newline. */
  endLine(source: FifoSource): void {
    source.skipsToNewline = false;
    if (source.partialBytes > 0) this.#appendPartial(source, LINE_END);
    source.notePartial();
  }

  flush(): number {
    const batch = this.#batch;
    if (batch === null) return 0;
    this.#batch = null;
    const bytes = batch.fill - batch.begin;
    const { memory } = this.#context.framer;
    if (bytes > 0) this.output.writeDirect(memory, batch.begin, batch.fill, this.#batchLines, this.#pieces.take());
    this.#batchLines = 0;
    this.#context.framer.returnBatch(batch);
    return bytes;
  }

  /** Rotates once the present write is complete. Null: there was nothing to rotate. */
  rotate(): Promise<string | null> {
    this.flush();
    return this.output.rotate();
  }

  /** Resolves when everything that was accepted is written. */
  drained(): Promise<void> {
    this.flush();
    return this.output.drained();
  }

  isIdle(): boolean {
    return this.#batch === null && this.output.isIdle();
  }

  status(): LogQueueStatus {
    const { output, spec } = this;
    return {
      name: spec.name,
      path: spec.path,
      depthBytes: output.depthBytes() + (this.#batch === null ? 0 : this.#batch.fill - this.#batch.begin),
      capacityBytes: spec.capacityBytes,
      highWaterBytes: output.highWaterBytes,
      lines: output.lines,
      bytes: output.bytes,
      droppedLines: this.#reports.droppedLines,
      overflow: spec.overflow,
      error: output.error ?? output.rotations.error,
      lagMs: output.lagMs(Date.now()),
      droppedByInstance: this.#reports.droppedByInstance(),
    };
  }

  close(): void {
    this.flush();
    this.#rotationTimer.schedule(0);
    this.#ageTimer.close();
    this.output.close();
  }

  #acceptLines(source: FifoSource, from: number, length: number): void {
    const { framer } = this.#context;
    const whole = Math.max(from, framer.input.lastIndexOf(NEWLINE, length - 1) + 1);
    if (whole > from) {
      const begin = source.partialBytes > 0 ? framer.prependToInput(source.takePartial()) : framer.inputEnd(from);
      this.#append(source, begin, framer.inputEnd(whole));
    }
    if (whole < length) source.appendPartial(framer.input, whole, length, this.#clock.now());
  }

  /** Skips the rest of a line whose start was lost with the previous writer, and marks the gap. */
  #skipToNewline(source: FifoSource, length: number): number {
    const newline = this.#context.framer.input.subarray(0, length).indexOf(NEWLINE);
    if (newline < 0) return length;
    source.skipsToNewline = false;
    this.#reports.dropped(new Map([[source, 1]]));
    this.flush();
    this.#mark(source, this.#clock.now(), 1);
    return newline + 1;
  }

  /** Marks that `lines` of the origin are missing here. */
  #mark(origin: Origin, timeMs: number, lines: number): void {
    const { format } = this.spec;
    const entry = { origin, format, timeMs, bytes: null, lines };
    if (!this.output.isDirect()) this.output.push(entry);
    else {
      const { bytes, piece } = renderEntry(entry);
      this.output.writeDirect(bytes, 0, bytes.length, 0, format === 'raw' ? [piece] : []);
    }
  }

  /** Rare: a line that may be longer than allowed. */
  #acceptLong(source: FifoSource, begin: number, length: number): void {
    const chunk = Buffer.from(this.#context.framer.input.subarray(begin, length));
    acceptLongLine(source, chunk, this.#clock.now(), (end) => this.#appendPartial(source, end));
  }

  #appendPartial(source: FifoSource, end: Buffer): void {
    const { framer } = this.#context;
    const from = framer.prependToInput(source.takePartial(end === SPLIT_END));
    this.#append(source, from, framer.putAfter(framer.inputEnd(0), end));
  }

  /** Whole lines at `[from, end)` of the framer's memory. */
  #append(source: FifoSource, from: number, end: number): void {
    const timeMs = this.#clock.now();
    for (let at = from; at < end; ) {
      at = this.output.isDirect() ? this.#toBatch(source, timeMs, at, end) : this.#toBacklog(source, timeMs, at, end);
    }
    if (!this.output.isIdle() && keepsOneChunk(this.spec)) this.producers.pauseUntilWritten(source);
  }

  #toBatch(source: FifoSource, timeMs: number, from: number, end: number): number {
    const { framer, ticker } = this.#context;
    if (end - from >= WHOLE_BYTES && this.spec.format === 'raw' && end - from <= this.#batchLimit())
      return this.#writeWhole(source, timeMs, from, end);
    this.#batch ??= this.#takeBatch();
    const { fill, begin } = this.#batch;
    const at = framer.frame(this.spec.format, source, timeMs, from, end, this.#batch, this.#batchLimit());
    this.#notePiece(source, timeMs, this.#batch.fill - fill, framer.lines);
    if ((at < end && fill > begin) || (at === end && end - from >= WHOLE_BYTES)) this.flush();
    else if (at === from) return this.#longToBatch(source, timeMs, from);
    else ticker.schedule(this);
    return at;
  }

  /** Raw lines need no frame: this saves the copy into a batch. */
  #writeWhole(source: FifoSource, timeMs: number, from: number, end: number): number {
    const { framer } = this.#context;
    this.flush();
    if (!this.output.isDirect()) return from;
    this.#writePiece(source, timeMs, from, end, framer.count(from, end));
    return end;
  }

  /** One line that does not fit in a batch. */
  #longToBatch(source: FifoSource, timeMs: number, from: number): number {
    const { framer } = this.#context;
    this.flush();
    if (!this.output.isDirect()) return from;
    const long = framer.longBatch();
    const next = framer.lineEnd(from);
    framer.frame(this.spec.format, source, timeMs, from, next, long, long.capacityBytes);
    this.#writePiece(source, timeMs, long.begin, long.fill, 1);
    return next;
  }

  #writePiece(origin: FifoSource, timeMs: number, from: number, end: number, lines: number): void {
    const pieces = this.spec.format === 'raw' ? [{ origin, timeMs, length: end - from, lines, isGap: false }] : [];
    this.output.writeDirect(this.#context.framer.memory, from, end, lines, pieces);
  }

  #toBacklog(source: FifoSource, timeMs: number, from: number, end: number): number {
    const { framer } = this.#context;
    const batch = framer.longBatch();
    let at = framer.frame(this.spec.format, source, timeMs, from, end, batch, this.#batchLimit());
    if (at === from)
      at = framer.frame(this.spec.format, source, timeMs, from, framer.lineEnd(from), batch, batch.capacityBytes);
    const bytes = Buffer.from(framer.memory.subarray(batch.begin, batch.fill));
    this.output.push({ origin: source, format: this.spec.format, timeMs, bytes, lines: framer.lines });
    return at;
  }

  /** Another queue's batch is written early where all are in use. */
  #takeBatch(): FramedBatch {
    const batch =
      this.#context.framer.takeBatch() ?? this.#context.ticker.flushAll(() => this.#context.framer.takeBatch());
    if (batch === null) throw new Error('no batch is free');
    return batch;
  }

  #notePiece(origin: Origin, timeMs: number, length: number, lines: number): void {
    this.#batchLines += lines;
    if (this.spec.format === 'raw' && length > 0) this.#pieces.add(origin, timeMs, length, lines);
  }

  #batchLimit(): number {
    const { sizeBytes } = this.spec.rotate;
    return sizeBytes === 0 ? BATCH_BYTES : Math.min(BATCH_BYTES, Math.max(sizeBytes, MIN_BATCH_BYTES));
  }

  /** By time, even when nothing is written any more. */
  #rotateOlder(boundaryMs: number): void {
    this.flush();
    this.output.rotateOlder(boundaryMs);
  }

  #afterRotation(rotated: string): void {
    this.#prune();
    this.#compressPlain(rotated);
  }

  #prune(): void {
    const { keep, totalBytes, maxAgeMs } = this.spec.rotate;
    const closedBeforeMs = maxAgeMs === undefined ? undefined : Date.now() - maxAgeMs;
    const oldestMs = pruneRotated(this.spec.path, keep, totalBytes, closedBeforeMs);
    this.#ageTimer.schedule(maxAgeMs === undefined ? null : oldestMs, maxAgeMs ?? 0);
  }

  /** Includes files that a killed writer or a full disk left plain. */
  #compressPlain(rotated?: string): void {
    if (this.spec.rotate.compress !== 'gzip') return;
    if (rotated !== undefined) this.#context.compress(rotated); // it has another path where that was just changed
    for (const { path, gzip } of listRotated(this.spec.path)) if (!gzip) this.#context.compress(path);
  }
}
