// Fires when the oldest rotated file of a queue has reached its greatest age (`rotate.max_age`). Deletes nothing itself.

/** So soon it is noticed that the wall clock was set. */
const LONGEST_WAIT_MS = 3_600_000;

export class AgeTimer {
  #timer: NodeJS.Timeout | null = null;
  readonly #onAge: () => void;

  constructor(onAge: () => void) {
    this.#onAge = onAge;
  }

  /** @param oldestMs when the oldest file was closed; null: there is none, or files may be of any age */
  schedule(oldestMs: number | null, maxAgeMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (oldestMs === null) return;
    const waitMs = Math.max(1, oldestMs + maxAgeMs - Date.now() + 1);
    this.#timer = setTimeout(this.#onAge, Math.min(waitMs, LONGEST_WAIT_MS));
  }

  close(): void {
    this.schedule(null, 0);
  }
}
