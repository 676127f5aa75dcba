// Tells when a span of time begins that is counted from the epoch: `1d` at midnight UTC, `1h` on the hour.

/** What setTimeout can wait at most. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Boundary {
  private timer: NodeJS.Timeout | null = null;
  private readonly onBoundary: (boundaryMs: number) => void;

  constructor(onBoundary: (boundaryMs: number) => void) {
    this.onBoundary = onBoundary;
  }

  /** 0: never. */
  every(spanMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (spanMs <= 0) return;
    const waitMs = boundaryBefore(Date.now(), spanMs) + spanMs - Date.now() + 1;
    this.timer = setTimeout(
      () => {
        this.every(spanMs);
        this.onBoundary(boundaryBefore(Date.now(), spanMs));
      },
      Math.min(waitMs, MAX_TIMER_MS),
    );
  }
}

function boundaryBefore(timeMs: number, spanMs: number): number {
  return Math.floor(timeMs / spanMs) * spanMs;
}
