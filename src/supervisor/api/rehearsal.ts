// Plays a change through on a copy of the slots, by the very rules that will carry it out, in a world where every start
// succeeds, gets ready, and every stop ends: what `plan` cannot see from the declarations alone (docs/decisions/0700). Pure.
import type { Desired } from '../../core/desired.ts';
import type { Action, InstanceEvent, InstanceId, Rollout, ServiceName, ServiceSpec, Slot } from '../../core/model.ts';
import { initialReadiness } from '../../core/readiness.ts';
import { reconcile } from '../../core/reconcile.ts';
import { type FindVersion, planRollouts } from '../../core/rollout.ts';
import { emptySlot, nonceOf, transition } from '../../core/transition.ts';
import { slotSpecOf } from '../kernel.ts';

export type Fate = 'start' | 'stop' | 'restart';

export type RehearsalInput = {
  /** What the changed file and the overrides say, before roll-outs. */
  desired: Desired;
  slots: ReadonlyMap<InstanceId, Slot>;
  rollouts: ReadonlyMap<ServiceName, Rollout>;
  findVersion: FindVersion;
  nowMs: number;
};

/** Looks at so many slots in all; a larger project is played through in part. */
const MAX_LOOKS = 40_000;

/** @returns what becomes of each instance that is touched; what comes on top of a pool meanwhile is among them. */
export function rehearse(input: RehearsalInput): ReadonlyMap<InstanceId, Fate> {
  const play = new Play(input);
  const rounds = Math.max(4, Math.floor(MAX_LOOKS / (input.slots.size + input.desired.wishes.size + 1)));
  for (let round = 0; round < rounds && play.goOn(); round++);
  return play.fates;
}

class Play {
  readonly fates = new Map<InstanceId, Fate>();
  #input: RehearsalInput;
  #slots: Map<InstanceId, Slot>;
  #rollouts: ReadonlyMap<ServiceName, Rollout>;
  #nowMs: number;
  /** Services that somebody waits for to run to completion. */
  #tasks: ReadonlySet<ServiceName>;
  #nonces = 0;

  constructor(input: RehearsalInput) {
    this.#input = input;
    this.#rollouts = input.rollouts;
    this.#nowMs = input.nowMs;
    this.#tasks = tasksOf(input.desired.services.values());
    this.#slots = new Map([...input.slots.values()].map((slot) => [slot.id, withSpecOf(slot, input.desired)]));
  }

  /** @returns whether anything happened. */
  goOn(): boolean {
    const { desired: base, findVersion } = this.#input;
    const rolled = planRollouts(base, this.#slots, { rollouts: this.#rollouts, findVersion }, this.#nowMs);
    this.#rollouts = rolled.rollouts;
    const { actions } = reconcile(rolled.desired, this.#slots, this.#nowMs);
    const due = actions.filter((action) => !this.#isForLater(action));
    for (const action of due) this.#perform(action, rolled.desired);
    return due.length > 0 || this.#passTime(rolled.wakeAtMs);
  }

  /** Time starts what is scheduled, not the configuration. */
  #isForLater(action: Action): boolean {
    return action.kind === 'start' && action.spec.schedule !== null;
  }

  #perform(action: Action, desired: Desired): void {
    const slot = this.#slots.get(action.id) ?? newSlot(action, desired);
    if (!slot) return;
    if (action.kind === 'start' || action.kind === 'stop') this.#note(action.id, action.kind);
    const after = this.#after(slot, action);
    if (after) this.#slots.set(action.id, after);
    else this.#slots.delete(action.id);
  }

  #after(slot: Slot, action: Action): Slot | null {
    switch (action.kind) {
      case 'start':
        return this.#started(slot, action.spec);
      case 'stop': {
        const { cause, reason } = action;
        return this.#folded(slot, { kind: 'stopIntended', cause, because: reason }, ...ENDED);
      }
      case 'forget':
        return null;
      case 'abandon':
        return this.#folded(slot, { kind: 'startAbandoned' });
      case 'term':
      case 'escalate':
      case 'kill':
      case 'clear':
        return this.#folded(slot, ...ENDED);
    }
  }

  #started(slot: Slot, spec: ServiceSpec): Slot {
    const nonce = `rehearsal-${this.#nonces++}`;
    const begun = this.#folded(slot, { kind: 'startIntended', nonce, spec: slotSpecOf(spec) });
    return this.#arrived(begun, spec);
  }

  /** Its process is there, ready, and has ended if that is what it is for. */
  #arrived(slot: Slot, spec: ServiceSpec): Slot {
    const process = { pid: 0, startTime: '', bootId: '', nonce: nonceOf(slot) ?? '' };
    const readiness = initialReadiness(spec);
    const alive = this.#folded(slot, { kind: 'spawned', process, readiness }, ...(readiness === 'none' ? [] : PASSING));
    return spec.restart.policy === 'never' || this.#tasks.has(spec.name) ? this.#folded(alive, ...COMPLETED) : alive;
  }

  #folded(slot: Slot, ...events: InstanceEvent[]): Slot {
    return events.reduce((before, event) => transition(before, event, this.#nowMs), slot);
  }

  #note(id: InstanceId, what: 'start' | 'stop'): void {
    const before = this.fates.get(id);
    if (what === 'stop') this.fates.set(id, before === 'start' ? 'start' : 'stop');
    else this.fates.set(id, before === undefined || before === 'start' ? 'start' : 'restart');
  }

  /** To when a roll-out moves on or a back-off is over. @returns false: neither. */
  #passTime(wakeAtMs: number | null): boolean {
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

function tasksOf(services: Iterable<ServiceSpec>): Set<ServiceName> {
  const dependencies = [...services].flatMap(({ dependsOn }) => dependsOn);
  return new Set(dependencies.filter(({ condition }) => condition === 'completed').map(({ service }) => service));
}

/** As the kernel does when a configuration is applied. */
function withSpecOf(slot: Slot, { services }: Desired): Slot {
  const declared = services.get(slot.service);
  if (!slot.spec || !declared) return slot;
  const isSame = declared.specHash === slot.spec.specHash;
  return { ...slot, spec: isSame ? slotSpecOf(declared) : { ...slot.spec, dependsOn: declared.dependsOn } };
}

function newSlot(action: Action, { wishes }: Desired): Slot | null {
  const wish = wishes.get(action.id);
  return wish ? emptySlot(action.id, wish.spec.name, Number(action.id.slice(action.id.lastIndexOf('.') + 1))) : null;
}
