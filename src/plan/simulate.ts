// Simulates a change on a copy of the slots, by the rules that will carry it out, in a world where every start succeeds
// and gets ready, and every stop ends: finds what the declarations alone do not show (docs/decisions/0700). Pure.

import type { Desired } from '../core/desired.ts';
import type { InstanceAction } from '../core/instance-action.ts';
import type { InstanceEvent } from '../core/instance-event.ts';
import { startedSpec } from '../core/ports.ts';
import { initialReadiness, readyByAge } from '../core/readiness.ts';
import { reconcile } from '../core/reconcile.ts';
import { type FindVersion, planRollouts } from '../core/rollout.ts';
import { runsToCompletion, tasksOf } from '../core/rollout-members.ts';
import { emptySlotOf, nonceOf, type Rollout, type Slot, specAfterEdit } from '../core/slot.ts';
import { type InstanceId, isFirstRunDue, type ServiceName, type ServiceSpec } from '../core/spec.ts';
import { transition } from '../core/transition.ts';

export type InstanceOutcome = 'start' | 'stop' | 'restart';

export type SimulationInput = {
  /** What the changed file and the overrides say, before roll-outs. */
  desired: Desired;
  slots: ReadonlyMap<InstanceId, Slot>;
  rollouts: ReadonlyMap<ServiceName, Rollout>;
  findVersion: FindVersion;
  nowMs: number;
};

/** How many slots are visited in all; a larger project is simulated in part. */
const MAX_SLOT_VISITS = 40_000;

export type SimulatedChange = {
  /** What becomes of each instance that is touched, instances on top of a pool included. */
  outcomes: ReadonlyMap<InstanceId, InstanceOutcome>;
  /** The slots once nothing moves any more; null: the simulation was cut short, and an outcome may be half of a restart. */
  settled: ReadonlyMap<InstanceId, Slot> | null;
};

export function simulate(input: SimulationInput): SimulatedChange {
  const simulation = new Simulation(input);
  const rounds = Math.max(4, Math.floor(MAX_SLOT_VISITS / (input.slots.size + input.desired.instances.size + 1)));
  for (let round = 0; round < rounds; round++)
    if (!simulation.advance()) return { outcomes: simulation.outcomes, settled: simulation.slots };
  return { outcomes: simulation.outcomes, settled: null };
}

class Simulation {
  readonly outcomes = new Map<InstanceId, InstanceOutcome>();
  #input: SimulationInput;
  #slots: Map<InstanceId, Slot>;
  #rollouts: ReadonlyMap<ServiceName, Rollout>;
  #nowMs: number;
  /** Services that another one waits for to run to completion. */
  #tasks: ReadonlySet<ServiceName>;
  #nonces = 0;

  constructor(input: SimulationInput) {
    this.#input = input;
    this.#rollouts = input.rollouts;
    this.#nowMs = input.nowMs;
    this.#tasks = tasksOf(input.desired.services.values());
    this.#slots = new Map([...input.slots.values()].map((slot) => [slot.id, withDeclaredSpec(slot, input.desired)]));
    for (const [id, { run, spec }] of input.desired.instances) {
      const slot = this.#slots.get(id) ?? emptySlotOf(id, spec.name);
      if (run && isFirstRunDue(spec, slot.spec)) this.#slots.set(id, { ...slot, nextRunMs: input.nowMs });
    }
  }

  get slots(): ReadonlyMap<InstanceId, Slot> {
    return this.#slots;
  }

  /** @returns whether anything happened. */
  advance(): boolean {
    const { desired: base, findVersion } = this.#input;
    this.#markReadyByAge();
    const rolled = planRollouts(base, this.#slots, { rollouts: this.#rollouts, findVersion }, this.#nowMs);
    this.#rollouts = rolled.rollouts;
    const { actions } = reconcile(rolled.desired, this.#slots, this.#nowMs);
    const due = actions.filter((action) => !this.#isForLater(action));
    for (const action of due) this.#perform(action, rolled.desired);
    return due.length > 0 || this.#advanceClock(rolled.wakeAtMs);
  }

  /** As the kernel does before it plans. */
  #markReadyByAge(): void {
    const { desired, findVersion } = this.#input;
    const rulesOf = ({ service, spec }: Slot) =>
      (spec && findVersion(service, spec.specHash)) ?? desired.services.get(service) ?? null;
    for (const slot of readyByAge(this.#slots.values(), rulesOf, this.#nowMs).due)
      this.#slots.set(slot.id, this.#applyEvents(slot, ...PASSING));
  }

  /** Time starts what is scheduled and ends what takes too long, not the configuration; but for a first run at once. */
  #isForLater(action: InstanceAction): boolean {
    if (action.kind === 'stop') return action.cause === 'timedOut';
    if (action.kind !== 'start' || action.spec.schedule === null) return false;
    return !isFirstRunDue(action.spec, this.#slots.get(action.id)?.spec ?? null);
  }

  #perform(action: InstanceAction, desired: Desired): void {
    const wanted = desired.instances.get(action.id);
    const slot = this.#slots.get(action.id) ?? (wanted && emptySlotOf(action.id, wanted.spec.name));
    if (!slot) return;
    if (action.kind === 'start' || action.kind === 'stop') this.#recordOutcome(action.id, action.kind);
    const after = this.#after(slot, action, desired);
    if (after) this.#slots.set(action.id, after);
    else this.#slots.delete(action.id);
  }

  #after(slot: Slot, action: InstanceAction, desired: Desired): Slot | null {
    switch (action.kind) {
      case 'start':
        return this.#startInstance(slot, action.spec, desired);
      case 'stop': {
        const { cause, reason } = action;
        return this.#applyEvents(slot, { kind: 'stopIntended', cause, because: reason }, ...ENDED);
      }
      case 'forget':
        return null;
      case 'return':
        return this.#applyEvents(slot, { kind: 'returned' });
      case 'abandon':
        return this.#applyEvents(slot, { kind: 'startAbandoned' });
      case 'term':
      case 'escalate':
      case 'kill':
      case 'clear':
        return this.#applyEvents(slot, ...ENDED);
    }
  }

  #startInstance(slot: Slot, spec: ServiceSpec, desired: Desired): Slot {
    const nonce = `simulated-${this.#nonces++}`;
    const begun = this.#applyEvents(slot, { kind: 'startIntended', nonce, spec: startedSpec(spec, slot.id, desired) });
    return this.#finishStart(begun, spec);
  }

  /** Its process runs and is ready; that of a task has ended. */
  #finishStart(slot: Slot, spec: ServiceSpec): Slot {
    const process = { pid: 0, startTime: '', bootId: '', nonce: nonceOf(slot) ?? '' };
    const readiness = initialReadiness(spec);
    const alive = this.#applyEvents(
      slot,
      { kind: 'spawned', process, readiness },
      ...(readiness === 'none' ? [] : PASSING),
    );
    return runsToCompletion(spec, this.#tasks) ? this.#applyEvents(alive, ...COMPLETED) : alive;
  }

  #applyEvents(slot: Slot, ...events: InstanceEvent[]): Slot {
    return events.reduce((before, event) => transition(before, event, this.#nowMs), slot);
  }

  #recordOutcome(id: InstanceId, what: 'start' | 'stop'): void {
    const before = this.outcomes.get(id);
    if (what === 'stop') this.outcomes.set(id, before === 'start' ? 'start' : 'stop');
    else this.outcomes.set(id, before === undefined || before === 'start' ? 'start' : 'restart');
  }

  /** Moves the clock to when a roll-out moves on or a back-off is over. @returns false: neither will. */
  #advanceClock(wakeAtMs: number | null): boolean {
    const next = [wakeAtMs ?? Number.POSITIVE_INFINITY];
    for (const { phase } of this.#slots.values()) {
      if (phase.kind === 'backoff' && phase.untilMs > this.#nowMs) next.push(phase.untilMs);
    }
    const soonestMs = Math.min(...next);
    if (soonestMs <= this.#nowMs || soonestMs === Number.POSITIVE_INFINITY) return false;
    this.#nowMs = soonestMs;
    return true;
  }
}

const ENDED: InstanceEvent[] = [{ kind: 'exited', exit: { signal: 'SIGTERM' } }, { kind: 'emptied' }];
const COMPLETED: InstanceEvent[] = [{ kind: 'exited', exit: { code: 0 } }, { kind: 'emptied' }];
const PASSING: InstanceEvent[] = [{ kind: 'readinessChanged', readiness: 'passing', because: null }];

/** As the kernel does when a configuration is applied. */
function withDeclaredSpec(slot: Slot, { services }: Desired): Slot {
  const declared = services.get(slot.service);
  return slot.spec && declared ? { ...slot, spec: specAfterEdit(slot.spec, declared) } : slot;
}
