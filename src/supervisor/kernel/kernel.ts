// The one writer of state. Applies events to the slots, asks the reconciler what to do, records the intent and passes the
// actions to `Effects`. Does no I/O and reads no clock itself, so that the simulation runs this code.

import { type DependencyView, lastMetDependency, viewDependencies } from '../../core/dependencies.ts';
import { type Desired, desiredOf, NO_OVERRIDES } from '../../core/desired.ts';
import type { InstanceAction } from '../../core/instance-action.ts';
import type { InstanceEvent } from '../../core/instance-event.ts';
import type { AcceptedConfig, Problem } from '../../core/load-result.ts';
import { startedSpec } from '../../core/ports.ts';
import { type ProjectEnd, projectEndOf } from '../../core/project-end.ts';
import { readyByAge } from '../../core/readiness.ts';
import { isConverged, reconcile } from '../../core/reconcile.ts';
import { isSameConfig } from '../../core/same-config.ts';
import {
  type AliveSlot,
  type EndCause,
  type EndingSlot,
  earlier,
  emptySlotOf,
  isOccupied,
  nonceOf,
  type Overrides,
  type Rollout,
  type Slot,
  specAfterEdit,
} from '../../core/slot.ts';
import type { InstanceId, ServiceName, ServiceSpec } from '../../core/spec.ts';
import { isLostOnCrash, transition } from '../../core/transition.ts';
import { describeTransition, type EventDraft } from './events.ts';
import { PORT_RETRY_MS, PortChoices, type Ports } from './port-table.ts';
import { RolloutTracker } from './rollout-tracker.ts';

/** Work of the kernel that others carry out; results come back through `receive`. */
export type Effects = {
  /** Epoch milliseconds that advance monotonically. */
  nowMs(): number;
  newNonce(spec: ServiceSpec): string;
  ports: Ports;
  /** Call `step` soon; any number of requests before it are one. */
  requestStep(): void;
  /** Arm the one timer; null disarms it. */
  wakeAt(atMs: number | null): void;
  /** Make the state durable. Resolves also when that failed (reported elsewhere): instances keep running. */
  save(state: KernelState): Promise<void>;
  /** Save some time soon. */
  saveSoon(): void;
  start(slot: Slot, spec: ServiceSpec, nonce: string): void;
  drain(slot: EndingSlot): void;
  /** The stop command or signal. */
  stop(slot: EndingSlot, cause: EndCause): void;
  escalate(slot: EndingSlot, signal: string): void;
  kill(slot: EndingSlot): void;
  clear(slot: EndingSlot): void;
  abandon(slot: Slot): void;
  forget(slot: Slot): void;
  /** Looks whether the main process has ended unseen; if so, its exit is received soon. */
  hasEnded(slot: AliveSlot): boolean;
  /** A service has ended the project (`on_end`, `on_failure`): it is being stopped, and the supervisor is to exit after that. */
  endProject(): void;
  report(draft: EventDraft): void;
};

/** What must outlive the supervisor. */
export type KernelState = {
  generation: number;
  /** The name of the environment; null: none. Only written: the next supervisor compares it before it takes over. */
  env: string | null | undefined;
  overrides: Overrides;
  slots: Slot[];
  rollouts: Rollout[];
  /** The chosen port of each instance (`port: auto`). */
  ports?: Record<string, number>;
};

/** Each round of actions changes the next plan; more rounds than this mean a rule that never settles. */
const MAX_ROUNDS = 16;

export class Kernel {
  #effects: Effects;
  #slots = new Map<InstanceId, Slot>();
  #inbox: InboxEntry[] = [];
  #overrides: Overrides = NO_OVERRIDES;
  #accepted: AcceptedConfig | null = null;
  #problems: Problem[] = [];
  #generation = 0;
  #projectEnd: ProjectEnd | null = null;
  /** What the file and the overrides declare, before roll-outs. */
  #declared: Desired = desiredOf(null, NO_OVERRIDES, false);
  #desired: Desired = this.#declared;
  #rollouts: RolloutTracker;
  #ports: PortChoices;

  constructor(effects: Effects) {
    this.#effects = effects;
    this.#rollouts = new RolloutTracker(effects);
    this.#ports = new PortChoices(effects.ports, effects);
  }

  get slots(): ReadonlyMap<InstanceId, Slot> {
    return this.#slots;
  }
  /** Every instance with the version that it should run now, as roll-outs have it. */
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
  /** Problems of the rejected configuration on disk; empty while it is applied. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }
  /** The service that ended the project; null: it runs, or a command stops it. */
  get projectEnd(): ProjectEnd | null {
    return this.#projectEnd;
  }
  get generation(): number {
    return this.#generation;
  }

  state(): KernelState {
    const rollouts = [...this.rollouts.values()];
    const env = this.#accepted?.config.env;
    const slots = [...this.#slots.values()];
    const ports = Object.fromEntries(this.#ports.table);
    const state = { generation: this.#generation, env, overrides: this.#overrides, slots, rollouts };
    return this.#ports.table.size === 0 ? state : { ...state, ports };
  }

  /** Continues from the state of an earlier supervisor. Only before the first `step`. */
  restore(state: KernelState): void {
    this.#generation = state.generation;
    this.#overrides = state.overrides;
    this.#ports.restore(state.ports ?? {});
    for (const slot of state.slots) {
      this.#slots.set(slot.id, slot);
      this.#ports.learn(slot);
    }
    this.#rollouts.restore(state.rollouts);
    this.#updateDesired(this.#desired.shuttingDown);
  }

  /**
   * Queues an event of an instance; the next step applies events in order of arrival.
   *
   * @param nonce of the incarnation: a late event of an earlier one is dropped. Null: an event of the slot as such.
   */
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void {
    this.#inbox.push({ id, nonce, event });
    this.#effects.requestStep();
  }

  /** Applies a valid configuration: the next generation, if it differs from the present one. */
  applyConfig(accepted: AcceptedConfig): void {
    const wasRejected = this.#problems.length > 0;
    const former = this.#accepted?.config;
    const isSwitched = former !== undefined && former.env !== accepted.config.env;
    const changed = !isSameConfig(accepted.config, former);
    this.#accepted = accepted;
    this.#problems = [];
    if (!changed && !wasRejected) return;
    if (changed) {
      this.#generation++;
      this.#effects.saveSoon();
    }
    const formerServices = this.#declared.services;
    this.#rollouts.remember(accepted.config, this.#slots);
    if (former) this.#rollouts.resumeEdited(formerServices, accepted.config, this.#effects.nowMs());
    this.#updateDesired(this.#desired.shuttingDown);
    this.#updateSpecs(formerServices);
    this.#repeatStarts(formerServices);
    // A supervisor that is killed now must leave the new name to the next one.
    this.#mustSave ||= isSwitched;
    const switched = isSwitched ? ` Environment ${former.env ?? 'none'} → ${accepted.config.env ?? 'none'}.` : '';
    this.#effects.report({
      type: 'config_applied',
      instance: null,
      message: changed
        ? `Generation ${this.#generation} applied.${switched}`
        : `The configuration is valid again; nothing changed.`,
      details: { generation: this.#generation, files: accepted.files },
    });
    this.#effects.requestStep();
  }

  /** The configuration on disk is not valid: the last good one stays active. */
  rejectConfig(problems: Problem[]): void {
    if (JSON.stringify(problems) === JSON.stringify(this.#problems)) return;
    this.#problems = problems;
    const first = problems[0];
    const where = first ? `${first.file}:${first.line ?? 1}:${first.column ?? 1}: ${first.message}` : 'no reason given';
    this.#effects.report({
      type: 'config_rejected',
      instance: null,
      message: `Configuration rejected; generation ${this.#generation} stays active: ${where}`,
      details: { problems: problems.length },
    });
  }

  /** The files on disk are valid, but are not applied. */
  forgetProblems(): void {
    this.#problems = [];
  }

  /** Replaces the overrides, which take precedence over the file. */
  override(overrides: Overrides): void {
    this.#overrides = overrides;
    this.#updateDesired(this.#desired.shuttingDown);
    this.#effects.saveSoon();
    this.#effects.requestStep();
  }

  /** Stops everything; cannot be undone. */
  shutDown(): void {
    if (this.#desired.shuttingDown) return;
    this.#stopEverything('Everything is being stopped.', {});
  }

  #stopEverything(message: string, details: Record<string, unknown>): void {
    this.#updateDesired(true);
    this.#effects.report({ type: 'going_down', instance: null, message, details });
    this.#effects.requestStep();
  }

  #endIfDeclared(): void {
    const end = projectEndOf(this.#desired, this.#slots);
    if (end === null) return;
    this.#projectEnd = end;
    const { because, ...details } = end;
    this.#stopEverything(`Everything is being stopped: ${because}.`, details);
    this.#effects.endProject();
  }

  /** The time for a stop is over: SIGKILL to every live instance, without order. Only after `shutDown`. */
  killAll(): void {
    const nowMs = this.#effects.nowMs();
    for (const { id, phase } of [...this.#slots.values()]) {
      if (phase.kind === 'alive')
        this.#applyEvent(id, { kind: 'stopIntended', cause: 'unwanted', because: 'the time to stop is over' }, nowMs);
      this.#applyEvent(id, { kind: 'killIntended' }, nowMs, 'the time to stop is over');
      const slot = this.#endingSlot(id);
      if (slot) this.#effects.kill(slot);
    }
    this.#effects.requestStep();
  }

  /** Resumes or retries the roll-outs of these services. */
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

  /** The whole spec that the instance runs with; null where it is not remembered. */
  specOf({ service, spec }: Slot): ServiceSpec | null {
    return spec && this.#rollouts.find(service, spec.specHash);
  }

  /** A version that was active before; null where it is not remembered. */
  versionOf(service: ServiceName, specHash: string): ServiceSpec | null {
    return this.#rollouts.find(service, specHash);
  }

  /** Applies the inbox, reconciles until nothing is due, acts, arms the timer. */
  step(): void {
    const nowMs = this.#effects.nowMs();
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { id, nonce, event } of inbox) {
      const slot = this.#slots.get(id);
      if (nonce === null || (slot && nonceOf(slot) === nonce)) this.#applyEvent(id, event, nowMs);
    }
    this.#endIfDeclared();
    const readyAtMs = this.#markReadyByAge(nowMs);
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
    wakeAtMs = earlier(earlier(wakeAtMs, readyAtMs), this.#retryMs);
    this.#retryMs = null;
    if (starts.length > 0) this.#startOnceSaved(starts);
    else if (this.#mustSave) void this.#effects.save(this.state());
    this.#mustSave = false;
    this.#effects.wakeAt(wakeAtMs);
  }

  /** @returns when the next instance is ready by its age. */
  #markReadyByAge(nowMs: number): number | null {
    const rulesOf = (slot: Slot) => this.specOf(slot) ?? this.#desired.services.get(slot.service) ?? null;
    const { due, wakeAtMs } = readyByAge(this.#slots.values(), rulesOf, nowMs);
    for (const { id } of due) {
      if (this.#hasEndedUnseen(id)) continue;
      this.#applyEvent(id, { kind: 'readinessChanged', readiness: 'none', because: null }, nowMs);
    }
    return wakeAtMs;
  }

  /** @returns when roll-outs must be planned again even if nothing happens. */
  #planRollouts(nowMs: number): number | null {
    const before = this.rollouts;
    const { desired, wakeAtMs } = this.#rollouts.plan(this.#declared, this.#slots, nowMs);
    this.#desired = desired;
    if (before !== this.rollouts) this.#effects.saveSoon();
    return wakeAtMs;
  }

  /** The state has a fact that no later supervisor could find out: saved at the end of the step. */
  #mustSave = false;

  /** When a start of this step must be tried again; null: none was put off. */
  #retryMs: number | null = null;

  /** Actions of this step that do not change the slot, so that they are not requested twice. */
  #requestedActions = new Set<string>();

  #isRequested(action: InstanceAction): boolean {
    return this.#requestedActions.has(`${action.kind} ${action.id}`);
  }

  #perform(action: InstanceAction, starts: IntendedStart[], nowMs: number): void {
    const { id, kind } = action;
    switch (kind) {
      case 'start': {
        const port = this.#ports.prepareStart(action, this.#slots.get(id), this.#declared, nowMs);
        if (port === 'busy') {
          this.#requestedActions.add(`${kind} ${id}`);
          this.#retryMs = nowMs + PORT_RETRY_MS;
          return;
        }
        if (port === 'changed') this.#updateDesired(this.#desired.shuttingDown);
        const nonce = this.#effects.newNonce(action.spec);
        this.#applyEvent(
          id,
          { kind: 'startIntended', nonce, spec: startedSpec(action.spec, id, this.#declared) },
          nowMs,
        );
        starts.push({ id, spec: action.spec, nonce });
        return;
      }
      case 'stop': {
        this.#applyEvent(id, { kind: 'stopIntended', cause: action.cause, because: action.reason }, nowMs);
        const slot = this.#endingSlot(id)!;
        if (slot.phase.step === 'drain') this.#effects.drain(slot);
        else this.#effects.stop(slot, action.cause);
        return;
      }
      case 'term': {
        this.#applyEvent(id, { kind: 'termIntended' }, nowMs);
        const slot = this.#endingSlot(id)!;
        this.#effects.stop(slot, slot.phase.cause);
        return;
      }
      case 'escalate':
        this.#applyEvent(id, { kind: 'escalateIntended', signal: action.signal }, nowMs);
        this.#effects.escalate(this.#endingSlot(id)!, action.signal);
        return;
      case 'kill':
        this.#applyEvent(id, { kind: 'killIntended' }, nowMs, action.reason);
        this.#effects.kill(this.#endingSlot(id)!);
        return;
      case 'clear':
        this.#requestedActions.add(`${kind} ${id}`);
        this.#effects.clear(this.#endingSlot(id)!);
        return;
      case 'return':
        this.#applyEvent(id, { kind: 'returned' }, nowMs);
        return;
      case 'abandon':
        this.#requestedActions.add(`${kind} ${id}`);
        this.#effects.abandon(this.#slots.get(id)!);
        return;
      case 'forget': {
        const slot = this.#slots.get(id)!;
        this.#slots.delete(id);
        this.#effects.forget(slot);
        this.#effects.saveSoon();
      }
    }
  }

  /** Only a look finds the end of a process that is not our child: without one, it could be ready after its end. */
  #hasEndedUnseen(id: InstanceId): boolean {
    const slot = this.#slots.get(id);
    return slot?.phase.kind === 'alive' && slot.phase.adopted && this.#effects.hasEnded(slot as AliveSlot);
  }

  #endingSlot(id: InstanceId): EndingSlot | null {
    const slot = this.#slots.get(id);
    return slot?.phase.kind === 'ending' ? (slot as EndingSlot) : null;
  }

  /** Starts only once the intent with its nonce is durable: the process can be found after any crash. */
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
    if (event.kind === 'adopted' && this.#ports.learn(after)) this.#updateDesired(this.#desired.shuttingDown);
    this.#mustSave ||= isLostOnCrash(before, after, this.specOf(after));
    this.#effects.saveSoon();
    const draft = describeTransition(before, after, event, reason, nowMs);
    if (!draft) return;
    if (event.kind === 'spawned') draft.details.waitedFor = lastMetDependency(after, this.#desired, this.#slots);
    this.#effects.report(draft);
  }

  /** @returns a slot for a start; null for a late event of an instance that is not desired any more. */
  #newSlot(id: InstanceId): Slot | null {
    const desired = this.#desired.instances.get(id);
    return desired ? emptySlotOf(id, desired.spec.name) : null;
  }

  /** Settings that changed without a new version apply to running instances, too. */
  #updateSpecs(former: Desired['services']): void {
    const nowMs = this.#effects.nowMs();
    for (const { id, service, spec } of [...this.#slots.values()]) {
      const declared = this.#declared.services.get(service);
      if (!spec || !declared || declared === former.get(service)) continue;
      const now = specAfterEdit(spec, declared);
      if (JSON.stringify(now) !== JSON.stringify(spec)) this.#applyEvent(id, { kind: 'specUpdated', spec: now }, nowMs);
    }
  }

  /** An edited hook makes no new version, but a start that waits for the old hook must start over. */
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
    const config = this.#accepted?.config ?? null;
    const before = desiredOf(config, this.#overrides, shuttingDown, this.#ports.table);
    this.#ports.assign(before, this.#slots);
    this.#declared = { ...before, ports: this.#ports.table };
    this.#desired = this.#declared;
    if (this.#accepted) this.#planRollouts(this.#effects.nowMs());
  }
}

type InboxEntry = { id: InstanceId; nonce: string | null; event: InstanceEvent };
type IntendedStart = { id: InstanceId; spec: ServiceSpec; nonce: string };

/** Instances that live or may live, in slot order. */
export function occupiedSlots(kernel: Kernel): Slot[] {
  return [...kernel.slots.values()].filter(isOccupied);
}
