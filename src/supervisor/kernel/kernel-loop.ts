// Decides when the kernel takes a step: soon after an event, and when its timer is due. Polls now and then whether its state is
// still true. Knows nothing about the steps.
import type { Clock, Timer } from '../../os/clock.ts';

export type KernelLoopOptions = {
  clock: Clock;
  step(): void;
  /** @returns in how many milliseconds to poll again. */
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

  /** The first step, at once; nothing where a fault has frozen the loop. */
  begin(): void {
    if (this.#isFrozen) return;
    this.#step();
    this.#poll();
  }

  /** A step soon; any number of requests before it are one. */
  requestStep(): void {
    if (this.#isRequested || this.#isFrozen) return;
    this.#isRequested = true;
    setImmediate(() => {
      this.#isRequested = false;
      if (!this.#isFrozen) this.#step();
    });
  }

  /** @param atMs on the clock; null: only on request. Replaces the time set before. */
  wakeAt(atMs: number | null): void {
    this.#wake?.cancel();
    this.#wake = atMs === null ? null : this.#options.clock.setTimer(atMs, () => this.requestStep());
  }

  /** Called after each step. @returns the function that ends the subscription. */
  onStep(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stopPolling(): void {
    if (this.#nextPoll) clearTimeout(this.#nextPoll);
  }

  /** No more steps from now on. */
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
