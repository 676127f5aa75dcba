// Watches the ports of one project from outside (I22): each process has its own, an instance keeps its port, and dependents are
// given the present ones. Part of the oracle: throws by `fail` where that does not hold.
import type { Slot } from '../../src/core/slot.ts';
import type { InstanceId } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import { USES } from './declared.ts';
import type { Machine } from './machine/machine.ts';
import type { SimProcess } from './machine/processes.ts';

export type PortWorld = {
  machine: Machine;
  /** Main processes of the project that live. */
  leaders(): readonly SimProcess[];
  /** No state was ever lost. */
  isMemorySure(): boolean;
  fail(what: string): never;
};

export class PortOracle {
  #world: PortWorld;
  /** Of each instance with `port: auto`: the port of its last process, and when that began. */
  #last = new Map<string, { port: number; atMs: number }>();

  constructor(world: PortWorld) {
    this.#world = world;
  }

  onSpawn(kernel: Kernel | null, process: SimProcess): void {
    const { machine, fail, isMemorySure } = this.#world;
    const { instance } = process.of!;
    const port = Number(variableOf(process, 'PORT'));
    for (const other of machine.processes.alive()) {
      if (other !== process && other.isLeader && variableOf(other, 'PORT') === String(port))
        fail(`I22: ${instance} is given port ${port}, which ${other.of!.root} ${other.of!.instance} has`);
    }
    if (kernel?.slots.get(instance as InstanceId)?.spec?.ports?.PORT === undefined) return;
    if (machine.ports.isTaken(port)) fail(`I22: ${instance} is given port ${port}, which a stranger has`);
    const last = this.#last.get(instance);
    if (last && last.port !== port && !machine.ports.wasTakenSince(last.port, last.atMs) && isMemorySure())
      fail(`I22: ${instance} had port ${last.port} and is given ${port}`);
    this.#last.set(instance, { port, atMs: machine.schedule.nowMs });
  }

  /** Whether the process in the slot was given ports of others that are not theirs any more. */
  mayFollow(kernel: Kernel, { phase }: Slot): boolean {
    if (phase.kind !== 'ending') return false;
    const process = this.#world.leaders().find(({ of }) => of!.nonce === phase.process.nonce);
    return process === undefined || this.differs(kernel, process) !== null;
  }

  /** A sentence part; null: it has the present ports of others, as far as it was given any. */
  differs(kernel: Kernel, process: SimProcess): string | null {
    const spec = kernel.desired.instances.get(process.of!.instance as InstanceId)?.spec;
    const given = variableOf(process, USES);
    const [reference] = spec?.usesPorts ?? [];
    if (given === null || reference === undefined) return null;
    const service = reference.slice(0, reference.indexOf('.'));
    const pool = kernel.desired.services.get(service as never)?.pool ?? 0;
    const ids = Array.from({ length: reference.endsWith('s') ? pool : 1 }, (_, index) => `${service}.${index + 1}`);
    const now = ids.map((id) => kernel.desired.ports.get(id as InstanceId)).join();
    return given === now ? null : `${reference} is ${now}, and it was given ${given}`;
  }

  /** Once everything is quiet. */
  checkQuiet(kernel: Kernel): void {
    for (const process of this.#world.leaders()) {
      const { instance } = process.of!;
      const desired = kernel.desired.instances.get(instance as InstanceId);
      const slot = kernel.slots.get(instance as InstanceId);
      if (!desired?.run || desired.spec.schedule || slot?.phase.kind !== 'alive') continue;
      const own = kernel.desired.ports.get(instance as InstanceId);
      if (desired.spec.port === 'auto' && variableOf(process, 'PORT') !== String(own))
        this.#world.fail(`I22: ${instance} is said to have port ${own}, not ${variableOf(process, 'PORT')}`);
      // Nothing is replaced while its roll-out is halted.
      const differs = kernel.rollouts.has(desired.spec.name) ? null : this.differs(kernel, process);
      if (differs !== null && this.#world.isMemorySure()) this.#world.fail(`I22: ${instance}: ${differs}`);
    }
  }

  /** Ports of instances that do not live and are not being started. */
  idlePorts(kernel: Kernel | null): number[] {
    const living = new Set(this.#world.leaders().map(({ of }) => of!.instance));
    const idle = [...this.#last].filter(([id]) => {
      return !living.has(id) && kernel?.slots.get(id as InstanceId)?.phase.kind !== 'starting';
    });
    return idle.map(([, { port }]) => port);
  }
}

function variableOf({ environ }: SimProcess, name: string): string | null {
  return (
    environ
      .split('\0')
      .find((line) => line.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? null
  );
}
