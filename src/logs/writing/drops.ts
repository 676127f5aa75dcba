// Who lost how many lines of a queue since the writer runs. Counts only; the marks in the file are the backlog's.
import type { Origin } from '../framing.ts';

const REPORT_EVERY_MS = 10_000;

export class Drops {
  lines = 0;
  private readonly byOrigin = new Map<string, number>();
  private reportedMs = 0;

  /** @returns whether it is time to say so again */
  add(lines: ReadonlyMap<Origin, number>, nowMs: number): boolean {
    for (const [{ instance }, count] of lines) {
      this.byOrigin.set(instance, (this.byOrigin.get(instance) ?? 0) + count);
      this.lines += count;
    }
    if (nowMs - this.reportedMs < REPORT_EVERY_MS) return false;
    this.reportedMs = nowMs;
    return true;
  }

  byInstance(): Record<string, number> {
    return Object.fromEntries(this.byOrigin);
  }
}
