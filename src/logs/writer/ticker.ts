// When batches are written: once per turn of the event loop, after all FIFOs that were ready have been read. Where producers
// write line by line, it rests a moment between turns, so that a read finds many lines instead of one.
import { performance } from 'node:perf_hooks';

/** A turn that got less than this was woken too early. */
const SMALL_TICK_BYTES = 48 * 1024;
/** Turns that follow each other this closely are a stream, not an event now and then. */
const STREAM_GAP_MS = 1;
/** A pipe of 64 KiB fills in 0.25 ms at 250 MB/s. */
const REST_MS = 0.25;

export type Flushable = {
  /** Writes what is batched; returns how many bytes that were. */
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

  /** Writes every batch now; what `then` takes is free again. */
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

// Stamps that do not go back, so that a file is in order of time also where the clock is set back a little.

/** The clock may be set back by less than this without the order of time in a file being broken. */
const SLACK_MS = 1000;

export class ArrivalClock {
  #lastMs = 0;

  /** @returns milliseconds since the epoch */
  now(): number {
    const nowMs = Date.now();
    if (nowMs > this.#lastMs || nowMs < this.#lastMs - SLACK_MS) this.#lastMs = nowMs;
    return this.#lastMs;
  }
}
