// The reconciler: compares the desired state with the slots and says what to do now. Pure and level-triggered: it reads
// only the present state, so that another call after a lost event asks for the same actions again.

import { type DependencyView, type Slots, viewDependencies } from './dependencies.ts';
import type { Desired, DesiredInstance } from './desired.ts';
import { hasEndedIn } from './earlier-end.ts';
import { type InstanceAction, inOrder } from './instance-action.ts';
import { isReady } from './readiness.ts';
import { earlier, emptySlotOf, isOccupied, isTimedOut, type Phase, type Slot, type SlotSpec } from './slot.ts';
import type { ServiceSpec } from './spec.ts';

export type NextActions = {
  /** Starts lowest instance first in file order, stops highest first. */
  actions: InstanceAction[];
  /** When to reconcile again although nothing happened; null: never. */
  wakeAtMs: number | null;
};

/** @returns the actions that are due now and the one next time at which anything could become due by itself. */
export function reconcile(desired: Desired, slots: Slots, nowMs: number): NextActions {
  const pass = beginPass(desired, slots, nowMs);
  for (const [id, wanted] of desired.instances) {
    if (!slots.has(id)) considerEmpty(pass, emptySlotOf(id, wanted.spec.name), wanted);
  }
  for (const slot of slots.values()) {
    const wanted = desired.instances.get(slot.id) ?? null;
    switch (slot.phase.kind) {
      case 'starting':
        if (isStartInVain(pass, wanted)) pass.actions.push({ kind: 'abandon', id: slot.id });
        break;
      case 'alive':
        considerAlive(pass, slot, slot.phase, wanted);
        break;
      case 'ending':
        considerEnding(pass, slot, slot.phase);
        break;
      case 'idle':
      case 'blocked':
      case 'backoff':
      case 'completed':
      case 'failed':
        if (wanted) considerEmpty(pass, slot, wanted);
        else pass.actions.push({ kind: 'forget', id: slot.id });
        break;
    }
  }
  return { actions: inOrder(pass.actions), wakeAtMs: pass.wakeAtMs };
}

type ReconcilePass = {
  desired: Desired;
  nowMs: number;
  dependencies: DependencyView;
  actions: InstanceAction[];
  wakeAtMs: number | null;
};

function beginPass(desired: Desired, slots: Slots, nowMs: number): ReconcilePass {
  return { desired, nowMs, dependencies: viewDependencies(desired, slots), actions: [], wakeAtMs: null };
}

/** Nothing lives in the slot. Rules in order, first match wins. */
function considerEmpty(pass: ReconcilePass, slot: Slot, wanted: DesiredInstance): void {
  // 1. Held stopped: stays empty.
  if (!wanted.run) return;
  const { phase } = slot;
  const isNewVersion = slot.spec !== null && slot.spec.specHash !== wanted.spec.specHash;
  // 2. Its roll-out step is later, and the version that it had is not remembered.
  if (isNewVersion && wanted.rolloutStep?.step === 'later') return;
  // 3. Rolled back to a version in which it had ended: that end counts again.
  if (wanted.isOlder && hasEndedIn(slot, wanted.spec)) {
    pass.actions.push({ kind: 'return', id: slot.id });
    return;
  }
  const scheduleState = scheduleStateOf(slot, wanted.spec, pass.nowMs);
  // 4. Its next run is later.
  if (scheduleState === 'later') {
    const nextMs = nextDueMs(slot);
    if (nextMs !== null) wakeAt(pass, nextMs);
    return;
  }
  if (!isNewVersion && scheduleState === null) {
    // 5. Completed, failed or blocked: only a new spec or the user changes that.
    if (phase.kind === 'completed' || phase.kind === 'failed' || phase.kind === 'blocked') return;
    // 6. Not yet.
    if (phase.kind === 'backoff' && phase.untilMs > pass.nowMs) {
      wakeAt(pass, phase.untilMs);
      return;
    }
  }
  // 7. A dependency's condition does not hold; its change is an event of its own.
  if (pass.dependencies.blockerOf(wanted.spec, wanted.isOlder) !== null) return;
  pass.actions.push({
    kind: 'start',
    id: slot.id,
    spec: wanted.spec,
    reason: startReason(slot, isNewVersion, scheduleState),
  });
}

function startReason(slot: Slot, isNewVersion: boolean, scheduleState: 'due' | null): string {
  if (scheduleState === 'due' && slot.phase.kind !== 'backoff') return 'its time has come';
  if (slot.spec === null) return 'declared and not running';
  if (isNewVersion) return 'its configuration changed';
  return slot.phase.kind === 'backoff' ? 'the back-off is over' : 'wanted and not running';
}

/** Its process would have to stop again at once. If one appears in spite of `abandon`, it is stopped then. */
function isStartInVain({ dependencies }: ReconcilePass, wanted: DesiredInstance | null): boolean {
  return !wanted?.run || wanted.rolloutStep?.step === 'now' || dependencies.lostDependencyOf(wanted) !== null;
}

/** A process lives. Rules in order, first match wins. */
function considerAlive(
  pass: ReconcilePass,
  slot: Slot,
  phase: Extract<Phase, { kind: 'alive' }>,
  wanted: DesiredInstance | null,
): void {
  // 1. Not wanted: stop, dependents first.
  if (!wanted?.run) {
    if (pass.dependencies.dependentsToStopFirst(slot.service).length > 0) return;
    const reason = wanted
      ? wanted.because
      : pass.desired.services.has(slot.service)
        ? 'beyond the pool'
        : 'no longer declared';
    pass.actions.push({ kind: 'stop', id: slot.id, cause: 'unwanted', reason });
    return;
  }
  // 2. A liveness or startup probe failed: its restart policy decides what follows.
  // Likewise where a limit is exceeded. An instance that still serves waits for its turn in the pool.
  const mayWait = isReady(phase) && wanted.rolloutStep?.step === 'later';
  if (phase.unhealthy !== null && !mayWait) {
    pass.actions.push({ kind: 'stop', id: slot.id, cause: 'unhealthy', reason: phase.unhealthy });
    return;
  }
  // 3. It has run for longer than it may; its policy decides what follows.
  const { timeoutMs } = wanted.spec;
  if (isTimedOut(phase, timeoutMs, pass.nowMs)) {
    pass.actions.push({
      kind: 'stop',
      id: slot.id,
      cause: 'timedOut',
      reason: `timed out after ${timeoutMs! / 1_000} s`,
    });
    return;
  }
  if (timeoutMs !== null) wakeAt(pass, phase.sinceMs + timeoutMs);
  // 4. A dependency with `on_loss: hold` is lost: it starts again when that is back.
  const lost = pass.dependencies.lostDependencyOf(wanted);
  if (lost !== null) {
    if (pass.dependencies.dependentsToStopFirst(slot.service).length > 0) return;
    const reason = `${lost}, which it depends on, is lost`;
    pass.actions.push({ kind: 'stop', id: slot.id, cause: 'unwanted', reason });
    return;
  }
  // 5. The next run is due, and the one before gives way to it.
  if (wanted.spec.schedule && slot.nextRunMs !== null) {
    if (!isDue(slot, pass.nowMs)) wakeAt(pass, slot.nextRunMs);
    else if (wanted.spec.schedule.overlap === 'replace') {
      pass.actions.push({ kind: 'stop', id: slot.id, cause: 'replaced', reason: 'its next run is due' });
      return;
    }
  }
  // 6. The roll-out replaces it now; dependents with `on_loss: hold` stop first.
  if (wanted.rolloutStep?.step === 'now') {
    if (pass.dependencies.dependentsToStopFirst(slot.service).length > 0) return;
    pass.actions.push({ kind: 'stop', id: slot.id, cause: 'replaced', reason: wanted.rolloutStep.because });
  }
}

/** The instance is ending. The deadline comes first: a check that hangs must not delay SIGKILL. `clear` has none: no process was
 * asked to stop yet. */
function considerEnding(pass: ReconcilePass, slot: Slot, phase: Extract<Phase, { kind: 'ending' }>): void {
  const isTimed = phase.step !== 'clear';
  if (isTimed && phase.deadlineMs <= pass.nowMs) {
    pass.actions.push(harderStep(slot, phase));
    return;
  }
  if (isTimed) wakeAt(pass, phase.deadlineMs);
  // The exit of our own child is an event; every other process must be polled.
  if (phase.exit === null && !phase.adopted) return;
  if (phase.nextCheckMs <= pass.nowMs) pass.actions.push({ kind: 'clear', id: slot.id });
  else wakeAt(pass, phase.nextCheckMs);
}

function harderStep({ id, spec }: Slot, { step, escalated }: Extract<Phase, { kind: 'ending' }>): InstanceAction {
  if (step === 'drain') return { kind: 'term', id, reason: 'the drain is over' };
  const further = step === 'term' ? spec?.stop.escalate[escalated] : undefined;
  if (further) return { kind: 'escalate', id, signal: further.signal };
  const grace = spec?.stop.graceMs ?? 0;
  return {
    kind: 'kill',
    id,
    reason: `still alive ${grace} ms after ${firstStepOf(spec)}`,
  };
}

function firstStepOf(spec: SlotSpec | null): string {
  if (spec?.stop.message !== undefined) return 'its stop message';
  return spec?.stop.command ? 'its stop command' : signalOf(spec);
}

const signalOf = (spec: SlotSpec | null): string => spec?.stop.signal ?? 'SIGTERM';

function wakeAt(pass: ReconcilePass, atMs: number): void {
  pass.wakeAtMs = earlier(pass.wakeAtMs, atMs);
}

/** Whether no action is left: every wanted instance runs as declared or has completed. */
export function isConverged(desired: Desired, slots: Slots, nowMs: number): boolean {
  for (const slot of slots.values()) {
    if (!desired.instances.get(slot.id)?.run && isOccupied(slot)) return false;
  }
  for (const [id, wanted] of desired.instances) {
    if (wanted.run && !isSettled(slots.get(id), wanted, nowMs)) return false;
  }
  return reconcile(desired, slots, nowMs).actions.length === 0;
}

function isSettled(
  slot: Slot | undefined,
  { spec, rolloutStep }: Extract<DesiredInstance, { run: true }>,
  nowMs: number,
): boolean {
  // A scheduled run keeps the version it began with, whatever the file says by then.
  if (slot && spec.schedule && rolloutStep === null)
    return isOccupied(slot) ? isReady(slot.phase) : isWaitingForSchedule(slot, nowMs);
  if (!slot || rolloutStep !== null || slot.spec?.specHash !== spec.specHash || slot.restartRequestedMs !== null)
    return false;
  return slot.phase.kind === 'completed' || isReady(slot.phase);
}

/** Whether a scheduled service without a process is to run now; null: it has no schedule. */
export function scheduleStateOf(slot: Slot, spec: ServiceSpec, nowMs: number): 'due' | 'later' | null {
  if (spec.schedule === null) return null;
  const isRetry = slot.phase.kind === 'backoff' && slot.spec?.specHash === spec.specHash;
  if (isRetry && slot.phase.kind === 'backoff' && slot.phase.untilMs <= nowMs) return 'due';
  return isDue(slot, nowMs) ? 'due' : 'later';
}

export const isDue = ({ nextRunMs }: Slot, nowMs: number): boolean => nextRunMs !== null && nextRunMs <= nowMs;

/** When the next start is due; null: that is not known yet. */
function nextDueMs({ phase, nextRunMs }: Slot): number | null {
  if (phase.kind !== 'backoff') return nextRunMs;
  return earlier(nextRunMs, phase.untilMs);
}

/** Whether a scheduled service without a process is as it should be: its next run is later, and the last one succeeded. */
export function isWaitingForSchedule({ phase, nextRunMs }: Slot, nowMs: number): boolean {
  const isCalm = phase.kind === 'idle' || phase.kind === 'completed';
  return isCalm && nextRunMs !== null && nextRunMs > nowMs;
}
