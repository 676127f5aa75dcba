// Pauses the producers of a queue while its backlog is too full. Decides only when; reads nothing.
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import type { FifoSource } from './fifo-source.ts';

/** With a policy that drops, producers wait this long for a write that is under way before lines are dropped: a working disk
 * should not lose lines only because reading is faster. */
const DROP_AFTER_MS = 100;
/** Shares of the capacity at which producers are paused and resumed. */
const PAUSE_AT = 0.75;
const RESUME_AT = 0.5;

/** Only one chunk of each stream is kept until it is written: a killed writer loses no more than that. A queue that feeds a
 * service keeps more, to bridge the service's restarts. */
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
  readonly #onChange: (isPaused: boolean) => void;

  constructor(onChange: (isPaused: boolean) => void) {
    this.#onChange = onChange;
  }

  update(spec: LogQueueSpec, load: QueueLoad): void {
    const isFilled = load.depthBytes >= spec.capacityBytes * (this.isPaused ? RESUME_AT : PAUSE_AT);
    const isDraining = keepsOneChunk(spec) && this.isPaused && load.depthBytes > 0;
    if (spec.overflow === 'block') this.#setPaused(load.hasFailed || isFilled || isDraining);
    else this.#setPaused(isFilled && this.#isWriteYoung(load));
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

  #setPaused(isPaused: boolean): void {
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    this.#onChange(isPaused);
  }
}

/** The streams that fill a queue, and which of them are paused. */
export class Producers {
  readonly #sources = new Set<FifoSource>();
  /** Streams whose last chunk is not written yet. */
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

  /** It fills another queue now, or none. */
  remove(source: FifoSource): void {
    const wasRead = this.mayBeRead(source);
    this.#sources.delete(source);
    this.#unwritten.delete(source);
    if (!wasRead) source.resume();
  }

  /** Resumes only those that have no other reason to wait. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const source of this.#sources) {
      if (isPaused) source.pause();
      else if (this.mayBeRead(source)) source.resume();
    }
  }

  /** Its unwritten bytes would be lost with this process: it is not read again before `resumeWritten`. */
  pauseUntilWritten(source: FifoSource): void {
    this.#unwritten.add(source);
    source.pause();
  }

  /** Everything that was read is on disk. */
  resumeWritten(): void {
    const safe = [...this.#unwritten];
    this.#unwritten.clear();
    if (!this.#isPaused) for (const source of safe) source.resume();
  }
}
