// Watches roll-outs and restarts of pools from outside: a failed version stops no further instance, one that was stopped for a
// version comes back in it, the conditions of a version hold before it takes the place of one that serves, and an instance
// over its memory limit waits for its turn and is drained. Part of the oracle: throws by `fail` where a property does not hold.
import type { EndCause, Rollout, Slot } from '../../src/core/slot.ts';
import { instanceId, type ServiceName, type ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { SimProcess } from './machine/processes.ts';
import type { ReadinessWorld } from './readiness-oracle.ts';

export type RolloutWorld = ReadinessWorld & {
  /** Ends may be seen late. */
  isBlind(): boolean;
  /** Another one claims the key of this singleton. */
  isKeyTaken(process: SimProcess): boolean;
  /** It was given ports of others that are not theirs any more. */
  hasOtherPorts(kernel: Kernel, process: SimProcess): boolean;
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
  /** Instances that another one has ended for their key -> their process. */
  #taken = new Map<string, SimProcess>();
  /** Instances whose last process ended by itself, with its key if it had one. */
  #leftKey = new Map<string, string>();
  /** `instance hash` of runs that ended well. */
  #completed = new Set<string>();

  /** Nonces of extra instances -> the size of the pool at their start. */
  #onTop = new Map<string, number>();

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
    for (const id of [...this.#taken.keys()]) if (id.startsWith(`${service}.`)) this.#taken.delete(id);
    for (const run of [...this.#ended]) if (run.startsWith(`${service}.`)) this.#ended.delete(run);
  }

  /** What a supervisor knew last may not be on disk, and the older version is not. */
  onSupervisorEnd(): void {
    this.#failed.clear();
    this.#replaced.clear();
    this.#ended.clear();
    this.#taken.clear();
    this.#leftKey.clear();
  }

  /** Once it is rolled back to a version that is known, nothing starts in the one that failed. */
  onStart(kernel: Kernel, { id, service }: Slot): void {
    const taken = this.#taken.get(id);
    // The other one has ended since, perhaps before its record was read: the key is free.
    if (taken && !this.#world.isKeyTaken(taken)) this.#taken.delete(id);
    const rollout = kernel.rollouts.get(service);
    const isKnown = kernel.desired.services.get(service)?.specHash !== rollout?.specHash;
    if (rollout?.verdict.kind !== 'rolledBack' || !isKnown) return;
    if (kernel.desired.instances.get(id)?.spec.specHash === rollout.specHash)
      this.#world.fail(`roll-out: ${id} starts in the version that failed, after the roll-back`);
  }

  onSpawn(kernel: Kernel, { of }: SimProcess, { name, pool, schedule, specHash }: ServiceSpec): void {
    const { instance } = of!;
    const size = kernel.desired.services.get(name)?.pool ?? pool;
    if (indexIn(instance) > size) this.#onTop.set(of!.nonce, size);
    const isTaken = this.#taken.get(instance)?.of?.specHash === of!.specHash;
    this.#taken.delete(instance);
    this.#leftKey.delete(instance);
    if (isTaken && this.#verdictOf(kernel, instance) === 'rolledBack')
      this.#world.fail(`roll-out: ${instance} takes its key back, although no new version had it`);
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
    const isTask = kernel?.slots.get(instance as Slot['id'])?.spec?.restart.policy === 'never';
    if (!isAsked && this.#world.isKeyTaken(process)) this.#taken.set(instance, process);
    else if (!isAsked) this.#leftKey.set(instance, specHash);
    if (!isAsked && isTask) this.#ended.add(`${instance} ${specHash}`);
    if (isTask && isSuccess) return;
    const rollout = kernel?.rollouts.get(serviceIn(instance));
    if (isAsked || !rollout || rollout.specHash !== specHash || rollout.olderHash === null) return;
    if (kernel?.accepted?.config.services.some(({ name, schedule }) => name === rollout.service && schedule)) return;
    this.#failed.set(instance, { specHash, atMs: this.#world.machine.schedule.nowMs });
  }

  /** At the first step of a stop. */
  onStop(kernel: Kernel, slot: Slot, cause: EndCause, process: SimProcess | null): void {
    // The end of its process was not seen before.
    this.#ended.delete(`${slot.id} ${slot.spec?.specHash}`);
    this.#taken.delete(slot.id);
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
      const since = this.#world.leaders().find(({ of }) => of!.instance === id)?.bornMs ?? schedule.nowMs;
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
      const older = this.#world
        .leaders()
        .find(({ of }) => ids.includes(of!.instance) && of!.specHash !== needed.specHash);
      if (older) this.#failCondition(slot, `${older.of!.instance} is of an older version`);
      const isDone = (id: string): boolean => this.#completed.has(`${id} ${needed.specHash}`);
      if (condition === 'completed' && this.#world.isMemorySure() && !ids.every(isDone))
        this.#failCondition(slot, `${service} has not completed`);
    }
  }

  #failCondition(slot: Slot, why: string): never {
    return this.#world.fail(`roll-out: ${slot.id} is stopped for a version whose conditions do not hold: ${why}`);
  }

  /** It has run to completion in this version, as it should. */
  #isTaskDone({ id }: Slot, { restart, specHash }: ServiceSpec): boolean {
    return restart.policy === 'never' && this.#completed.has(`${id} ${specHash}`);
  }

  /** An extra instance of a roll-out that is under way; the size of the pool is as it was. */
  isStillOnTop({ of }: SimProcess, { rollouts, desired }: Kernel): boolean {
    const service = serviceIn(of!.instance);
    return rollouts.has(service) && this.#onTop.get(of!.nonce) === desired.services.get(service)?.pool;
  }

  /** Extra instances that have run to completion have done the work of as many of the pool. */
  tasksDoneOnTop(kernel: Kernel, { name, pool, restart, specHash }: ServiceSpec): number {
    if (restart.policy !== 'never') return 0;
    const size = kernel.desired.services.get(name)?.pool ?? pool;
    const isDone = (run: string): boolean => run.startsWith(`${name}.`) && run.endsWith(` ${specHash}`);
    return [...this.#completed].filter((run) => isDone(run) && indexIn(run.split(' ')[0]!) > size).length;
  }

  /** Its memory is the only reason to restart it. */
  isOnlyBloated(process: SimProcess): boolean {
    const { health } = this.#world.machine;
    return health.isBloated(process) && !health.wasEverIll(process) && health.serves(process);
  }

  /** Once everything is quiet: nothing is left above its limit, unless its pool cannot spare it. */
  checkQuiet(kernel: Kernel): void {
    for (const rollout of kernel.rollouts.values()) this.#checkRollout(kernel, rollout);
    for (const { id, phase, spec } of kernel.slots.values()) {
      // What ended by itself may lose the key afterwards.
      const isOther = ![undefined, spec?.specHash].includes(this.#leftKey.get(id));
      const mayBeBlocked = spec?.singleton?.onConflict !== 'replace' || !isOther;
      if (phase.kind === 'blocked' && !mayBeBlocked && this.#verdictOf(kernel, id) === 'rolledBack')
        this.#world.fail(`roll-out: ${id} is blocked by a roll-back, although its newer version had the key`);
    }
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

  /** Of services that have nothing left to wait for no roll-out is left, and no pause where the new ones are good. */
  #checkRollout(kernel: Kernel, { service, specHash, sinceMs, verdict }: Rollout): void {
    const { health } = this.#world.machine;
    const spec = kernel.accepted?.config.services.find(({ name }) => name === service);
    const slots = [...kernel.slots.values()].filter((slot) => slot.service === service);
    const fresh = slots.filter((slot) => slot.spec?.specHash === specHash);
    // If the version stays, an instance that still waits for a restart has this version as well, and is not new.
    const mayBeRenewed = spec?.dependsOn.some(({ onLoss }) => onLoss === 'restart');
    const waits = (slot: Slot): boolean => {
      const { restartRequestedMs, phase } = slot;
      const process = this.#processOf(slot);
      if (restartRequestedMs !== null || (process && this.#world.hasOtherPorts(kernel, process))) return true;
      return mayBeRenewed === true && phase.kind === 'alive' && phase.sinceMs < sinceMs;
    };
    const isGood = (slot: Slot): boolean => {
      const process = this.#processOf(slot);
      if (slot.phase.kind === 'completed') return spec !== undefined && this.#isTaskDone(slot, spec);
      return slot.phase.kind === 'alive' && process !== null && health.hasServedFor(process, QUIET_MS);
    };
    // What takes the place of a scheduled run comes when its time does.
    if (!spec || spec.schedule || fresh.length === 0 || !fresh.every(isGood) || verdict.kind === 'rolledBack') return;
    const isBlocked = kernel.dependencies().blockerOf(spec) !== null;
    if ((verdict.kind === 'paused' || isBlocked) && fresh.some(waits)) return;
    // What serves above its memory limit is not stopped while its successor could not start.
    const isBloated = (slot: Slot): boolean => slot.phase.kind === 'alive' && health.isBloated(this.#processOf(slot)!);
    if (isBlocked && spec.limits.memory !== null && fresh.some(isBloated)) return;
    if (verdict.kind === 'paused')
      this.#world.fail(`roll-out: ${service} is paused although every new instance is good`);
    const isDone = fresh.filter(({ index }) => index <= spec.pool).length === spec.pool;
    if (isDone) this.#world.fail(`roll-out: that of ${service} continues although every instance is good`);
  }

  #processOf({ phase }: Slot): SimProcess | null {
    if (phase.kind !== 'ending' && phase.kind !== 'alive') return null;
    const { nonce } = phase.process;
    return this.#world.leaders().find(({ of }) => of!.nonce === nonce) ?? null;
  }

  #verdictOf(kernel: Kernel, id: string): string | null {
    return kernel.rollouts.get(serviceIn(id))?.verdict.kind ?? null;
  }
}

const indexIn = (id: string): number => Number(id.slice(id.indexOf('.') + 1));
const serviceIn = (id: string): ServiceName => id.slice(0, id.indexOf('.')) as ServiceName;
