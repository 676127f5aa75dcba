// Stamps that do not go back, so that a file is in order of time also where the clock is set back a little.

/** The clock may be set back by less than this without the order of time in a file being broken. */
const SLACK_MS = 1000;

export class ArrivalClock {
  private lastMs = 0;

  /** @returns milliseconds since the epoch */
  now(): number {
    const nowMs = Date.now();
    if (nowMs > this.lastMs || nowMs < this.lastMs - SLACK_MS) this.lastMs = nowMs;
    return this.lastMs;
  }
}
