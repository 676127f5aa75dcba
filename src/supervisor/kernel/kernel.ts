// The one writer of state. Receives what happened, folds it into the slots, asks the reconciler what to do, records the
// intent and hands the actions to `Effects`. Does no I/O and reads no clock itself, so that the simulation runs this code.

import { type DependencyView, lastMetDependency, viewDependencies } from '../../core/dependencies.ts';
import { type Desired, desiredOf, NO_OVERRIDES } from '../../core/desired.ts';
import type { InstanceEvent } from '../../core/instance-event.ts';
import type { AcceptedConfig, Problem } from '../../core/load-result.ts';
import { type InstanceAction, isConverged, reconcile } from '../../core/reconcile.ts';
import {
  emptySlot,
  isOccupied,
  nonceOf,
  type Overrides,
  type Rollout,
  type Slot,
  type StopCause,
  slotSpecOf,
} from '../../core/slot.ts';
import type { InstanceId, ServiceName, ServiceSpec } from '../../core/spec.ts';
import { isLostOnCrash, transition } from '../../core/transition.ts';
import { describeTransition, type EventDraft } from './events.ts';
import { RolloutTracker } from './rollout-tracker.ts';

/** What the kernel needs done; results come back through `receive`. */
export type Effects = {
  /** Epoch milliseconds that advance monotonically. */
  nowMs(): number;
  newNonce(spec: ServiceSpec): string;
  /** Call `step` soon; any number of requests before it are one. */
  requestStep(): void;
  /** Arm the one timer; null disarms it. */
  wakeAt(atMs: number | null): void;
  /** Make the state durable. Resolves also when that failed (the failure is reported elsewhere): what runs goes on. */
  save(state: KernelState): Promise<void>;
  /** Save some time soon. */
  saveSoon(): void;
  start(slot: Slot, spec: ServiceSpec, nonce: string): void;
  drain(slot: Slot): void;
  /** The stop command or signal. */
  stop(slot: Slot, cause: StopCause): void;
  escalate(slot: Slot, signal: string): void;
  kill(slot: Slot): void;
  clear(slot: Slot): void;
  abandon(slot: Slot): void;
  forget(slot: Slot): void;
  report(happening: EventDraft): void;
};

/** What must outlive the supervisor. */
export type KernelState = { generation: number; overrides: Overrides; slots: Slot[]; rollouts: Rollout[] };

/** A pass that acts changes what the next one sees; more rounds than this mean a rule that never settles. */
const MAX_ROUNDS = 16;

export class Kernel {
  #effects: Effects;
  #slots = new Map<InstanceId, Slot>();
  #inbox: InboxEntry[] = [];
  #overrides: Overrides = NO_OVERRIDES;
  #accepted: AcceptedConfig | null = null;
  #problems: Problem[] = [];
  #generation = 0;
  /** What the file and the overrides say, before roll-outs. */
  #declared: Desired = desiredOf(null, NO_OVERRIDES, false);
  #desired: Desired = this.#declared;
  #rollouts: RolloutTracker;

  constructor(effects: Effects) {
    this.#effects = effects;
    this.#rollouts = new RolloutTracker((happening) => effects.report(happening));
  }

  get slots(): ReadonlyMap<InstanceId, Slot> {
    return this.#slots;
  }
  /** Every instance with the version that it should run now: roll-outs are counted in. */
  get desired(): Desired {
    return this.#desired;
  }
  get rollouts(): ReadonlyMap<ServiceName, Rollout> {
    return this.#rollouts.rollouts;
  }
  get overrides(): Overrides {
    return this.#overrides;
  }
  get accepted(): AcceptedConfig | null {
    return this.#accepted;
  }
  /** Of the configuration on disk when it was rejected; empty while it is applied. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }
  get generation(): number {
    return this.#generation;
  }

  state(): KernelState {
    const rollouts = [...this.rollouts.values()];
    return { generation: this.#generation, overrides: this.#overrides, slots: [...this.#slots.values()], rollouts };
  }

  /** Continues from what an earlier supervisor left. Only before the first `step`. */
  restore(state: KernelState): void {
    this.#generation = state.generation;
    this.#overrides = state.overrides;
    for (const slot of state.slots) this.#slots.set(slot.id, slot);
    this.#rollouts.restore(state.rollouts);
    this.#updateDesired(this.#desired.shuttingDown);
  }

  /**
   * Something happened to an instance; folded at the next step, in order of arrival.
   *
   * @param nonce the incarnation that it happened to: late news of an earlier one is dropped. Null: the slot as such.
   */
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void {
    this.#inbox.push({ id, nonce, event });
    this.#effects.requestStep();
  }

  /** A valid configuration was read: it becomes the next generation, if it differs from the present one. */
  applyConfig(accepted: AcceptedConfig): void {
    const wasRejected = this.#problems.length > 0;
    const changed = JSON.stringify(accepted.config) !== JSON.stringify(this.#accepted?.config);
    this.#accepted = accepted;
    this.#problems = [];
    if (!changed && !wasRejected) return;
    if (changed) {
      this.#generation++;
      this.#effects.saveSoon();
    }
    this.#rollouts.remember(accepted.config, this.#slots);
    const former = this.#declared.services;
    this.#updateDesired(this.#desired.shuttingDown);
    this.#updateSpecs();
    this.#repeatStarts(former);
    this.#effects.report({
      type: 'config_applied',
      instance: null,
      message: changed
        ? `Generation ${this.#generation} applied.`
        : `The configuration is valid again; nothing changed.`,
      details: { generation: this.#generation, files: accepted.files },
    });
    this.#effects.requestStep();
  }

  /** The configuration on disk is not valid: the last good one stays in force. */
  rejectConfig(problems: Problem[]): void {
    if (JSON.stringify(problems) === JSON.stringify(this.#problems)) return;
    this.#problems = problems;
    const first = problems[0];
    const where = first ? `${first.file}:${first.line ?? 1}:${first.column ?? 1}: ${first.message}` : 'no reason given';
    this.#effects.report({
      type: 'config_rejected',
      instance: null,
      message: `Configuration rejected, generation ${this.#generation} goes on: ${where}`,
      details: { problems: problems.length },
    });
  }

  /** Replaces the wishes laid over the file. */
  override(overrides: Overrides): void {
    this.#overrides = overrides;
    this.#updateDesired(this.#desired.shuttingDown);
    this.#effects.saveSoon();
    this.#effects.requestStep();
  }

  /** Everything is to stop; cannot be taken back. */
  shutDown(): void {
    if (this.#desired.shuttingDown) return;
    this.#updateDesired(true);
    this.#effects.report({ type: 'going_down', instance: null, message: 'Everything is being stopped.', details: {} });
    this.#effects.requestStep();
  }

  /** The patience is over: SIGKILL to everything that lives, without order. Only after `shutDown`. */
  killAll(): void {
    const nowMs = this.#effects.nowMs();
    for (const { id, phase } of [...this.#slots.values()]) {
      if (phase.kind === 'alive')
        this.#applyEvent(id, { kind: 'stopIntended', cause: 'unwanted', because: 'no patience left' }, nowMs);
      this.#applyEvent(id, { kind: 'killIntended' }, nowMs, 'no patience left');
      const slot = this.#slots.get(id)!;
      if (slot.phase.kind === 'ending') this.#effects.kill(slot);
    }
    this.#effects.requestStep();
  }

  /** Somebody wants the roll-outs of these services to go on, or to be tried again. */
  resumeRollouts(services: Iterable<ServiceName>): void {
    this.#rollouts.resume(services, this.#effects.nowMs());
    this.#effects.saveSoon();
    this.#effects.requestStep();
  }

  isConverged(): boolean {
    if (this.#inbox.length > 0 || this.rollouts.size > 0) return false;
    return isConverged(this.#desired, this.#slots, this.#effects.nowMs());
  }

  dependencies(): DependencyView {
    return viewDependencies(this.#desired, this.#slots);
  }

  /** The whole spec that the instance was started with; null where it is not remembered. */
  specOf({ service, spec }: Slot): ServiceSpec | null {
    return spec && this.#rollouts.find(service, spec.specHash);
  }

  /** A version that was in force once; null where it is not remembered. */
  versionOf(service: ServiceName, specHash: string): ServiceSpec | null {
    return this.#rollouts.find(service, specHash);
  }

  /** One turn of the loop: fold the inbox, reconcile until nothing is due, act, arm the timer. */
  step(): void {
    const nowMs = this.#effects.nowMs();
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { id, nonce, event } of inbox) {
      const slot = this.#slots.get(id);
      if (nonce === null || (slot && nonceOf(slot) === nonce)) this.#applyEvent(id, event, nowMs);
    }
    const starts: IntendedStart[] = [];
    let wakeAtMs: number | null = null;
    for (let round = 0; ; round++) {
      const rolloutWakeAtMs = this.#planRollouts(nowMs);
      const plan = reconcile(this.#desired, this.#slots, nowMs);
      wakeAtMs = earlier(plan.wakeAtMs, rolloutWakeAtMs);
      const due = plan.actions.filter((action) => !this.#isRequested(action));
      if (due.length === 0) break;
      if (round === MAX_ROUNDS) throw new Error(`the plan does not settle: ${JSON.stringify(due[0])}`);
      for (const action of due) this.#perform(action, starts, nowMs);
    }
    this.#requestedActions.clear();
    if (starts.length > 0) this.#startOnceSaved(starts);
    else if (this.#mustSave) void this.#effects.save(this.state());
    this.#mustSave = false;
    this.#effects.wakeAt(wakeAtMs);
  }

  /** @returns when a roll-out has to be looked at again though nothing happened. */
  #planRollouts(nowMs: number): number | null {
    const before = this.rollouts;
    const { desired, wakeAtMs } = this.#rollouts.plan(this.#declared, this.#slots, nowMs);
    this.#desired = desired;
    if (before !== this.rollouts) this.#effects.saveSoon();
    return wakeAtMs;
  }

  /** Something is known now that no later supervisor could find out: saved at the end of the step. */
  #mustSave = false;

  /** Actions of this step that do not change the slot by themselves, so that they are not asked for twice. */
  #requestedActions = new Set<string>();

  #isRequested(action: InstanceAction): boolean {
    return this.#requestedActions.has(`${action.kind} ${action.id}`);
  }

  #perform(action: InstanceAction, starts: IntendedStart[], nowMs: number): void {
    const slot = this.#slots.get(action.id);
    switch (action.kind) {
      case 'start': {
        const nonce = this.#effects.newNonce(action.spec);
        this.#applyEvent(action.id, { kind: 'startIntended', nonce, spec: slotSpecOf(action.spec) }, nowMs);
        starts.push({ id: action.id, spec: action.spec, nonce });
        return;
      }
      case 'stop':
        this.#applyEvent(action.id, { kind: 'stopIntended', cause: action.cause, because: action.reason }, nowMs);
        this.#beginStop(this.#slots.get(action.id)!, action.cause);
        return;
      case 'term': {
        this.#applyEvent(action.id, { kind: 'termIntended' }, nowMs);
        const { phase } = this.#slots.get(action.id)!;
        if (phase.kind === 'ending') this.#effects.stop(this.#slots.get(action.id)!, phase.cause);
        return;
      }
      case 'escalate':
        this.#applyEvent(action.id, { kind: 'escalateIntended', signal: action.signal }, nowMs);
        this.#effects.escalate(this.#slots.get(action.id)!, action.signal);
        return;
      case 'kill':
        this.#applyEvent(action.id, { kind: 'killIntended' }, nowMs, action.reason);
        this.#effects.kill(this.#slots.get(action.id)!);
        return;
      case 'clear':
        this.#requestedActions.add(`clear ${action.id}`);
        this.#effects.clear(slot!);
        return;
      case 'abandon':
        this.#requestedActions.add(`abandon ${action.id}`);
        this.#effects.abandon(slot!);
        return;
      case 'forget':
        this.#slots.delete(action.id);
        this.#effects.forget(slot!);
        this.#effects.saveSoon();
        return;
    }
  }

  #beginStop(slot: Slot, cause: StopCause): void {
    if (slot.phase.kind === 'ending' && slot.phase.step === 'drain') this.#effects.drain(slot);
    else this.#effects.stop(slot, cause);
  }

  /** Starts only once the intent with its nonce is durable: whatever crashes later, the process can be found. */
  #startOnceSaved(starts: IntendedStart[]): void {
    void this.#effects.save(this.state()).then(() => {
      for (const { id, spec, nonce } of starts) {
        const slot = this.#slots.get(id);
        if (slot?.phase.kind === 'starting' && slot.phase.nonce === nonce) this.#effects.start(slot, spec, nonce);
      }
    });
  }

  #applyEvent(id: InstanceId, event: InstanceEvent, nowMs: number, reason: string | null = null): void {
    const before = this.#slots.get(id) ?? this.#newSlot(id);
    if (!before) return;
    const after = transition(before, event, nowMs);
    if (after === before) return;
    this.#slots.set(id, after);
    this.#mustSave ||= isLostOnCrash(before, after, this.specOf(after));
    this.#effects.saveSoon();
    const happening = describeTransition(before, after, event, reason, nowMs);
    if (!happening) return;
    if (event.kind === 'spawned') happening.details.waitedFor = lastMetDependency(after, this.#desired, this.#slots);
    this.#effects.report(happening);
  }

  /** Events may concern an instance that has no slot yet (a start) or none any more (a late exit): only the first counts. */
  #newSlot(id: InstanceId): Slot | null {
    const wish = this.#desired.instances.get(id);
    return wish ? emptySlot(id, wish.spec.name, Number(id.slice(id.lastIndexOf('.') + 1))) : null;
  }

  /** What changed without a new version holds for what runs, too. */
  #updateSpecs(): void {
    const nowMs = this.#effects.nowMs();
    for (const { id, service, spec } of [...this.#slots.values()]) {
      const declared = this.#declared.services.get(service);
      if (!spec || !declared) continue;
      // Dependencies are of one generation for all, so that stops can never wait for one another in a circle.
      const { dependsOn } = declared;
      const now = declared.specHash === spec.specHash ? slotSpecOf(declared) : { ...spec, dependsOn };
      if (JSON.stringify(now) !== JSON.stringify(spec)) this.#applyEvent(id, { kind: 'specUpdated', spec: now }, nowMs);
    }
  }

  /** A hook needs no new version when it is edited, but the start that is held up by it must begin anew. */
  #repeatStarts(former: Desired['services']): void {
    const hookOf = (spec: ServiceSpec | undefined): string => JSON.stringify(spec?.hooks.beforeStart ?? null);
    for (const { id, service, phase, spec } of [...this.#slots.values()]) {
      const now = this.#declared.services.get(service);
      if (phase.kind !== 'starting' || spec?.specHash !== now?.specHash) continue;
      if (hookOf(former.get(service)) === hookOf(now)) continue;
      this.#applyEvent(id, { kind: 'restartRequested' }, this.#effects.nowMs());
    }
  }

  #updateDesired(shuttingDown: boolean): void {
    this.#declared = desiredOf(this.#accepted?.config ?? null, this.#overrides, shuttingDown);
    this.#desired = this.#declared;
    if (this.#accepted) this.#planRollouts(this.#effects.nowMs());
  }
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

type InboxEntry = { id: InstanceId; nonce: string | null; event: InstanceEvent };
type IntendedStart = { id: InstanceId; spec: ServiceSpec; nonce: string };

/** Instances that live or may live, in slot order. */
export function occupiedSlots(kernel: Kernel): Slot[] {
  return [...kernel.slots.values()].filter(isOccupied);
}
