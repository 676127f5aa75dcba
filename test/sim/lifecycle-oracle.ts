// Watches probes, roll-outs, drains and lost dependencies of one project from outside. Part of the oracle: throws by `fail`
// where a property does not hold.

import { isReady } from '../../src/core/readiness.ts';
import { rolloutLimitsOf } from '../../src/core/rollout-batch.ts';
import type { EndCause, Slot } from '../../src/core/slot.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { SimProcess } from './machine/processes.ts';
import { ReadinessOracle } from './readiness-oracle.ts';
import { RolloutOracle, type RolloutWorld } from './rollout-oracle.ts';

export type LifecycleWorld = RolloutWorld;

export class LifecycleOracle {
  #world: LifecycleWorld;
  #readiness: ReadinessOracle;
  readonly rollouts: RolloutOracle;
  /** Nonces whose end began with a drain, and when: a later signal is not a new stop. */
  #draining = new Map<string, number>();

  constructor(world: LifecycleWorld) {
    this.#world = world;
    this.#readiness = new ReadinessOracle(world);
    this.rollouts = new RolloutOracle(world);
  }

  /** Whether this stop was judged before, when its drain began. */
  isSecondStep(slot: Slot): boolean {
    return slot.phase.kind === 'ending' && this.#draining.has(slot.phase.process.nonce);
  }

  onDrain(slot: Slot): void {
    if (slot.phase.kind === 'ending') {
      this.#draining.set(slot.phase.process.nonce, this.#world.machine.schedule.nowMs);
    }
  }

  /** A stop of what runs as declared. @returns whether a probe or a dependency gives the reason. */
  mayStop(kernel: Kernel, slot: Slot, cause: EndCause): boolean {
    const desired = kernel.desired.instances.get(slot.id);
    if (!desired?.run) return false;
    if (cause === 'unhealthy') return this.#mayEndAsUnhealthy(slot, desired.spec);
    if (cause === 'unwanted') return desired.spec.dependsOn.some(({ onLoss }) => onLoss === 'hold');
    return this.#isRenewed(kernel, slot, desired.spec);
  }

  /** Only an unhealthy instance, or one that did not answer, is stopped as unhealthy. */
  #mayEndAsUnhealthy(slot: Slot, spec: ServiceSpec): boolean {
    const process = this.#processOf(slot);
    if (!process) return true;
    const { health } = this.#world.machine;
    if (spec.limits.memory !== null && health.isBloated(process)) return true;
    return isRestartedByProbe(spec) && (health.wasEverIll(process) || !health.hasServedFor(process, NEWS_MS));
  }

  /** With `on_loss: restart`: every instance of the pool of one dependency that is not leaving started later. */
  #isRenewed(kernel: Kernel, slot: Slot, spec: ServiceSpec): boolean {
    const own = this.#processOf(slot);
    return spec.dependsOn.some(({ service, onLoss, condition }) => {
      if (onLoss !== 'restart') return false;
      if (condition === 'completed' || !own) return true;
      const others = this.#world.leaders().filter(({ of }) => of!.instance.startsWith(`${service}.`));
      const pool = kernel.desired.services.get(service as ServiceSpec['name'])?.pool ?? 0;
      const isOfPool = (id: string): boolean => Number(id.slice(id.indexOf('.') + 1)) <= pool;
      const staying = others.filter(
        ({ of }) => isOfPool(of!.instance) && kernel.desired.instances.get(of!.instance as Slot['id'])?.run,
      );
      return staying.every(({ bornMs }) => bornMs >= own.bornMs);
    });
  }

  /** At the first step of a stop: enough other instances must serve. */
  checkAvailability(kernel: Kernel, slot: Slot, cause: EndCause): void {
    const process = this.#processOf(slot);
    const declared = kernel.accepted?.config.services.find(({ name }) => name === slot.service);
    this.rollouts.onStop(kernel, slot, cause, process);
    const pool = kernel.desired.services.get(slot.service)?.pool ?? 0;
    const isOnTop = slot.index > pool && process !== null && this.rollouts.isStillOnTop(process, kernel);
    const isChosen =
      cause === 'replaced' ||
      (cause === 'unwanted' && isOnTop && !kernel.desired.instances.get(slot.id)?.run) ||
      (cause === 'unhealthy' &&
        process &&
        this.rollouts.isOnlyBloated(process) &&
        declared?.restart.policy !== 'never');
    if (!isChosen || declared?.schedule || !process || !declared || !this.#world.machine.health.serves(process)) return;
    // An instance that was never ready is not protected.
    if (!this.#readiness.wasReady(process, declared)) return;
    // Of the version before it is not known any more, once the state was lost.
    if (!this.#world.isMemorySure() && process.of!.specHash !== declared.specHash) return;
    if (cause === 'unhealthy' && !this.#wasReadyFor(process, declared)) return;
    // Neither instances that a command stopped nor the extra ones of a roll-out.
    const ids = Array.from({ length: pool }, (_, index) => `${slot.service}.${index + 1}` as Slot['id']);
    const isGivenUp = (id: Slot['id']): boolean =>
      ['failed', 'completed'].includes(kernel.slots.get(id)?.phase.kind ?? 'idle');
    const wanted = ids.filter((id) => kernel.desired.instances.get(id)?.run && !isGivenUp(id)).length;
    const { missing } = rolloutLimitsOf(declared.rollout, wanted);
    const ready = [...kernel.slots.values()].filter(({ service, phase }) => service === slot.service && isReady(phase));
    const least = wanted - missing - this.rollouts.tasksDoneOnTop(kernel, declared);
    if (ready.length < least)
      this.#world.fail(
        `availability: ${slot.id} is taken down, which leaves ${ready.length} of ${wanted}; ${least} must stay`,
      );
  }

  /** What depends on it and cannot do without it goes first. */
  checkDependentsFirst(kernel: Kernel, slot: Slot, cause: EndCause): void {
    if (cause !== 'unwanted' || kernel.desired.instances.get(slot.id)?.run) return;
    const isPool = [...kernel.desired.instances.values()].some(({ run, spec }) => run && spec.name === slot.service);
    if (isPool) return;
    for (const process of this.#world.leaders()) {
      const [service] = process.of!.instance.split('.');
      const desired = kernel.desired.instances.get(process.of!.instance as Slot['id']);
      if (!desired?.run) continue;
      const holds = desired.spec.dependsOn.some((one) => one.service === slot.service && one.onLoss === 'hold');
      if (holds) this.#world.fail(`I15: ${slot.id} ends before ${service}, which cannot do without it`);
    }
  }

  /** An instance that would have to stop again at once does not start. */
  onStart(kernel: Kernel, slot: Slot): void {
    this.rollouts.onStart(kernel, slot);
    this.#readiness.onStart(slot);
    const desired = kernel.desired.instances.get(slot.id);
    for (const { service, onLoss } of desired?.spec.dependsOn ?? []) {
      if (onLoss !== 'hold') continue;
      const isLeaving = [...kernel.desired.instances.values()].every(({ run, spec }) => spec.name !== service || !run);
      if (isLeaving)
        this.#world.fail(`I15: ${slot.id} starts though ${service}, which it cannot do without, is leaving`);
    }
  }

  /** On top of a pool that is rolled out again and again, because what it depends on never rests. */
  isLeaving(kernel: Kernel, id: string): boolean {
    const slot = kernel.slots.get(id as Slot['id']);
    const spec = slot && kernel.desired.services.get(slot.service);
    const isRenewedForEver = spec?.dependsOn.some(({ onLoss }) => onLoss === 'restart') ?? false;
    return isRenewedForEver && slot?.phase.kind === 'ending';
  }

  onSpawn(kernel: Kernel, process: SimProcess, spec: ServiceSpec): void {
    // What is not wanted any more was on its way already.
    if (!kernel.desired.instances.get(process.of!.instance as Slot['id'])?.run) return;
    const index = Number(process.of!.instance.split('.')[1]);
    const { extra } = rolloutLimitsOf(spec.rollout, spec.pool);
    const pool = kernel.desired.services.get(spec.name)?.pool ?? spec.pool;
    if (index > pool + extra)
      this.#world.fail(`I1: ${process.of!.instance} starts, with a pool of ${pool} and ${extra} on top`);
    const ours = this.#world.leaders().filter(({ of }) => of!.instance.startsWith(`${spec.name}.`));
    const onTop = ours.filter(({ of }) => Number(of!.instance.split('.')[1]) > pool);
    if (index > pool && onTop.length > extra)
      this.#world.fail(`I1: ${onTop.length} live on top of the ${pool} of ${spec.name}, where ${extra} may`);
    this.#readiness.onSpawn(kernel, process, spec);
    this.rollouts.onSpawn(kernel, process, spec);
  }

  onEnd(process: SimProcess): void {
    this.#readiness.onEnd(process);
  }

  /** The stop signal comes only when the drain is over. */
  onSignal(process: SimProcess, signal: string, slot: Slot): void {
    const { phase, spec } = slot;
    if (phase.kind !== 'ending' || phase.process.nonce !== process.of!.nonce || !process.isLeader) return;
    const drain = spec?.stop.drain;
    if (signal !== 'SIGTERM' || drain?.by.kind !== 'http' || spec?.singleton) return;
    if (!isDrained(phase.cause) && !this.#servesAboveLimit(process, slot)) return;
    const { machine } = this.#world;
    const begunMs = this.#draining.get(process.of!.nonce);
    if (begunMs === undefined) this.#world.fail(`drain: ${slot.id} gets SIGTERM and was never drained`);
    const elapsedMs = machine.schedule.nowMs - begunMs;
    const isOver = machine.health.drainOf(process)?.doneMs != null || elapsedMs >= drain.timeoutMs - SLACK_MS;
    // A stranger that has its port is not asked.
    const isRefused = machine.ports.freeSinceMs(process) >= begunMs;
    if (!isOver && !isRefused) this.#world.fail(`drain: ${slot.id} gets SIGTERM ${elapsedMs} ms after its drain began`);
  }

  /** It is restarted for its memory, and was ready when that began. */
  #servesAboveLimit(process: SimProcess, { phase, service }: Slot): boolean {
    const spec = this.#readiness.specOf(service);
    if (phase.kind !== 'ending' || phase.cause !== 'unhealthy' || !spec) return false;
    return this.rollouts.isOnlyBloated(process) && this.#wasReadyFor(process, spec);
  }

  /** And its supervisor knew: one that was frozen meanwhile may not. */
  #wasReadyFor(process: SimProcess, spec: ServiceSpec): boolean {
    if (this.#world.isBlind()) return false;
    const { schedule, health } = this.#world.machine;
    if (spec.readiness !== null) return health.hasServedFor(process, NEWS_MS) && health.hasPassed(process);
    return schedule.nowMs - process.bornMs >= spec.readyAfterMs + NEWS_MS;
  }

  /** Once everything is quiet. @param isMemorySure no state was ever lost. */
  checkQuiet(kernel: Kernel, isMemorySure: boolean): void {
    for (const process of this.#world.leaders()) {
      const slot = kernel.slots.get(process.of!.instance as Slot['id']);
      const spec = slot && kernel.specOf(slot);
      if (!slot || !spec || slot.phase.kind !== 'alive') continue;
      this.#checkProbes(process, slot, spec);
      this.#checkHeld(kernel, slot);
      if (slot.restartRequestedMs !== null && !kernel.rollouts.has(slot.service))
        this.#world.fail(`restart: ${slot.id} was to be restarted and is not`);
      this.#checkRenewed(kernel, process, slot, isMemorySure);
    }
    for (const slot of kernel.slots.values()) this.#checkRestarted(kernel, slot);
    this.rollouts.checkQuiet(kernel);
  }

  /** An instance with a requested restart is neither completed nor failed; a scheduled one has its next time. */
  #checkRestarted(kernel: Kernel, { id, phase, restartRequestedMs }: Slot): void {
    const desired = kernel.desired.instances.get(id);
    if (restartRequestedMs === null || !desired?.run || desired.spec.schedule) return;
    if (phase.kind === 'completed' || phase.kind === 'failed')
      this.#world.fail(`restart: ${id} was to be restarted and is ${phase.kind}`);
  }

  /** With `on_loss: restart` nothing is older than all of its dependency. */
  #checkRenewed(kernel: Kernel, own: SimProcess, slot: Slot, isMemorySure: boolean): void {
    const desired = kernel.desired.instances.get(slot.id);
    if (!isMemorySure || !desired?.run || kernel.rollouts.has(slot.service)) return;
    for (const dependency of desired.spec.dependsOn) {
      if (dependency.onLoss !== 'restart' || dependency.condition === 'completed') continue;
      const pool = kernel.desired.services.get(dependency.service)?.pool ?? 0;
      const others = this.#world.leaders().filter(({ of }) => of!.instance.startsWith(`${dependency.service}.`));
      const isRenewed =
        pool > 0 && others.length === pool && others.every(({ bornMs }) => bornMs > own.bornMs + UNSURE_MS);
      const isReadyNow = others.every((other) => this.#world.machine.health.hasServedFor(other, QUIET_MS));
      if (isRenewed && isReadyNow) this.#world.fail(`on_loss: ${slot.id} is older than all of ${dependency.service}`);
    }
  }

  #checkProbes(process: SimProcess, { id, phase }: Slot, spec: ServiceSpec): void {
    if (phase.kind !== 'alive') return;
    const isOld = this.#world.machine.schedule.nowMs - process.bornMs > QUIET_MS;
    if (!isOld) return;
    const { health } = this.#world.machine;
    if (isRestartedByProbe(spec) && health.isUnhealthy(process))
      this.#world.fail(`probes: ${id} is unhealthy and is not ended`);
    const isShownReady = isReady(phase);
    if (!spec.readiness && !isShownReady) this.#world.fail(`I19: ${id} has no probe and never counts as ready`);
    if (spec.readiness && health.serves(process) !== isShownReady)
      this.#world.fail(`probes: ${id} counts as ${phase.readiness}, and serves: ${health.serves(process)}`);
  }

  /** With `on_loss: hold` nothing runs whose dependency is not there. */
  #checkHeld(kernel: Kernel, { id }: Slot): void {
    const desired = kernel.desired.instances.get(id);
    if (!desired?.run) return;
    for (const { service, onLoss, condition } of desired.spec.dependsOn) {
      if (onLoss !== 'hold' || condition === 'completed') continue;
      const isThere = this.#world.leaders().some(({ of }) => of!.instance.startsWith(`${service}.`));
      const mayBeDone = [...kernel.slots.values()].some((one) => one.service === service && one.phase.kind !== 'idle');
      if (!isThere && !mayBeDone) this.#world.fail(`on_loss: ${id} runs although ${service} is gone`);
    }
  }

  wasReady(process: SimProcess, spec: ServiceSpec): boolean {
    return this.#readiness.wasReady(process, spec);
  }

  /** I19, at any time. */
  checkReady(kernel: Kernel): void {
    this.#readiness.check(kernel);
  }

  #processOf({ phase }: Slot): SimProcess | null {
    if (phase.kind !== 'ending' && phase.kind !== 'alive') return null;
    const { nonce } = phase.process;
    return this.#world.leaders().find(({ of }) => of!.nonce === nonce) ?? null;
  }
}

const isDrained = (cause: EndCause): boolean => cause === 'unwanted' || cause === 'replaced';

/** What a probe found is known this long after, busy supervisors included. */
const NEWS_MS = 1_000;
/** Timers of a busy supervisor. */
const SLACK_MS = 5;
/** What happened so shortly before a crash may be remembered at another time. */
const UNSURE_MS = 500;
/** Probes have had time to find out, and a failure no longer counts. */
const QUIET_MS = 11_000;

const isRestartedByProbe = ({ liveness, readiness }: ServiceSpec): boolean =>
  liveness !== null || readiness?.onFailure === 'restart';
