// Checks from outside that ready is earned (I19): by a probe that passed, or without one by age. Part of the oracle.

import { isReady } from '../../src/core/readiness.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { Machine } from './machine/machine.ts';
import type { SimProcess } from './machine/processes.ts';

export type ReadinessWorld = {
  machine: Machine;
  /** Live main processes of the project. */
  leaders(): readonly SimProcess[];
  /** Whether no state was ever lost and the wall clock never set: ages of adopted instances are known. */
  isMemorySure(): boolean;
  fail(what: string): never;
};

/** Timers of a busy supervisor. */
const SLACK_MS = 5;
/** The supervisor may have listed the ports this long before a start began. */
const LISTED_BEFORE_MS = 100;

export class ReadinessOracle {
  #world: ReadinessWorld;
  /** Services of which some instance was ready at some time. */
  #everReady = new Set<string>();
  /** Nonces of main processes that ended. */
  #ended = new Set<string>();
  /** Service -> as it was last started. */
  #specs = new Map<string, ServiceSpec>();

  /** Nonce -> when its start began, hooks included. */
  #startedMs = new Map<string, number>();

  constructor(world: ReadinessWorld) {
    this.#world = world;
  }

  onStart({ phase }: Slot): void {
    if (phase.kind === 'starting') this.#startedMs.set(phase.nonce, this.#world.machine.schedule.nowMs);
  }

  onSpawn(kernel: Kernel, process: SimProcess, spec: ServiceSpec): void {
    this.#specs.set(spec.name, spec);
    for (const { service, condition } of spec.dependsOn) {
      const needed = kernel.accepted?.config.services.find(({ name }) => name === service);
      if (condition !== 'ready' || !needed || this.#isAgeUnsure(needed)) continue;
      if (!this.#everReady.has(service) && !this.#sawReady(needed))
        this.#world.fail(`I15: ${process.of!.instance} started before ${service} was ever ready`);
    }
  }

  /** Null: no instance of it was started. */
  specOf(service: string): ServiceSpec | null {
    return this.#specs.get(service) ?? null;
  }

  onEnd(process: SimProcess): void {
    this.#ended.add(process.of!.nonce);
    const service = process.of!.instance.split('.')[0]!;
    const spec = this.#specs.get(service);
    if (spec && this.wasReady(process, spec)) this.#everReady.add(service);
  }

  wasReady(process: SimProcess, { readiness, readyAfterMs }: ServiceSpec): boolean {
    const { health, schedule } = this.#world.machine;
    return readiness === null ? schedule.nowMs - process.bornMs >= readyAfterMs : health.hasPassed(process);
  }

  /** What was checked last: nothing else decides what `check` finds. */
  #checked: { desired: unknown; slots: readonly Slot[]; ended: number } = { desired: null, slots: [], ended: 0 };

  /** At any time: no instance is ready too early, and the project has not converged before all are ready or completed. */
  check(kernel: Kernel): void {
    if (this.#wasChecked(kernel)) return;
    this.#checked = { desired: kernel.desired, slots: [...kernel.slots.values()], ended: this.#ended.size };
    for (const slot of kernel.slots.values()) {
      const { phase, id } = slot;
      this.#noteReady(kernel, slot);
      const desired = kernel.desired.instances.get(id);
      if (!desired?.run || desired.spec.schedule) continue;
      if (isReady(phase)) {
        this.#checkAge(slot, desired.spec);
        this.#checkAnswer(slot, desired.spec);
      } else if (phase.kind !== 'completed' && kernel.isConverged())
        this.#world.fail(`I19: ${id} is ${phase.kind}, and everything counts as converged`);
    }
  }

  /** Slots and the desired state are replaced, never changed. */
  #wasChecked({ desired, slots }: Kernel): boolean {
    const checked = this.#checked;
    if (desired !== checked.desired || slots.size !== checked.slots.length) return false;
    if (this.#ended.size !== checked.ended) return false;
    let index = 0;
    for (const slot of slots.values()) if (slot !== checked.slots[index++]) return false;
    return true;
  }

  #checkAge({ id, phase }: Slot, { readiness, readyAfterMs }: ServiceSpec): void {
    // The start time of an adopted process is known only roughly, and its version may not be remembered.
    if (readiness !== null || readyAfterMs === 0 || phase.kind !== 'alive' || phase.adopted) return;
    const process = this.#world.leaders().find(({ of }) => of!.nonce === phase.process.nonce);
    const ageMs = process ? this.#world.machine.schedule.nowMs - process.bornMs : Number.POSITIVE_INFINITY;
    if (ageMs < readyAfterMs - SLACK_MS && this.#world.isMemorySure())
      this.#world.fail(`I19: ${id} is ready ${ageMs} ms after its start, with ready_after ${readyAfterMs}`);
  }

  /** The instance itself has answered, and no stranger could have. */
  #checkAnswer({ id, phase }: Slot, { readiness, readyAfterMs }: ServiceSpec): void {
    if (phase.kind !== 'alive' || phase.adopted || !this.#world.isMemorySure()) return;
    const process = this.#world.leaders().find(({ of }) => of!.nonce === phase.process.nonce);
    if (!process) return;
    const { health, ports, schedule } = this.#world.machine;
    const stranger = ports.olderStranger(process);
    const isProbed = readiness !== null && phase.readiness === 'passing';
    if (isProbed && !health.hasPassed(process)) this.#world.fail(`I19: ${id} is ready and has never answered a probe`);
    if (isProbed && stranger?.shares) this.#world.fail(`I19: ${id} is ready although a stranger shares its port`);
    const startedMs = this.#startedMs.get(phase.process.nonce) ?? Number.NEGATIVE_INFINITY;
    const wasThere = stranger !== null && stranger.process.bornMs + LISTED_BEFORE_MS < startedMs;
    if (readiness === null && readyAfterMs > 0 && wasThere && !stranger.shares && schedule.nowMs > process.bornMs)
      this.#world.fail(`I19: ${id} is ready by its age although a stranger has its port`);
  }

  #isAgeUnsure({ name, readiness }: ServiceSpec): boolean {
    return readiness === null && (!this.#world.isMemorySure() || this.#seemedReady.has(name));
  }

  /** Services of which an instance counted as ready, and the supervisor could not know that it was too young. */
  #seemedReady = new Set<string>();
  /** Nonces of instances that counted as ready at some time. */
  #shownReady = new Set<string>();

  #noteReady(kernel: Kernel, { id, service, phase }: Slot): void {
    if (!isReady(phase)) return;
    const { nonce } = phase.process;
    const isEnded = this.#ended.has(nonce);
    // An exit that was lost or comes late; the start of an adopted process is known only roughly.
    if (isEnded || phase.adopted) this.#seemedReady.add(service);
    if (this.#shownReady.has(nonce)) return;
    this.#shownReady.add(nonce);
    const spec = kernel.desired.services.get(service);
    const isByAge = spec?.readiness === null && spec.readyAfterMs > 0;
    // Another process of its tree may have been taken for the main one (see `#isAdoptedInItsPlace` of the oracle).
    const taken = this.#world.machine.processes.get(phase.process.pid);
    if (taken && taken.state !== 'Z' && taken.of?.nonce === nonce) return;
    // A look would have shown that it is gone.
    if (isEnded && phase.adopted && isByAge && this.#world.isMemorySure())
      this.#world.fail(`I19: ${id} becomes ready after its end`);
  }

  #sawReady(spec: ServiceSpec): boolean {
    for (const process of this.#world.leaders()) {
      if (process.of!.instance.startsWith(`${spec.name}.`) && this.wasReady(process, spec)) {
        this.#everReady.add(spec.name);
        return true;
      }
    }
    return false;
  }
}
