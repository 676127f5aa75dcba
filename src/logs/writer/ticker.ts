// When batches are written: once per tick of the event loop, after all ready FIFOs have been read. While producers write line
// by line, it pauses between ticks, so that a read finds many lines instead of one. Also stamps arrivals.
import { performance } from 'node:perf_hooks';

/** A tick that wrote less than this came too early. */
const SMALL_TICK_BYTES = 48 * 1024;
/** Ticks that follow each other this closely belong to a stream. */
const STREAM_GAP_MS = 1;
/** A pipe of 64 KiB fills in 0.25 ms at 250 MB/s. */
const REST_MS = 0.25;

export type Flushable = {
  /** Writes what is batched; returns the number of bytes. */
  flush(): number;
};

export class Ticker {
  readonly #dirty = new Set<Flushable>();
  #scheduled: NodeJS.Immediate | null = null;
  #lastTickMs = 0;
  readonly #sleepCell = new Int32Array(new SharedArrayBuffer(4));

  schedule(queue: Flushable): void {
    this.#dirty.add(queue);
    this.#scheduled ??= setImmediate(() => this.#tick());
  }

  /** Writes every batch now, then calls `then`: the batches are free again. */
  flushAll<T>(then: () => T): T {
    for (const queue of this.#dirty) queue.flush();
    return then();
  }

  #tick(): void {
    this.#scheduled = null;
    let bytes = 0;
    for (const queue of this.#dirty) bytes += queue.flush();
    this.#dirty.clear();
    const nowMs = performance.now();
    const isStream = nowMs - this.#lastTickMs < STREAM_GAP_MS;
    if (isStream && bytes < SMALL_TICK_BYTES) Atomics.wait(this.#sleepCell, 0, 0, REST_MS);
    this.#lastTickMs = performance.now();
  }
}

/** A file stays in order of time when the clock is set back by less than this. */
const SLACK_MS = 1000;

/** Stamps that do not go back when the clock is set back a little. */
export class ArrivalClock {
  #lastMs = 0;

  /** @returns milliseconds since the epoch */
  now(): number {
    const nowMs = Date.now();
    if (nowMs > this.#lastMs || nowMs < this.#lastMs - SLACK_MS) this.#lastMs = nowMs;
    return this.#lastMs;
  }
}
