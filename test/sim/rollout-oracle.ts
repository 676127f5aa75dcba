// Watches roll-outs and restarts of pools from outside: a failed version stops no further instance, one that was stopped for a
// version comes back in it, the conditions of a version hold before it takes the place of one that serves, and an instance
// over its memory limit waits for its turn and is drained. Part of the oracle: throws by `fail` where a property does not hold.
import type { EndCause, Slot } from '../../src/core/slot.ts';
import { instanceId, type ServiceName, type ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { SimProcess } from './machine/processes.ts';
import type { ReadinessWorld } from './readiness-oracle.ts';

export type RolloutWorld = ReadinessWorld & {
  /** Ends may be seen late. */
  isBlind(): boolean;
};

/** What happened is known this long after, polls of adopted processes included. */
const NEWS_MS = 1_000;
/** A new instance that lives this long has not failed (`healthyAfterMs` of the scenarios). */
const HEALTHY_MS = 10_000;
const SLACK_MS = 100;
/** Samples of the memory, restarts one after the other with their grace periods, and every back-off. */
const QUIET_MS = 11_000;

export class RolloutOracle {
  #world: RolloutWorld;
  /** Instances that were stopped to be replaced by another version -> that, and the one that they had. */
  #replaced = new Map<string, { from: string; to: string }>();
  /** Instances of a version that is rolled out, whose main process ended by itself. */
  #failed = new Map<string, { specHash: string; atMs: number }>();
  /** `instance hash` of tasks that have ended by themselves. */
  #ended = new Set<string>();
  /** `instance hash` of runs that ended well. */
  #completed = new Set<string>();

  constructor(world: RolloutWorld) {
    this.#world = world;
  }

  /** An edit or a command: what is halted is tried again. */
  forgive(service: string): void {
    for (const id of [...this.#failed.keys()]) if (id.startsWith(`${service}.`)) this.#failed.delete(id);
    for (const id of [...this.#replaced.keys()]) if (id.startsWith(`${service}.`)) this.#replaced.delete(id);
  }

  /** A command: what has ended runs again, in whichever version. */
  onAskedFor(service: string): void {
    for (const run of [...this.#ended]) if (run.startsWith(`${service}.`)) this.#ended.delete(run);
  }

  /** What a supervisor knew last may not be on disk, and the older version is not. */
  onSupervisorEnd(): void {
    this.#failed.clear();
    this.#replaced.clear();
    this.#ended.clear();
  }

  onSpawn(kernel: Kernel, { of }: SimProcess, { schedule, specHash }: ServiceSpec): void {
    const { instance } = of!;
    const hadEnded = this.#ended.delete(`${instance} ${of!.specHash}`);
    if (hadEnded && this.#verdictOf(kernel, instance) === 'rolledBack')
      this.#world.fail(`roll-out: ${instance} is run again by a roll-back, although it had ended in that version`);
    const stopped = this.#replaced.get(instance);
    this.#replaced.delete(instance);
    const isBack = stopped !== undefined && stopped.from === of!.specHash && stopped.to === specHash;
    if (!isBack || schedule !== null || this.#verdictOf(kernel, instance) === 'rolledBack') return;
    this.#world.fail(`roll-out: ${instance} was stopped for another version and starts again in the one that it had`);
  }

  /** Of a main process. @param isAsked it was being stopped */
  onEnd(kernel: Kernel | null, process: SimProcess, isAsked: boolean, isSuccess: boolean): void {
    const { instance, specHash } = process.of!;
    if (isSuccess) this.#completed.add(`${instance} ${specHash}`);
    const spec = kernel?.slots.get(instance as Slot['id'])?.spec;
    if (!isAsked && spec?.restart.policy === 'never') this.#ended.add(`${instance} ${specHash}`);
    const rollout = kernel?.rollouts.get(serviceIn(instance));
    if (isAsked || !rollout || rollout.specHash !== specHash || rollout.olderHash === null) return;
    if (kernel?.accepted?.config.services.some(({ name, schedule }) => name === rollout.service && schedule)) return;
    this.#failed.set(instance, { specHash, atMs: this.#world.machine.schedule.nowMs });
  }

  /** At the first step of a stop. */
  onStop(kernel: Kernel, slot: Slot, cause: EndCause, process: SimProcess | null): void {
    // The end of its process was not seen before.
    this.#ended.delete(`${slot.id} ${slot.spec?.specHash}`);
    const declared = kernel.accepted?.config.services.find(({ name }) => name === slot.service);
    if (cause !== 'replaced' || !declared || declared.schedule || !process || !slot.spec) return;
    const isOther = slot.spec.specHash !== declared.specHash;
    if (this.#verdictOf(kernel, slot.id) === 'rolledBack' || !isOther) return;
    this.#replaced.set(slot.id, { from: slot.spec.specHash, to: declared.specHash });
    if (!this.#world.machine.health.serves(process)) return;
    this.#checkFailures(slot, declared);
    this.#checkConditions(kernel, slot, declared);
  }

  #checkFailures(slot: Slot, declared: ServiceSpec): void {
    const { schedule, busyUntilMs } = this.#world.machine;
    if (this.#world.isBlind()) return;
    for (const [id, { specHash, atMs }] of this.#failed) {
      if (!id.startsWith(`${slot.service}.`) || id === slot.id || specHash !== declared.specHash) continue;
      if (schedule.nowMs - atMs < NEWS_MS || busyUntilMs > atMs) continue;
      const since = [...this.#world.leaders()].find(({ of }) => of!.instance === id)?.bornMs ?? schedule.nowMs;
      if (schedule.nowMs - since >= HEALTHY_MS - SLACK_MS) continue;
      this.#world.fail(
        `roll-out: ${slot.id} is stopped for a version of which ${id} failed ${schedule.nowMs - atMs} ms ago`,
      );
    }
  }

  /** What the new version waits for is there, in the version that is declared now. */
  #checkConditions(kernel: Kernel, slot: Slot, declared: ServiceSpec): void {
    for (const { service, condition } of declared.dependsOn) {
      const needed = kernel.accepted!.config.services.find(({ name }) => name === service);
      if (!needed || needed.schedule) continue;
      const pool = kernel.desired.services.get(service)?.pool ?? needed.pool;
      const ids: string[] = Array.from({ length: pool }, (_, index) => instanceId(service, index + 1));
      const older = [...this.#world.leaders()].find(
        ({ of }) => ids.includes(of!.instance) && of!.specHash !== needed.specHash,
      );
      if (older) this.#failCondition(slot, `${older.of!.instance} is of an older version`);
      const isDone = (id: string): boolean => this.#completed.has(`${id} ${needed.specHash}`);
      if (condition === 'completed' && this.#world.isMemorySure() && !ids.every(isDone))
        this.#failCondition(slot, `${service} has not completed`);
    }
  }

  #failCondition(slot: Slot, why: string): never {
    return this.#world.fail(`roll-out: ${slot.id} is stopped for a version whose conditions do not hold: ${why}`);
  }

  /** Its memory is the only reason to restart it. */
  isOnlyBloated(process: SimProcess): boolean {
    const { health } = this.#world.machine;
    return health.isBloated(process) && !health.wasEverIll(process) && health.serves(process);
  }

  /** Once everything is quiet: nothing is left above its limit, unless its pool cannot spare it. */
  checkQuiet(kernel: Kernel): void {
    const { health, schedule } = this.#world.machine;
    for (const process of this.#world.leaders()) {
      const { instance } = process.of!;
      const spec = kernel.accepted?.config.services.find(({ name }) => name === serviceIn(instance));
      const bloatedMs = health.bloatedForMs(process);
      if (!spec?.limits.memory || bloatedMs === null || bloatedMs < QUIET_MS || schedule.nowMs === 0) continue;
      const siblings = [...kernel.slots.values()].filter(({ service, id }) => service === spec.name && id !== instance);
      const isAlone = siblings.every(({ phase }) => phase.kind === 'alive');
      const isHalted = this.#verdictOf(kernel, instance) !== null && this.#verdictOf(kernel, instance) !== 'going';
      const isBlocked = kernel.dependencies().blockerOf(spec) !== null;
      if (isAlone && !isHalted && !isBlocked)
        this.#world.fail(`memory: ${instance} has been above its limit for ${bloatedMs} ms`);
    }
  }

  #verdictOf(kernel: Kernel, id: string): string | null {
    return kernel.rollouts.get(serviceIn(id))?.verdict.kind ?? null;
  }
}

const serviceIn = (id: string): ServiceName => id.slice(0, id.indexOf('.')) as ServiceName;
