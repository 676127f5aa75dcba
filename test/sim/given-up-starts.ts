// Starts that are given up before their program runs: each may be, by a command or a dependency that leaves. One that is begun
// and given up again and again should not have been begun.

/** This many within this time, without a command, have no cause of their own. */
const MOST = 5;
const WITHIN_MS = 100;

export class GivenUpStarts {
  readonly #nowMs: () => number;
  /** Instance -> when its last starts were given up, at most `MOST`. */
  readonly #timesMs = new Map<string, number[]>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A command or an edit may give up any start. */
  onOperation(): void {
    this.#timesMs.clear();
  }

  /** @returns what is wrong with it; null: nothing */
  onGivenUp(instance: string): string | null {
    const timesMs = [...(this.#timesMs.get(instance) ?? []), this.#nowMs()].slice(-MOST);
    this.#timesMs.set(instance, timesMs);
    const isTooOften = timesMs.length === MOST && this.#nowMs() - timesMs[0]! < WITHIN_MS;
    return isTooOften ? `${instance} is started and given up again and again` : null;
  }
}
