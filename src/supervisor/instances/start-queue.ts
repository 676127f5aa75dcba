// Starts that have not come to their turn: taken in batches, so that the FIFOs of one are made while the one before it is
// spawned, and no turn of the event loop is so long that others wait for theirs. Starts nothing itself.
import type { ServiceSpec, Slot } from '../../core/model.ts';
import type { OutputSource } from './outputs.ts';

export type PendingStart = { slot: Slot; spec: ServiceSpec; nonce: string };

export type StartQueueOptions = {
  /** Makes and opens the FIFOs. Rejects where they cannot be had. */
  openStreams(sources: OutputSource[]): Promise<void>;
  /** Its streams are open; whoever begins it tells how it went. */
  begin(start: PendingStart): void;
  /** Its streams could not be opened. */
  fail(start: PendingStart, error: unknown): void;
  /** It is not wanted any more. */
  abandon(start: PendingStart): void;
};

/** Longest turn of the event loop spent on spawning before others get theirs. */
const SLICE_MS = 25;
/** Starts whose FIFOs are made together. */
const BATCH = 32;

type StartBatch = { starts: PendingStart[]; opened: Promise<unknown> };

export class StartQueue {
  #options: StartQueueOptions;
  #waiting: PendingStart[] = [];
  /** Nonces of starts that have not come to their turn; an abandoned one is taken out. */
  #wanted = new Set<string>();
  #running = false;

  constructor(options: StartQueueOptions) {
    this.#options = options;
  }

  add(start: PendingStart): void {
    this.#waiting.push(start);
    this.#wanted.add(start.nonce);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** It is told as abandoned when its turn comes. */
  drop(nonce: string): void {
    this.#wanted.delete(nonce);
  }

  dropAll(): void {
    this.#wanted.clear();
  }

  async #run(): Promise<void> {
    let next = this.#takeBatch();
    while (next) {
      const { starts, opened } = next;
      const failure = await opened;
      // A new FIFO may take the file system a millisecond: those of the next batch are made while this one is spawned.
      next = this.#takeBatch();
      await this.#beginAll(starts, failure);
      next ??= this.#takeBatch();
    }
    this.#running = false;
  }

  #takeBatch(): StartBatch | null {
    if (this.#waiting.length === 0) return null;
    const starts = this.#waiting.splice(0, BATCH);
    const sources = starts.map(({ slot, spec }) => ({ id: slot.id, queue: spec.logQueue }));
    const opened = this.#options.openStreams(sources).then(
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
