// When the live file of a queue is to be rotated, and who waits for that. One that cannot be (a directory that is read-only,
// a file that is a mount) is no reason to stop writing: it is told, and tried again later. Renames nothing itself.
import type { LogQueueSpec } from '../../core/model.ts';

/** A file that is due stays due with every line: so often is enough to ask again. */
const AGAIN_MS = 60_000;

type Waiting = { resolve(path: string | null): void; reject(error: Error): void };

export class RotationAttempts {
  /** Why the file that is due could not be rotated. */
  error: string | null = null;
  private triedMs = 0;
  private waiting: Waiting[] = [];
  private readonly onFailure: (message: string) => void;

  /** @param onFailure told once, until it works again or is not due any more */
  constructor(onFailure: (message: string) => void) {
    this.onFailure = onFailure;
  }

  /** Is the file too large for `moreBytes`, or of an earlier span of time, and was that not found impossible just now? */
  isDue(file: { sizeBytes: number; begunMs: number }, rotate: LogQueueSpec['rotate'], moreBytes: number): boolean {
    const isFull = rotate.sizeBytes > 0 && file.sizeBytes + moreBytes > rotate.sizeBytes;
    const isDue = isFull || isOfEarlierSpan(file.begunMs, rotate.everyMs);
    if (!isDue) this.error = null;
    return isDue && (this.error === null || performance.now() - this.triedMs >= AGAIN_MS);
  }

  isWanted(): boolean {
    return this.waiting.length > 0;
  }

  /** Resolves with the rotated file's path, null where there was nothing to rotate, after the next attempt. Rejects with why
   * it could not be done. */
  want(): Promise<string | null> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** @param rotate returns as `want` does, throws errno errors */
  attempt(isDue: boolean, rotate: () => string | null): void {
    try {
      const rotated = rotate();
      this.error = null;
      for (const { resolve } of this.waiting.splice(0)) resolve(rotated);
    } catch (error) {
      this.refuse(error as Error);
      if (isDue) this.note((error as Error).message);
    }
  }

  /** Nobody waits any longer for what cannot be done now. */
  refuse(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  private note(message: string): void {
    const isNew = this.error === null;
    this.triedMs = performance.now();
    this.error = message;
    if (isNew) this.onFailure(message);
  }
}

function isOfEarlierSpan(begunMs: number, everyMs: number): boolean {
  return everyMs > 0 && Math.floor(begunMs / everyMs) < Math.floor(Date.now() / everyMs);
}
