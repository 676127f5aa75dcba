// Watches for how long the processes of one project run: `timeout` and `restart.cron`. Part of the oracle: throws by `fail`.
import { isReady } from '../../src/core/readiness.ts';
import type { EndCause, Slot } from '../../src/core/slot.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { Machine } from './machine/machine.ts';
import type { SimProcess } from './machine/processes.ts';

export type DurationWorld = {
  machine: Machine;
  leaders(): readonly SimProcess[];
  supervisorBornMs(): number;
  isMemorySure(): boolean;
  fail(what: string): never;
};

export class DurationOracle {
  #world: DurationWorld;

  constructor(world: DurationWorld) {
    this.#world = world;
  }

  /** A run is stopped for its length once it has that length. */
  mayStop(kernel: Kernel, slot: Slot, cause: EndCause): boolean {
    if (cause !== 'timedOut') return false;
    const { timeoutMs = null } = kernel.desired.instances.get(slot.id)?.spec ?? {};
    const process = this.#world.leaders().find(({ of }) => of!.instance === slot.id);
    return timeoutMs !== null && (!process || this.#ageMs(process) >= timeoutMs - EARLY_MS);
  }

  /** After the end of a run: one that was too long has failed. */
  checkVerdict({ id, phase, lastExit }: Slot): void {
    if (phase.kind === 'completed' && this.#timedOut.has(id))
      this.#world.fail(`timeout: ${id} was stopped after its timeout, and has completed (${JSON.stringify(lastExit)})`);
  }

  /** The last run of these was stopped for its length. */
  #timedOut = new Set<string>();

  onStop({ id }: Slot, cause: EndCause): void {
    if (cause === 'timedOut') this.#timedOut.add(id);
  }

  onSpawn({ of }: SimProcess): void {
    this.#timedOut.delete(of!.instance);
  }

  /** Once everything is quiet. */
  checkQuiet(kernel: Kernel): void {
    for (const process of this.#world.leaders()) {
      const slot = kernel.slots.get(process.of!.instance as Slot['id']);
      const wanted = slot && kernel.desired.instances.get(slot.id);
      if (!slot || !wanted?.run) continue;
      if (this.#world.isMemorySure()) this.#checkTimeout(process, slot, wanted.spec);
      this.#checkTimes(process, slot, wanted.spec);
    }
  }

  #checkTimeout(process: SimProcess, { id, phase }: Slot, { timeoutMs }: ServiceSpec): void {
    if (timeoutMs !== null && phase.kind === 'alive' && this.#ageMs(process) > timeoutMs + LATE_MS)
      this.#world.fail(`timeout: ${id} has run for ${this.#ageMs(process)} ms, where ${timeoutMs} ms are allowed`);
  }

  #checkTimes(process: SimProcess, { id, phase }: Slot, { restart }: ServiceSpec): void {
    const everyS = /^\*\/(\d+)/.exec(restart.times?.cron ?? '')?.[1];
    if (everyS === undefined || !isReady(phase)) return;
    // A time that passed while no supervisor ran is not made up for.
    const { machine, supervisorBornMs } = this.#world;
    const watchedMs = machine.schedule.nowMs - Math.max(process.bornMs, supervisorBornMs());
    if (watchedMs > Number(everyS) * 1_000 + POOL_MS)
      this.#world.fail(`restart.cron: ${id} has run for ${watchedMs} ms, and is due every ${everyS} s`);
  }

  #ageMs({ bornMs }: SimProcess): number {
    return this.#world.machine.schedule.nowMs - bornMs;
  }
}

/** The supervisor counts from when it heard of the process. */
const EARLY_MS = 5;
const LATE_MS = 2_000;
/** A pool of four, one after the other. */
const POOL_MS = 8_000;
