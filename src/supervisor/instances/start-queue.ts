// Pending starts, taken in batches: the FIFOs of one batch are made while the batch before it is spawned, and no tick of the
// event loop gets too long. Starts nothing itself.
import type { Slot } from '../../core/slot.ts';
import type { ServiceSpec } from '../../core/spec.ts';
import { type OutputFifos, streamQueuesOf } from './outputs.ts';

export type PendingStart = { slot: Slot; spec: ServiceSpec; nonce: string };

export type StartQueueOptions = {
  /** Its outputs are open. */
  begin(start: PendingStart): void;
  /** Its outputs could not be opened. */
  fail(start: PendingStart, error: unknown): void;
  /** It was given up. */
  abandon(start: PendingStart): void;
  /** A batch of starts has begun. */
  onBatch(): void;
};

/** Longest time spent on spawning before other events are handled. */
const SLICE_MS = 25;
/** Starts whose FIFOs are made together. */
const BATCH = 32;

type StartBatch = { starts: PendingStart[]; opened: Promise<unknown> };

export class StartQueue {
  #outputs: Pick<OutputFifos, 'open'>;
  #options: StartQueueOptions;
  #waiting: PendingStart[] = [];
  /** Nonces of pending starts; an abandoned one is taken out. */
  #wanted = new Set<string>();
  #running = false;

  constructor(outputs: Pick<OutputFifos, 'open'>, options: StartQueueOptions) {
    this.#outputs = outputs;
    this.#options = options;
  }

  add(start: PendingStart): void {
    this.#waiting.push(start);
    this.#wanted.add(start.nonce);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** It is abandoned when its batch comes. */
  drop(nonce: string): void {
    this.#wanted.delete(nonce);
  }

  dropAll(): void {
    this.#wanted.clear();
  }

  async #run(): Promise<void> {
    await null; // those of the same step are one batch
    let next = this.#takeBatch();
    while (next) {
      const { starts, opened } = next;
      const failure = await opened;
      // Making a FIFO may take a millisecond: the next batch gets its FIFOs while this one is spawned.
      next = this.#takeBatch();
      await this.#beginAll(starts, failure);
      this.#options.onBatch();
      next ??= this.#takeBatch();
    }
    this.#running = false;
  }

  #takeBatch(): StartBatch | null {
    if (this.#waiting.length === 0) return null;
    const starts = this.#waiting.splice(0, BATCH);
    const sources = starts.map(({ slot, spec }) => ({ id: slot.id, ...streamQueuesOf(spec) }));
    const opened = this.#outputs.open(sources).then(
      () => null,
      (error: unknown) => error,
    );
    return { starts, opened };
  }

  async #beginAll(starts: PendingStart[], failure: unknown): Promise<void> {
    let sliceEnd = performance.now() + SLICE_MS;
    for (const start of starts) {
      if (!this.#wanted.delete(start.nonce)) this.#options.abandon(start);
      else if (failure) this.#options.fail(start, failure);
      else this.#options.begin(start);
      if (performance.now() < sliceEnd) continue;
      await new Promise(setImmediate);
      sliceEnd = performance.now() + SLICE_MS;
    }
  }
}
