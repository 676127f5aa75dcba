// When the live file of a queue is to be rotated, and who waits for that. One that cannot be (a directory that is read-only,
// a file that is a mount) is no reason to stop writing: it is told, and tried again later. Renames nothing itself.
import type { LogQueueSpec } from '../../core/spec.ts';

/** A file that is due stays due with every line: so often is enough to ask again. */
const RETRY_AFTER_MS = 60_000;

type RotationRequest = { resolve(path: string | null): void; reject(error: Error): void };

export class RotationAttempts {
  /** Why the file that is due could not be rotated. */
  error: string | null = null;
  #triedMs = 0;
  #requests: RotationRequest[] = [];
  readonly #onFailure: (message: string) => void;

  /** @param onFailure told once, until it works again or is not due any more */
  constructor(onFailure: (message: string) => void) {
    this.#onFailure = onFailure;
  }

  /** Is the file too large for `moreBytes`, or of an earlier span of time, and was that not found impossible just now? */
  isDue(file: { sizeBytes: number; begunMs: number }, rotate: LogQueueSpec['rotate'], moreBytes: number): boolean {
    const isFull = rotate.sizeBytes > 0 && file.sizeBytes + moreBytes > rotate.sizeBytes;
    const isDue = isFull || isOfEarlierSpan(file.begunMs, rotate.everyMs);
    if (!isDue) this.error = null;
    return isDue && (this.error === null || performance.now() - this.#triedMs >= RETRY_AFTER_MS);
  }

  isRequested(): boolean {
    return this.#requests.length > 0;
  }

  /** Resolves with the rotated file's path, null where there was nothing to rotate, after the next attempt. Rejects with why
   * it could not be done. */
  request(): Promise<string | null> {
    return new Promise((resolve, reject) => this.#requests.push({ resolve, reject }));
  }

  /** @param rotate returns as `want` does, throws errno errors */
  attempt(isDue: boolean, rotate: () => string | null): void {
    try {
      const rotated = rotate();
      this.error = null;
      for (const { resolve } of this.#requests.splice(0)) resolve(rotated);
    } catch (error) {
      this.rejectRequests(error as Error);
      if (isDue) this.#noteFailure((error as Error).message);
    }
  }

  /** Nobody waits any longer for what cannot be done now. */
  rejectRequests(error: Error): void {
    for (const { reject } of this.#requests.splice(0)) reject(error);
  }

  #noteFailure(message: string): void {
    const isNew = this.error === null;
    this.#triedMs = performance.now();
    this.error = message;
    if (isNew) this.#onFailure(message);
  }
}

function isOfEarlierSpan(begunMs: number, everyMs: number): boolean {
  return everyMs > 0 && Math.floor(begunMs / everyMs) < Math.floor(Date.now() / everyMs);
}

// Tells when a span of time begins that is counted from the epoch: `1d` at midnight UTC, `1h` on the hour.

/** What setTimeout can wait at most. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class RotationTimer {
  #timer: NodeJS.Timeout | null = null;
  readonly #onBoundary: (boundaryMs: number) => void;

  constructor(onBoundary: (boundaryMs: number) => void) {
    this.#onBoundary = onBoundary;
  }

  /** 0: never. */
  schedule(spanMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (spanMs <= 0) return;
    const waitMs = spanStart(Date.now(), spanMs) + spanMs - Date.now() + 1;
    this.#timer = setTimeout(
      () => {
        this.schedule(spanMs);
        this.#onBoundary(spanStart(Date.now(), spanMs));
      },
      Math.min(waitMs, MAX_TIMER_MS),
    );
  }
}

function spanStart(timeMs: number, spanMs: number): number {
  return Math.floor(timeMs / spanMs) * spanMs;
}
