// How the programs of the simulated machine answer on their ports: when they serve, when they are unhealthy, how they drain.
// The truth that probes and drains are checked against.
import type { ProbeResult } from '../../src/core/spec.ts';
import type { Machine } from './machine/machine.ts';
import type { SimProcess } from './machine/processes.ts';

export type Drain = { askedMs: number; doneMs: number | null };

/** Below the pause between two attempts. */
const FIT_MS = 400;

export class Health {
  #machine: Machine;
  #illUntilMs = new WeakMap<SimProcess, number>();
  readonly #hadFit = new WeakSet<SimProcess>();
  /** Was once suspended, or unhealthy for long enough to be found so. */
  #everIll = new WeakSet<SimProcess>();
  /** Answered a probe well at some time. */
  #passed = new WeakSet<SimProcess>();
  #drains = new WeakMap<SimProcess, Drain>();
  readonly #bloatedMs = new WeakMap<SimProcess, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** @param forMs null: forever. */
  sicken(process: SimProcess, forMs: number | null): void {
    // A short trouble fails one attempt; a second failed attempt means unhealthy.
    const isShort = forMs !== null && forMs < FIT_MS && !this.#hadFit.has(process);
    if (isShort) this.#hadFit.add(process);
    else this.#everIll.add(process);
    const untilMs = forMs === null ? Number.POSITIVE_INFINITY : this.#machine.schedule.nowMs + forMs;
    this.#illUntilMs.set(process, untilMs);
  }

  /** It takes more memory than any limit of the scenarios, and keeps it. */
  bloat(process: SimProcess): void {
    if (!this.#bloatedMs.has(process)) this.#bloatedMs.set(process, this.#machine.schedule.nowMs);
  }

  isBloated(process: SimProcess): boolean {
    return this.#bloatedMs.has(process);
  }

  /** Null: it is not bloated. */
  bloatedForMs(process: SimProcess): number | null {
    const sinceMs = this.#bloatedMs.get(process);
    return sinceMs === undefined ? null : this.#machine.schedule.nowMs - sinceMs;
  }

  isUnhealthy(process: SimProcess): boolean {
    const untilMs = this.#illUntilMs.get(process) ?? 0;
    const isCured = this.#machine.processes.calm && untilMs !== Number.POSITIVE_INFINITY;
    return !isCured && untilMs > this.#machine.schedule.nowMs;
  }

  noteSuspended(process: SimProcess): void {
    this.#everIll.add(process);
  }

  wasEverIll(process: SimProcess): boolean {
    return this.#everIll.has(process);
  }

  hasPassed(process: SimProcess): boolean {
    return this.#passed.has(process);
  }

  serves(process: SimProcess): boolean {
    return process.state === 'S' && !this.isUnhealthy(process) && this.#machine.ports.hasBound(process);
  }

  /** Whether its program wants to listen on its port by now. */
  wantsPort(process: SimProcess): boolean {
    const afterMs = process.program?.answersAfterMs ?? (this.#machine.processes.calm ? 0 : null);
    return afterMs !== null && this.#machine.schedule.nowMs - process.bornMs >= afterMs;
  }

  /** Without a break since it began to. */
  hasServedFor(process: SimProcess, ms: number): boolean {
    const afterMs = process.program?.answersAfterMs ?? null;
    if (!this.serves(process) || afterMs === null) return false;
    const sinceMs = Math.max(process.bornMs + afterMs, this.#machine.ports.freeSinceMs(process));
    return this.#machine.schedule.nowMs - sinceMs >= ms;
  }

  /** @returns null: no answer at all. */
  probe(port: number): ProbeResult | null {
    const stranger = this.#machine.ports.strangerAt(port);
    if (stranger !== null && (!stranger.shares || this.#machine.chance.hit(0.5))) return { ok: true };
    const process = this.#machine.ports.ownerOf(port);
    if (process?.state === 'T') return null;
    if (!process || !this.serves(process)) {
      const isSilent = process !== null && this.isUnhealthy(process) && this.#machine.chance.hit(0.5);
      return isSilent ? null : { ok: false, because: 'connection refused' };
    }
    this.#passed.add(process);
    return { ok: true };
  }

  /** @param answered called when the drain is over. @returns why there is none; null: it has begun. */
  drain(port: number, answered: () => void): string | null {
    if (this.#machine.ports.strangerAt(port)) this.#machine.fail(`drain: a stranger at port ${port} is drained`);
    const process = this.#machine.ports.ownerOf(port);
    if (!process) return 'connection refused';
    const drain: Drain = { askedMs: this.#machine.schedule.nowMs, doneMs: null };
    this.#drains.set(process, drain);
    const takesMs = process.state === 'T' ? null : (process.program?.drainsInMs ?? null);
    if (takesMs !== null) {
      this.#machine.schedule.after(takesMs, () => {
        if (process.state === 'Z') return;
        drain.doneMs = this.#machine.schedule.nowMs;
        answered();
      });
    }
    return null;
  }

  drainOf(process: SimProcess): Drain | null {
    return this.#drains.get(process) ?? null;
  }
}
