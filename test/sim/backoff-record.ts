// An own account of failures, from which follows when a slot may start again at the earliest (I8).
import type { SlotSpec } from '../../src/core/model.ts';

type Account = { specHash: string; failures: number; lastMs: number; earliestMs: number };

/** Of the formula: the rest is jitter. */
const LEAST_SHARE = 0.9;

export class BackoffRecord {
  #accounts = new Map<string, Account>();
  #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** It ended by itself, or could not be started. */
  noteFailure(instance: string, spec: Pick<SlotSpec, 'specHash' | 'restart'>, aliveMs: number): void {
    const before = this.#accounts.get(instance);
    const goesOn = before?.specHash === spec.specHash && aliveMs < spec.restart.healthyAfterMs;
    const failures = goesOn ? before.failures + 1 : 1;
    const nowMs = this.#nowMs();
    const { initialMs, maxMs, factor } = spec.restart.backoff;
    const earliestMs = nowMs + LEAST_SHARE * Math.min(maxMs, initialMs * factor ** (failures - 1));
    this.#accounts.set(instance, { specHash: spec.specHash, failures, lastMs: nowMs, earliestMs });
  }

  checkStart(instance: string, specHash: string, fail: (earlyMs: number) => void): void {
    const account = this.#accounts.get(instance);
    if (account?.specHash !== specHash) return;
    // The supervisor's whole milliseconds and ours may differ by one.
    if (this.#nowMs() < account.earliestMs - 1) fail(account.earliestMs - this.#nowMs());
  }

  /** A person's word, or an edit, overrules the back-off. */
  forgive(service: string): void {
    for (const id of [...this.#accounts.keys()]) if (id.startsWith(`${service}.`)) this.#accounts.delete(id);
  }

  forgiveSince(sinceMs: number): void {
    for (const [id, { lastMs }] of [...this.#accounts]) if (lastMs >= sinceMs) this.#accounts.delete(id);
  }
}
