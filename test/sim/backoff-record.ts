// An own account of failures, from which follows when a slot may start again at the earliest, and whether at all (I8).
import type { SlotSpec } from '../../src/core/slot.ts';

type Spec = Pick<SlotSpec, 'specHash' | 'restart'>;
type Account = { spec: Spec; failures: number; chargedMs: number[]; lastMs: number; earliestMs: number };

/** Where none is declared. */
const USUAL_JITTER = 0.1;

/** An end counts from when its last output was read. */
const DRAIN_MS = 600;

export class BackoffRecord {
  #accounts = new Map<string, Account>();
  #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** It ended by itself, or could not be started. `charged`: that was its own fault. */
  noteFailure(instance: string, spec: Spec, aliveMs: number, charged: boolean): void {
    const { initialMs, maxMs, factor, jitter = USUAL_JITTER } = spec.restart.backoff;
    const before = this.#accounts.get(instance);
    const goesOn = before?.spec.specHash === spec.specHash && aliveMs < spec.restart.healthyAfterMs;
    const failures = goesOn ? before.failures + 1 : 1;
    const nowMs = this.#nowMs();
    const chargedMs = [...(goesOn ? before.chargedMs : []), ...(charged ? [nowMs] : [])];
    const earliestMs = nowMs + (1 - jitter) * Math.min(maxMs, initialMs * factor ** (failures - 1));
    this.#accounts.set(instance, { spec, failures, chargedMs, lastMs: nowMs, earliestMs });
  }

  /** @returns why it must not start now; null: it may. */
  objection(instance: string, specHash: string): string | null {
    const account = this.#accounts.get(instance);
    if (account?.spec.specHash !== specHash) return null;
    const { policy, limit } = account.spec.restart;
    if (policy === 'never') return 'started again although it never is';
    const withinMs = limit?.withinMs ?? Number.POSITIVE_INFINITY;
    const recent = limit ? account.chargedMs.filter((atMs) => atMs > account.lastMs - withinMs + DRAIN_MS) : [];
    if (limit && recent.length > limit.count) return `started again after ${recent.length} failures`;
    // The supervisor's whole milliseconds and ours may differ by one.
    const earlyMs = account.earliestMs - 1 - this.#nowMs();
    return earlyMs > 0 ? `started ${Math.ceil(earlyMs)} ms early` : null;
  }

  /** A person's word, or an edit, overrules the back-off. */
  forgive(service: string): void {
    for (const id of [...this.#accounts.keys()]) if (id.startsWith(`${service}.`)) this.#accounts.delete(id);
  }

  forgiveInstance(id: string): void {
    this.#accounts.delete(id);
  }

  forgiveSince(sinceMs: number): void {
    for (const [id, { lastMs }] of [...this.#accounts]) if (lastMs >= sinceMs) this.#accounts.delete(id);
  }
}
