// When the kernel takes a turn: soon after something happened, and when its timer is due; and now and then a look at whether
// what it believes is still true. Knows nothing of what a turn does.
import type { Clock, Timer } from '../runtime/clock.ts';

export type TurnsOptions = {
  clock: Clock;
  turn(): void;
  /** @returns in how many milliseconds to look again. */
  look(): number;
};

export class Turns {
  #options: TurnsOptions;
  #listeners = new Set<() => void>();
  #isRequested = false;
  #isFrozen = false;
  #wake: Timer | null = null;
  #nextLook: NodeJS.Timeout | null = null;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** The first turn, at once; nothing where a fault has already ended it. */
  begin(): void {
    if (this.#isFrozen) return;
    this.#take();
    this.#look();
  }

  /** A turn soon; any number of requests before it are one. */
  request(): void {
    if (this.#isRequested || this.#isFrozen) return;
    this.#isRequested = true;
    setImmediate(() => {
      this.#isRequested = false;
      if (!this.#isFrozen) this.#take();
    });
  }

  /** @param atMs on the clock; null: not by itself. Replaces what was asked for before. */
  wakeAt(atMs: number | null): void {
    this.#wake?.cancel();
    this.#wake = atMs === null ? null : this.#options.clock.setTimer(atMs, () => this.request());
  }

  /** Called after each turn. @returns the function that ends the subscription. */
  onTurn(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stopLooking(): void {
    if (this.#nextLook) clearTimeout(this.#nextLook);
  }

  /** There will be no more turns. */
  freeze(): void {
    this.#isFrozen = true;
    this.#wake?.cancel();
    this.stopLooking();
  }

  #take(): void {
    this.#options.turn();
    for (const listener of [...this.#listeners]) listener();
  }

  #look(): void {
    const nextMs = this.#options.look();
    this.#nextLook = setTimeout(() => this.#look(), nextMs);
  }
}
