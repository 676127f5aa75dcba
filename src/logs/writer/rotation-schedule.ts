// When the live file of a queue is rotated, and which requests wait for it. If that fails (a read-only directory, a file that
// is a mount), the file is still written; the failure is reported and retried later. Renames nothing itself.
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';

/** After a failed rotation, the next attempt waits this long. */
const RETRY_AFTER_MS = 60_000;

type RotationRequest = { resolve(path: string | null): void; reject(error: Error): void };

export class RotationAttempts {
  /** Why the last due rotation failed. */
  error: string | null = null;
  #triedMs = 0;
  #requests: RotationRequest[] = [];
  readonly #onFailure: (message: string) => void;

  /** @param onFailure called once, until a rotation succeeds or is no longer due */
  constructor(onFailure: (message: string) => void) {
    this.#onFailure = onFailure;
  }

  /** Is the file too large for `moreBytes`, or of an earlier time span, and did no rotation fail just now? */
  isDue(file: { sizeBytes: number; begunMs: number }, rotate: LogQueueSpec['rotate'], moreBytes: number): boolean {
    const isFull = rotate.sizeBytes > 0 && file.sizeBytes + moreBytes > rotate.sizeBytes;
    const isDue = isFull || isOfEarlierSpan(file.begunMs, rotate.everyMs);
    if (!isDue) this.error = null;
    return isDue && (this.error === null || performance.now() - this.#triedMs >= RETRY_AFTER_MS);
  }

  isRequested(): boolean {
    return this.#requests.length > 0;
  }

  /** Waits for the next attempt. Resolves with the rotated file's path, null: there was nothing to rotate. Rejects with the
   * attempt's error. */
  request(): Promise<string | null> {
    return new Promise((resolve, reject) => this.#requests.push({ resolve, reject }));
  }

  /** @param rotate returns as `request` resolves, throws errno errors */
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

  /** The file cannot be rotated now: requests do not wait any longer. */
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
  return everyMs > 0 && spanStart(begunMs, everyMs) < spanStart(Date.now(), everyMs);
}

/** The longest delay of setTimeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Fires at the start of each time span, counted from the epoch: `1d` at midnight UTC, `1h` on the hour. */
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
