// When the kernel takes a turn: soon after something happened, and when its timer is due; and now and then a look at whether
// what it believes is still true. Knows nothing of what a turn does.
import type { Clock, Timer } from '../../os/clock.ts';

export type KernelLoopOptions = {
  clock: Clock;
  step(): void;
  /** @returns in how many milliseconds to look again. */
  poll(): number;
};

export class KernelLoop {
  #options: KernelLoopOptions;
  #listeners = new Set<() => void>();
  #isRequested = false;
  #isFrozen = false;
  #wake: Timer | null = null;
  #nextPoll: NodeJS.Timeout | null = null;

  constructor(options: KernelLoopOptions) {
    this.#options = options;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** The first turn, at once; nothing where a fault has already ended it. */
  begin(): void {
    if (this.#isFrozen) return;
    this.#step();
    this.#poll();
  }

  /** A turn soon; any number of requests before it are one. */
  requestStep(): void {
    if (this.#isRequested || this.#isFrozen) return;
    this.#isRequested = true;
    setImmediate(() => {
      this.#isRequested = false;
      if (!this.#isFrozen) this.#step();
    });
  }

  /** @param atMs on the clock; null: not by itself. Replaces what was asked for before. */
  wakeAt(atMs: number | null): void {
    this.#wake?.cancel();
    this.#wake = atMs === null ? null : this.#options.clock.setTimer(atMs, () => this.requestStep());
  }

  /** Called after each turn. @returns the function that ends the subscription. */
  onStep(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stopPolling(): void {
    if (this.#nextPoll) clearTimeout(this.#nextPoll);
  }

  /** There will be no more turns. */
  freeze(): void {
    this.#isFrozen = true;
    this.#wake?.cancel();
    this.stopPolling();
  }

  #step(): void {
    this.#options.step();
    for (const listener of [...this.#listeners]) listener();
  }

  #poll(): void {
    const nextMs = this.#options.poll();
    this.#nextPoll = setTimeout(() => this.#poll(), nextMs);
  }
}
