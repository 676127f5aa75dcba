// Fake time: a queue of things to happen, and a seeded source of chance. The same seed gives the same run.

export class Schedule {
  nowMs = 1_000_000;
  #queue: { atMs: number; order: number; run: () => void }[] = [];
  #order = 0;

  /** @returns the function that takes it back. */
  at(atMs: number, run: () => void): () => void {
    const entry = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    let index = this.#queue.length;
    while (index > 0 && isBefore(entry, this.#queue[index - 1]!)) index--;
    this.#queue.splice(index, 0, entry);
    return () => {
      const found = this.#queue.indexOf(entry);
      if (found >= 0) this.#queue.splice(found, 1);
    };
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.nowMs + delayMs, run);
  }

  /** Runs everything that is due until `untilMs`; then it is that late. Promises settle before the first and after each, then
   * comes `check`. Rejects with what is thrown. */
  async runUntil(untilMs: number, check: () => void): Promise<void> {
    await inTurns(() => {
      check();
      const next = this.#queue[0];
      if (next === undefined || next.atMs > untilMs) return false;
      this.#queue.shift();
      this.nowMs = next.atMs;
      next.run();
      return true;
    });
    this.nowMs = untilMs;
  }
}

const MOST_AT_ONCE = 64;

/** Calls `turn` until it returns false. Every promise that can settle by itself does so before each. Rejects with what it throws. */
function inTurns(turn: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let goesOn = true;
    const one = (): void => {
      if (!goesOn) return;
      try {
        goesOn = turn();
        if (!goesOn) resolve();
      } catch (error) {
        goesOn = false;
        reject(error);
      }
    };
    // Between immediates that are due together promises settle too, and the event loop need not come round for each.
    const some = (count: number): void => {
      for (let left = count; left > 0; left--) setImmediate(one);
      setImmediate(() => goesOn && some(Math.min(2 * count, MOST_AT_ONCE)));
    };
    some(4);
  });
}

function isBefore(a: { atMs: number; order: number }, b: { atMs: number; order: number }): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Mulberry32: small, fast, and good enough to choose delays. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** [0, 1) */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }
  hit(probability: number): boolean {
    return this.next() < probability;
  }
}
