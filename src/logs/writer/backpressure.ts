// Between the producers of a queue and its backlog: shut while they have to wait. Decides only when; it reads nothing.
import type { LogQueueSpec } from '../../core/spec.ts';
import type { FifoSource } from './fifo-source.ts';

/** With a policy to drop, producers wait this long for a write that is under way before lines go: a disk that works is not
 * outrun by a reader that is merely quicker. */
const DROP_AFTER_MS = 100;
/** Shares of the capacity: so much is enough to shut; so little, to open again. */
const PAUSE_AT = 0.75;
const RESUME_AT = 0.5;

/** Of each stream only one chunk is held until it is written: that is all a killed writer may take with it. What feeds a
 * service may hold more: it bridges the service's restarts. */
export function keepsOneChunk({ overflow, sink }: LogQueueSpec): boolean {
  return overflow === 'block' && sink === null;
}

export type QueueLoad = {
  depthBytes: number;
  /** `performance.now()`; null: no write is under way. */
  writeBeganMs: number | null;
  /** The last write failed. */
  hasFailed: boolean;
};

export class Backpressure {
  isPaused = false;
  #resumeTimer: NodeJS.Timeout | null = null;
  readonly #onChange: (isShut: boolean) => void;

  constructor(onTurn: (isShut: boolean) => void) {
    this.#onChange = onTurn;
  }

  update(spec: LogQueueSpec, pressure: QueueLoad): void {
    const isFilled = pressure.depthBytes >= spec.capacityBytes * (this.isPaused ? RESUME_AT : PAUSE_AT);
    const isDraining = keepsOneChunk(spec) && this.isPaused && pressure.depthBytes > 0;
    if (spec.overflow === 'block') this.#setPaused(pressure.hasFailed || isFilled || isDraining);
    else this.#setPaused(isFilled && this.#isWriteYoung(pressure));
  }

  close(): void {
    if (this.#resumeTimer !== null) clearTimeout(this.#resumeTimer);
  }

  #isWriteYoung({ writeBeganMs, hasFailed }: QueueLoad): boolean {
    if (writeBeganMs === null || hasFailed) return false;
    const leftMs = DROP_AFTER_MS - (performance.now() - writeBeganMs);
    if (leftMs <= 0) return false;
    this.#resumeTimer ??= setTimeout(() => {
      this.#resumeTimer = null;
      this.#setPaused(false);
    }, leftMs);
    return true;
  }

  #setPaused(isShut: boolean): void {
    if (isShut === this.isPaused) return;
    this.isPaused = isShut;
    this.#onChange(isShut);
  }
}

// The streams that a queue is fed from, and which of them are not read just now. Reads none itself.

export class Producers {
  readonly #sources = new Set<FifoSource>();
  /** Their last chunk is not written yet. */
  readonly #unwritten = new Set<FifoSource>();
  #isPaused = false;

  isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  mayBeRead(source: FifoSource): boolean {
    return !this.#isPaused && !this.#unwritten.has(source);
  }

  add(source: FifoSource): void {
    this.#sources.add(source);
  }

  /** It feeds another queue now, or none. */
  remove(source: FifoSource): void {
    const wasRead = this.mayBeRead(source);
    this.#sources.delete(source);
    this.#unwritten.delete(source);
    if (!wasRead) source.resume();
  }

  /** All of them, or as many as have no other reason to wait. */
  setPaused(isHeld: boolean): void {
    this.#isPaused = isHeld;
    for (const source of this.#sources) {
      if (isHeld) source.pause();
      else if (this.mayBeRead(source)) source.resume();
    }
  }

  /** What is read of it is lost if we are killed now: no more of it until `written`. */
  pauseUntilWritten(source: FifoSource): void {
    this.#unwritten.add(source);
    source.pause();
  }

  /** All that was read is safe. */
  resumeWritten(): void {
    const safe = [...this.#unwritten];
    this.#unwritten.clear();
    if (!this.#isPaused) for (const source of safe) source.resume();
  }
}
