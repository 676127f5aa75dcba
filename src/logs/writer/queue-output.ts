// The writing half of a queue. Direct: batches go straight to the file. Behind: the disk is slow or full, or the policy drops
// lines; then lines go through the backlog and are written off this thread. Decides when producers are paused.
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import { writeError } from '../live-path.ts';
import { Backlog, type BacklogEntry, InFlight } from './backlog.ts';
import { Backpressure, type Producers } from './backpressure.ts';
import { isWrittenAsync, OutputFile } from './output-file.ts';
import type { QueueReports } from './queue-reports.ts';
import type { IndexPiece } from './raw-index-writer.ts';
import { RotationAttempts } from './rotation-schedule.ts';

/** A slower synchronous write stalls all queues: the next ones happen off this thread. */
const SLOW_WRITE_MS = 100;
const RETRY_MS = 200;
/** One write takes at most this share of the capacity: new lines need room meanwhile. */
const WRITE_SHARE = 1 / 2;

export class QueueOutput {
  error: string | null = null;
  lines = 0;
  bytes = 0;
  highWaterBytes = 0;
  #spec: LogQueueSpec;
  #file: OutputFile;
  #isBehind: boolean;
  #isWriting = false;
  #writeBeganMs = 0;
  /** The last write took no bytes: the reader of a FIFO is slow or gone. */
  #isStalled = false;
  #isClosed = false;
  /** The service that is fed does not read (yet): everything is kept. */
  isSinkClosed: boolean;
  readonly #backlog = new Backlog();
  readonly #inFlight = new InFlight();
  #retryTimer: NodeJS.Timeout | null = null;
  #drainWaiters: (() => void)[] = [];
  readonly #producers: Producers;
  readonly #reports: QueueReports;
  readonly #onRotated: (path: string) => void;
  readonly #backpressure: Backpressure;
  readonly rotations: RotationAttempts;

  /** @param onRotated a rotated file is complete */
  constructor(spec: LogQueueSpec, producers: Producers, reports: QueueReports, onRotated: (path: string) => void) {
    this.#spec = spec;
    this.#file = new OutputFile(spec.path, spec.sink !== null);
    this.#isBehind = isWrittenAsync(spec);
    this.isSinkClosed = spec.sink !== null;
    this.#producers = producers;
    this.#reports = reports;
    this.#onRotated = onRotated;
    this.#backpressure = new Backpressure((isPaused) => producers.setPaused(isPaused));
    this.rotations = new RotationAttempts((reason) => reports.rotationFailed(reason));
  }

  /** A path that cannot be written is reported before the first line comes, and again to each supervisor that asks. */
  check(): void {
    const before = this.error;
    if (before === null || this.isIdle()) this.#checkIdle();
    if (before !== null && this.error !== null) this.#reports.blocked(this.error);
  }

  configure(spec: LogQueueSpec): void {
    if (spec.path !== this.#spec.path || spec.sink === null) this.isSinkClosed = spec.sink !== null;
    this.#spec = spec;
    if (isWrittenAsync(spec)) this.#isBehind = true;
    this.#updateBackpressure();
    this.#pump();
  }

  isDirect(): boolean {
    return !this.#isBehind;
  }

  /** May more be read for this queue now? */
  takesMore(): boolean {
    return !this.#backpressure.isPaused;
  }

  depthBytes(): number {
    return this.#backlog.bytes + this.#inFlight.bytes;
  }

  /** The age of the oldest line that is not written. */
  lagMs(nowMs: number): number {
    const oldestMs = this.#inFlight.oldestMs() ?? this.#backlog.oldestMs();
    return oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs);
  }

  /** Direct only. Whole lines; what the disk does not take is kept, and the queue is then behind. */
  writeDirect(memory: Buffer, from: number, to: number, lines: number, pieces: IndexPiece[]): void {
    this.highWaterBytes = Math.max(this.highWaterBytes, to - from);
    const beganMs = performance.now();
    let at = from;
    try {
      this.#prepare(this.#spec.format, to - from, true);
      while (at < to) at += this.#file.write(memory, at, to);
      for (const piece of pieces) this.#file.addToIndex(piece);
      this.bytes += to - from;
      this.lines += lines;
      this.#file.writeIndex();
      if (performance.now() - beganMs > SLOW_WRITE_MS) this.#isBehind = true;
    } catch (error) {
      if (at < to) {
        this.#inFlight.addBatch(memory.subarray(from, to), this.#spec.format, lines, pieces);
        this.#noteWritten(at - from);
      } // else only the index is missing
      this.#onFailure(error as NodeJS.ErrnoException);
    }
  }

  /** Behind only. */
  push(entry: BacklogEntry): void {
    const { overflow, capacityBytes } = this.#spec;
    const dropped = this.#backlog.push(entry, overflow, Math.max(0, capacityBytes - this.#inFlight.bytes));
    if (dropped.size > 0) this.#reports.dropped(dropped);
    this.#pump();
    this.#updateBackpressure();
  }

  /** Resolves with the rotated file's path, null where there was nothing to rotate. Rejects with errno errors. */
  async rotate(): Promise<string | null> {
    if (!this.#file.isRegular) return null; // a write to it may never return
    const rotated = this.rotations.request();
    if (!this.#isWriting && !this.#inFlight.isWithinPiece()) this.#rotateNow(false);
    return rotated;
  }

  /** By time: rotates a file that was started before `boundaryMs`. */
  rotateOlder(boundaryMs: number): void {
    if (this.#isBehind && !this.isIdle()) return; // the next write does it
    if (this.#file.isOpen() && this.#file.begunMs < boundaryMs) this.#rotateNow(true);
  }

  isIdle(): boolean {
    return this.#backlog.isEmpty() && this.#inFlight.isEmpty();
  }

  /** Resolves when nothing is left to write. */
  drained(): Promise<void> {
    this.#pump();
    return this.isIdle() ? Promise.resolve() : new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  /** Opens the file at once: while this process has it open, its reader does not see an end of file. */
  openSink(): void {
    this.isSinkClosed = false;
    try {
      if (!this.#isWriting) this.#prepare(this.#spec.format, 0, !this.#inFlight.isWithinPiece());
    } catch {
      // The next write retries and reports the error.
    }
    this.#pump();
    this.#updateBackpressure();
  }

  closeOldFile(): void {
    if (this.#file.path !== this.#spec.path && !this.#isWriting && !this.#inFlight.isWithinPiece()) this.#file.close();
  }

  closeSink(): void {
    this.isSinkClosed = this.#spec.sink !== null;
    if (!this.#isWriting) this.#file.close();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#backpressure.close();
    if (!this.#isWriting) this.#file.close();
  }

  /** Opens the file and makes room in it. `isLineStart`: the file does not end within a line. */
  #prepare(format: LogQueueSpec['format'], moreBytes: number, isLineStart: boolean): void {
    const nowMs = Date.now();
    if (isLineStart && this.#file.path !== this.#spec.path) {
      this.#file.close();
      this.#file = new OutputFile(this.#spec.path, this.#spec.sink !== null);
    }
    const madeRoom = this.#file.ensure(format, nowMs, !isLineStart && this.#file.isRegular);
    if (madeRoom !== null) this.#onRotated(madeRoom);
    if (this.#file.takeExternalChange() && !isLineStart && this.#file.isRegular) this.lines += this.#inFlight.rewind();
    if (!isLineStart || this.#file.sizeBytes === 0) return;
    const isDue = this.rotations.isDue(this.#file, this.#spec.rotate, moreBytes);
    if (!isDue && !this.rotations.isRequested()) return;
    this.#rotateNow(isDue);
    this.#file.ensure(format, nowMs);
  }

  /** Does not throw: a file that cannot be rotated can often be written. */
  #rotateNow(isDue: boolean): void {
    this.rotations.attempt(isDue, () => {
      const rotated = this.#file.rotate(Date.now());
      if (rotated !== null) this.#onRotated(rotated);
      return rotated;
    });
  }

  /** Writes off this thread until nothing is left, then is direct again if the policy allows it. */
  #pump(): void {
    if (this.#isWriting || this.#isClosed || this.isSinkClosed || !this.#isBehind || this.#retryTimer !== null) return;
    if (this.#inFlight.isEmpty()) this.#inFlight.add(this.#backlog.take(this.#spec.capacityBytes * WRITE_SHARE));
    if (this.#inFlight.isEmpty()) this.#onCaughtUp();
    else this.#writeNext();
  }

  #writeNext(): void {
    try {
      const { format, bytes } = this.#inFlight.head();
      this.#prepare(format, bytes.length, !this.#inFlight.isWithinPiece());
      const { sizeBytes } = this.#spec.rotate;
      const isBounded = sizeBytes > 0 && this.rotations.error === null;
      const buffers = this.#inFlight.next(isBounded ? sizeBytes - this.#file.sizeBytes : Number.POSITIVE_INFINITY);
      this.#isWriting = true;
      if (!this.#isStalled) this.#writeBeganMs = performance.now();
      this.#file.writeLater(buffers, (error, written) => this.#onWritten(error, written));
    } catch (error) {
      this.#onFailure(error as NodeJS.ErrnoException);
    }
  }

  #onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    this.#isWriting = false;
    if (this.#isClosed) return void this.#file.close();
    if (error !== null) return void this.#onFailure(error);
    this.#isStalled = written === 0;
    this.#noteWritten(written);
    if (!this.#writeIndex()) return;
    this.#onRecovery();
    if (this.isSinkClosed) this.#file.close();
    this.#pump();
    this.#updateBackpressure();
  }

  /** @returns false: it failed, and is tried again */
  #writeIndex(): boolean {
    try {
      this.#file.writeIndex();
      return true;
    } catch (error) {
      this.#onFailure(error as NodeJS.ErrnoException);
      return false;
    }
  }

  #noteWritten(written: number): void {
    this.bytes += written;
    for (const piece of this.#inFlight.takeWritten(written)) {
      if (!piece.isGap) this.lines += piece.lines;
      this.#file.addToIndex(piece);
    }
  }

  #onCaughtUp(): void {
    this.#isBehind = isWrittenAsync(this.#spec);
    if (this.rotations.isRequested()) this.#rotateNow(false);
    this.#updateBackpressure();
    this.#producers.resumeWritten();
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  #onFailure(error: NodeJS.ErrnoException): void {
    const isNew = this.error === null;
    this.error = error.message;
    this.#isBehind = true;
    this.#retryTimer ??= setTimeout(() => this.#retryNow(), RETRY_MS);
    this.rotations.rejectRequests(error);
    this.#updateBackpressure();
    if (isNew) this.#reports.blocked(error.message);
  }

  #retryNow(): void {
    this.#retryTimer = null;
    if (!this.#writeIndex()) return;
    if (this.isIdle()) this.#checkIdle();
    this.#pump();
  }

  /** Nothing is to be written that would show whether the file can be. */
  #checkIdle(): void {
    const error = this.#spec.sink === null ? writeError(this.#spec.path) : null;
    if (error === null) this.#onRecovery();
    else this.#onFailure(error);
  }

  #onRecovery(): void {
    if (this.error !== null) this.#reports.resumed();
    this.error = null;
    this.#updateBackpressure();
  }

  #updateBackpressure(): void {
    this.highWaterBytes = Math.max(this.highWaterBytes, this.depthBytes());
    const writeBeganMs = this.#isWriting ? this.#writeBeganMs : null;
    const hasFailed = this.error !== null;
    this.#backpressure.update(this.#spec, { depthBytes: this.depthBytes(), writeBeganMs, hasFailed });
  }
}
