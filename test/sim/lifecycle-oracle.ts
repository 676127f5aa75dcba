// Watches probes, roll-outs, drains and lost dependencies of one project from outside. Part of the oracle: throws by `fail`
// where a property does not hold.
import type { ServiceSpec, Slot, StopCause } from '../../src/core/model.ts';
import { limitsOf } from '../../src/core/portion.ts';
import { isReady } from '../../src/core/readiness.ts';
import type { Kernel } from '../../src/supervisor/kernel.ts';
import type { Machine } from './machine/machine.ts';
import type { SimProcess } from './machine/processes.ts';

export type LifecycleWorld = {
  machine: Machine;
  /** Live main processes of the project. */
  leaders(): Iterable<SimProcess>;
  fail(what: string): never;
};

export class LifecycleOracle {
  #world: LifecycleWorld;
  /** Services of which some instance has passed its readiness probe at some time. */
  #everReady = new Set<string>();
  /** Nonces whose end began with a drain: the signal later is no new stop. */
  #draining = new Set<string>();

  constructor(world: LifecycleWorld) {
    this.#world = world;
  }

  /** Whether this stop was judged before, when its drain began. */
  isSecondStep(slot: Slot): boolean {
    return slot.phase.kind === 'stopping' && this.#draining.has(slot.phase.process.nonce);
  }

  onDrain(slot: Slot): void {
    if (slot.phase.kind === 'stopping') this.#draining.add(slot.phase.process.nonce);
  }

  /** A stop of what runs as declared. @returns whether a probe or a dependency gives the reason. */
  mayStop(kernel: Kernel, slot: Slot, cause: StopCause): boolean {
    const wish = kernel.desired.wishes.get(slot.id);
    if (!wish?.run) return false;
    if (cause === 'unhealthy') return this.#mayEndAsIll(slot, wish.spec);
    if (cause === 'unwanted') return wish.spec.dependsOn.some(({ onLoss }) => onLoss === 'hold');
    return this.#isRenewed(slot, wish.spec);
  }

  /** Only what was ill, or did not answer, is ended for it. */
  #mayEndAsIll(slot: Slot, spec: ServiceSpec): boolean {
    const process = this.#processOf(slot);
    if (!process) return true;
    const { health } = this.#world.machine;
    return spec.liveness !== null && (health.wasEverIll(process) || !health.hasServedFor(process, NEWS_MS));
  }

  /** With `on_loss: restart`: every instance of one dependency was born later. */
  #isRenewed(slot: Slot, spec: ServiceSpec): boolean {
    const own = this.#processOf(slot);
    return spec.dependsOn.some(({ service, onLoss, condition }) => {
      if (onLoss !== 'restart') return false;
      if (condition === 'completed' || !own) return true;
      const others = [...this.#world.leaders()].filter(({ of }) => of!.instance.startsWith(`${service}.`));
      return others.every(({ bornMs }) => bornMs >= own.bornMs);
    });
  }

  /** At the first step of an end: who else serves? */
  checkAvailability(kernel: Kernel, slot: Slot, cause: StopCause): void {
    const process = this.#processOf(slot);
    const declared = kernel.accepted?.config.services.find(({ name }) => name === slot.service);
    if (cause !== 'replaced' || !process || !declared || !this.#world.machine.health.serves(process)) return;
    if (declared.readiness !== null && !this.#world.machine.health.hasPassed(process)) return;
    const pool = kernel.desired.services.get(slot.service)?.pool ?? 0;
    const wanted = [...kernel.desired.wishes.values()].filter(({ run, spec }) => run && spec.name === slot.service);
    const { missing } = limitsOf(declared.rollout, Math.min(pool, wanted.length));
    const ready = [...kernel.slots.values()].filter(({ service, phase }) => service === slot.service && isReady(phase));
    const least = Math.min(pool, wanted.length) - missing;
    if (ready.length < least)
      this.#world.fail(
        `availability: ${slot.id} is taken down, which leaves ${ready.length} of ${pool}; ${least} must stay`,
      );
  }

  /** What depends on it and cannot do without it goes first. */
  checkDependentsFirst(kernel: Kernel, slot: Slot): void {
    if (kernel.desired.wishes.get(slot.id)?.run) return;
    const isPool = [...kernel.desired.wishes.values()].some(({ run, spec }) => run && spec.name === slot.service);
    if (isPool) return;
    for (const process of this.#world.leaders()) {
      const [service] = process.of!.instance.split('.');
      const wish = kernel.desired.wishes.get(process.of!.instance as Slot['id']);
      const other = kernel.slots.get(process.of!.instance as Slot['id']);
      if (!wish?.run || other?.phase.kind !== 'alive') continue;
      const holds = wish.spec.dependsOn.some((one) => one.service === slot.service && one.onLoss === 'hold');
      if (holds) this.#world.fail(`I15: ${slot.id} ends before ${service}, which cannot do without it`);
    }
  }

  onSpawn(kernel: Kernel, process: SimProcess, spec: ServiceSpec): void {
    // What is not wanted any more was on its way already.
    if (!kernel.desired.wishes.get(process.of!.instance as Slot['id'])?.run) return;
    const index = Number(process.of!.instance.split('.')[1]);
    const { extra } = limitsOf(spec.rollout, spec.pool);
    const pool = kernel.desired.services.get(spec.name)?.pool ?? spec.pool;
    if (index > pool + extra)
      this.#world.fail(`I1: ${process.of!.instance} starts, with a pool of ${pool} and ${extra} on top`);
    const ours = [...this.#world.leaders()].filter(({ of }) => of!.instance.startsWith(`${spec.name}.`));
    const onTop = ours.filter(({ of }) => Number(of!.instance.split('.')[1]) > pool);
    if (index > pool && onTop.length > extra)
      this.#world.fail(`I1: ${onTop.length} live on top of the ${pool} of ${spec.name}, where ${extra} may`);
    for (const { service, condition } of spec.dependsOn) {
      const needed = kernel.accepted?.config.services.find(({ name }) => name === service);
      const isProbed = needed && needed.readiness !== null;
      if (condition === 'ready' && isProbed && !this.#everReady.has(service) && !this.#sawReady(service))
        this.#world.fail(`I15: ${process.of!.instance} started before ${service} was ever ready`);
    }
  }

  #sawReady(service: string): boolean {
    for (const process of this.#world.leaders()) {
      if (process.of!.instance.startsWith(`${service}.`) && this.#world.machine.health.hasPassed(process)) {
        this.#everReady.add(service);
        return true;
      }
    }
    return false;
  }

  /** Who ran to completion counts as ready. */
  onEnd(process: SimProcess, hasCompleted: boolean): void {
    if (hasCompleted || this.#world.machine.health.hasPassed(process))
      this.#everReady.add(process.of!.instance.split('.')[0]!);
  }

  /** The stop signal comes only when the drain is over. */
  onSignal(process: SimProcess, signal: string, slot: Slot): void {
    const { phase, spec } = slot;
    if (phase.kind !== 'stopping' || phase.process.nonce !== process.of!.nonce || !process.isLeader) return;
    const drain = spec?.stop.drain;
    if (signal !== 'SIGTERM' || drain?.by.kind !== 'http' || !isDrained(phase.cause) || spec?.singleton) return;
    const { machine } = this.#world;
    const asked = machine.health.drainOf(process);
    const { nowMs } = machine.schedule;
    if (!asked) this.#world.fail(`drain: ${slot.id} gets SIGTERM and was never drained`);
    const isOver = asked.doneMs !== null || nowMs - asked.askedMs >= drain.timeoutMs - SLACK_MS;
    if (!isOver) this.#world.fail(`drain: ${slot.id} gets SIGTERM ${nowMs - asked.askedMs} ms after its drain began`);
  }

  /** Once everything is quiet. */
  checkQuiet(kernel: Kernel): void {
    for (const process of this.#world.leaders()) {
      const slot = kernel.slots.get(process.of!.instance as Slot['id']);
      const spec = slot && kernel.specOf(slot);
      if (!slot || !spec || slot.phase.kind !== 'alive') continue;
      this.#checkProbes(process, slot, spec);
      this.#checkHeld(kernel, slot);
    }
  }

  #checkProbes(process: SimProcess, { id, phase }: Slot, spec: ServiceSpec): void {
    if (phase.kind !== 'alive') return;
    const isOld = this.#world.machine.schedule.nowMs - process.bornMs > QUIET_MS;
    if (!isOld) return;
    const { health } = this.#world.machine;
    if (spec.liveness && health.isIll(process)) this.#world.fail(`probes: ${id} is ill and nobody ends it`);
    const isShownReady = isReady(phase);
    if (spec.readiness && health.serves(process) !== isShownReady)
      this.#world.fail(`probes: ${id} counts as ${phase.readiness}, and serves: ${health.serves(process)}`);
  }

  /** With `on_loss: hold` nothing runs whose dependency is not there. */
  #checkHeld(kernel: Kernel, { id }: Slot): void {
    const wish = kernel.desired.wishes.get(id);
    if (!wish?.run) return;
    for (const { service, onLoss, condition } of wish.spec.dependsOn) {
      if (onLoss !== 'hold' || condition === 'completed') continue;
      const isThere = [...this.#world.leaders()].some(({ of }) => of!.instance.startsWith(`${service}.`));
      const mayBeDone = [...kernel.slots.values()].some((one) => one.service === service && one.phase.kind !== 'idle');
      if (!isThere && !mayBeDone) this.#world.fail(`on_loss: ${id} runs although ${service} is gone`);
    }
  }

  #processOf({ phase }: Slot): SimProcess | null {
    if (phase.kind !== 'stopping' && phase.kind !== 'alive') return null;
    const { nonce } = phase.process;
    return [...this.#world.leaders()].find(({ of }) => of!.nonce === nonce) ?? null;
  }
}

const isDrained = (cause: StopCause): boolean => cause === 'unwanted' || cause === 'replaced';

/** What a probe found is known this long after, busy supervisors included. */
const NEWS_MS = 1_000;
/** Timers of a busy supervisor. */
const SLACK_MS = 5;
/** Probes have had time to find out. */
const QUIET_MS = 8_000;
