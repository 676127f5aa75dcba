// Who lost how many lines of a queue since the writer runs. Counts only; the marks in the file are the backlog's.

import type { LogQueueSpec } from '../../core/spec.ts';
import type { Origin } from '../line-format.ts';

const REPORT_EVERY_MS = 10_000;

export class DropCounter {
  lines = 0;
  readonly #byOrigin = new Map<string, number>();
  #reportedMs = 0;

  /** @returns whether it is time to say so again */
  add(lines: ReadonlyMap<Origin, number>, nowMs: number): boolean {
    for (const [{ instance }, count] of lines) {
      this.#byOrigin.set(instance, (this.#byOrigin.get(instance) ?? 0) + count);
      this.lines += count;
    }
    if (nowMs - this.#reportedMs < REPORT_EVERY_MS) return false;
    this.#reportedMs = nowMs;
    return true;
  }

  byInstance(): Record<string, number> {
    return Object.fromEntries(this.#byOrigin);
  }
}

// What people are told of a queue that cannot be written, or whose file cannot be rotated. Sentences only.

export function blockedText(spec: LogQueueSpec, message: string): string {
  const consequence = spec.overflow === 'block' ? 'its producers wait' : 'lines beyond its capacity are dropped';
  return `log queue ${spec.name} cannot be written (${message}); ${consequence}`;
}

export function rotationText({ name }: LogQueueSpec, message: string): string {
  return `the file of log queue ${name} cannot be rotated (${message}); it grows on, and this is tried again every minute`;
}

// What the writing half of a queue tells the reading half.

export type OutputHooks = {
  /** Stop (or go on) reading the producers. */
  setPaused(isHeld: boolean): void;
  /** All that was accepted is written. */
  allWritten(): void;
  /** A rotated file is complete. */
  rotated(path: string): void;
  /** The file is due and cannot be rotated; it is written all the same. */
  rotationFailed(message: string): void;
  dropped(lines: Map<Origin, number>): void;
  blocked(message: string): void;
  resumed(): void;
};
