// The state × event table of a slot: what each event means in each phase. Pure; total: no cell is missing.
// An event that arrives late (its phase is over) changes nothing: truth is re-read by the resync.

import { earlierEndAfterSpawn, earlierEndFor, withEarlierEnd } from './earlier-end.ts';
import type { InstanceEvent } from './instance-event.ts';
import { isReady } from './readiness.ts';
import { decideRestart, phaseWhenTakenOver } from './restart-policy.ts';
import { type Exit, isOccupied, nonceOf, type Phase, type PhaseKind, type Slot, type SlotSpec } from './slot.ts';
import type { ServiceSpec } from './spec.ts';

/** Delay of the first check after leftovers were found; doubles up to the second figure. */
export const FIRST_CHECK_GAP_MS = 10;
export const MAX_CHECK_GAP_MS = 500;
/** SIGKILL is repeated at this pace until the tree is empty. */
export const KILL_RETRY_MS = 500;

type EventOf<K extends InstanceEvent['kind']> = Extract<InstanceEvent, { kind: K }>;
type PhaseOf<K extends PhaseKind> = Extract<Phase, { kind: K }>;
type AlivePhase = PhaseOf<'alive'>;
type EndingPhase = PhaseOf<'ending'>;

/** Folds one event into a slot. @returns the same object when the event means nothing in this phase. */
export function transition(slot: Slot, event: InstanceEvent, nowMs: number): Slot {
  const after = applyEvent(slot, event, nowMs);
  const before = nonceOf(slot);
  return before !== null && nonceOf(after) === null ? { ...after, lastNonce: before } : after;
}

function applyEvent(slot: Slot, event: InstanceEvent, nowMs: number): Slot {
  switch (event.kind) {
    case 'startIntended':
      return beginStart(slot, event, nowMs);
    case 'spawned':
      return slot.phase.kind === 'starting' ? observeSpawn(slot, event, nowMs) : slot;
    case 'spawnFailed':
      return slot.phase.kind === 'starting' ? failedStart(slot, event, nowMs) : slot;
    case 'startRefused':
      return slot.phase.kind === 'starting' ? { ...slot, phase: refusedStart(slot, event) } : slot;
    case 'startAbandoned':
      return slot.phase.kind === 'starting' ? { ...slot, phase: { kind: 'idle' } } : slot;
    case 'adopted':
      return adopt(slot, event, nowMs);
    case 'exited':
      return slot.phase.kind === 'alive'
        ? exitedByItself(slot, slot.phase, event.exit, nowMs)
        : exitedWhileEnding(slot, event.exit, nowMs);
    case 'stopIntended':
      return slot.phase.kind === 'alive' ? { ...slot, phase: beginStop(slot, slot.phase, event, nowMs) } : slot;
    case 'drained':
      return isAt(slot, 'drain') ? { ...slot, phase: { ...slot.phase, deadlineMs: nowMs } } : slot;
    case 'termIntended':
      return isAt(slot, 'drain') ? { ...slot, phase: { ...slot.phase, ...termStep(slot.spec, 0, nowMs) } } : slot;
    case 'escalateIntended':
      return isAt(slot, 'term')
        ? { ...slot, phase: { ...slot.phase, ...termStep(slot.spec, slot.phase.escalated + 1, nowMs) } }
        : slot;
    case 'killIntended':
      return slot.phase.kind === 'ending'
        ? { ...slot, phase: { ...slot.phase, step: 'kill', deadlineMs: nowMs + KILL_RETRY_MS } }
        : slot;
    case 'leftoversFound':
      return slot.phase.kind === 'ending'
        ? { ...slot, phase: observeLeftovers(slot, explained(slot.phase, event.exitBecause), nowMs) }
        : slot;
    case 'emptied':
      return slot.phase.kind === 'ending' ? finishEnding(slot, explained(slot.phase, event.exitBecause), nowMs) : slot;
    case 'readinessChanged':
      return slot.phase.kind === 'alive' ? observeReadiness(slot, slot.phase, event, nowMs) : slot;
    case 'unhealthy':
      return slot.phase.kind === 'alive' ? observeUnhealthy(slot, slot.phase, event, nowMs) : slot;
    case 'returned':
      return isOccupied(slot) ? slot : withEarlierEnd(slot);
    case 'takenOver':
      return isOccupied(slot) ? slot : { ...slot, phase: phaseWhenTakenOver(slot, event.by) };
    case 'specUpdated':
      return slot.spec?.specHash === event.spec.specHash ? updateSpec(slot, slot.spec, event.spec) : slot;
    case 'runScheduled':
      return slot.nextRunMs === event.atMs ? slot : { ...slot, nextRunMs: event.atMs };
    case 'restartRequested':
      return { ...rearm(slot, nowMs), restartRequestedMs: nowMs };
    case 'rearmed':
      return rearm(slot, nowMs);
  }
}

/**
 * Whether the step from `before` to `after` cannot be found out again by a supervisor that begins later: how a process
 * ended (only its parent learns that), and READY=1 or a message, which are sent once. Everything else can be looked up.
 */
export function isLostOnCrash(before: Slot, after: Slot, spec: ServiceSpec | null): boolean {
  if (before.phase.kind !== after.phase.kind) return isFinal(after.phase);
  if (before.phase.kind !== 'alive' || after.phase.kind !== 'alive') return false;
  const isNewlyReady = before.phase.readiness === 'pending' && after.phase.readiness === 'passing';
  const checks = [...(spec?.startup?.checks ?? []), ...(spec?.readiness?.checks ?? [])];
  return isNewlyReady && checks.some(({ kind }) => kind === 'notify' || kind === 'ipc');
}

const isFinal = ({ kind }: Phase): boolean => kind === 'completed' || kind === 'failed';

function beginStart(slot: Slot, event: EventOf<'startIntended'>, nowMs: number): Slot {
  if (isOccupied(slot)) return slot;
  const isNewVersion = slot.spec?.specHash !== event.spec.specHash;
  return {
    ...slot,
    phase: { kind: 'starting', nonce: event.nonce, sinceMs: nowMs },
    spec: event.spec,
    restarts: slot.spec === null ? 0 : slot.restarts + 1,
    failures: isNewVersion ? 0 : slot.failures,
    recentFailuresMs: isNewVersion ? [] : slot.recentFailuresMs,
    lastEnd: isNewVersion ? null : slot.lastEnd,
    earlierEnd: earlierEndFor(slot, event.spec),
    restartRequestedMs: null,
    // The run that was due is this one.
    nextRunMs: slot.nextRunMs !== null && slot.nextRunMs <= nowMs ? null : slot.nextRunMs,
  };
}

/** A restart requested during a start is satisfied by that start. */
function observeSpawn(slot: Slot, { process, readiness }: EventOf<'spawned'>, nowMs: number): Slot {
  const earlierEnd = earlierEndAfterSpawn(slot);
  return { ...slot, earlierEnd, phase: aliveOf(process, nowMs, nowMs, false, readiness), restartRequestedMs: null };
}

/** A restart requested during a failed start is still due. */
function failedStart(slot: Slot, { exit, countsAsFailure }: EventOf<'spawnFailed'>, nowMs: number): Slot {
  if (slot.restartRequestedMs !== null) return { ...slot, phase: { kind: 'idle' }, lastExit: exit };
  const startedMs = slot.phase.kind === 'starting' ? slot.phase.sinceMs : nowMs;
  const lastEnd = countsAsFailure ? { startedMs, atMs: nowMs } : slot.lastEnd;
  return { ...slot, lastEnd, ...decideRestart(slot, { exit, aliveMs: 0, countsAsFailure, unhealthy: null }, nowMs) };
}

function refusedStart({ restartRequestedMs }: Slot, { by }: EventOf<'startRefused'>): Phase {
  return restartRequestedMs === null ? { kind: 'blocked', by } : { kind: 'idle' };
}

function adopt(slot: Slot, event: EventOf<'adopted'>, nowMs: number): Slot {
  if (slot.phase.kind !== 'starting' && isOccupied(slot)) return slot;
  const { process, sinceMs, spec, readiness } = event;
  // A process that started after the restart was requested satisfies that request.
  const isOlder = slot.restartRequestedMs !== null && sinceMs <= slot.restartRequestedMs;
  const restartRequestedMs = isOlder ? slot.restartRequestedMs : null;
  return { ...slot, spec, phase: aliveOf(process, sinceMs, nowMs, true, readiness), restartRequestedMs };
}

function aliveOf(
  process: AlivePhase['process'],
  sinceMs: number,
  nowMs: number,
  adopted: boolean,
  readiness: AlivePhase['readiness'],
): AlivePhase {
  const readinessSinceMs = readiness === 'none' ? sinceMs : nowMs;
  return { kind: 'alive', process, sinceMs, adopted, readiness, readinessSinceMs, because: null, unhealthy: null };
}

function observeReadiness(slot: Slot, phase: AlivePhase, event: EventOf<'readinessChanged'>, nowMs: number): Slot {
  const { because } = event;
  // An instance that was never ready cannot become unready.
  const readiness = phase.readiness === 'pending' && event.readiness === 'failing' ? 'pending' : event.readiness;
  if (readiness === phase.readiness && because === phase.because) return slot;
  const readinessSinceMs = readiness === phase.readiness ? phase.readinessSinceMs : nowMs;
  return { ...slot, phase: { ...phase, readiness, readinessSinceMs, because } };
}

/** An instance that does not serve is not ready, also where no readiness probe says so. */
function observeUnhealthy(slot: Slot, phase: AlivePhase, event: EventOf<'unhealthy'>, nowMs: number): Slot {
  const { because, isSilent } = event;
  const isFirst = phase.unhealthy === null;
  const isLost = isSilent === true && isReady(phase);
  if (!isFirst && !isLost) return slot;
  const lost = isLost ? ({ readiness: 'failing', readinessSinceMs: nowMs, because } as const) : {};
  return { ...slot, phase: { ...phase, ...lost, unhealthy: phase.unhealthy ?? because } };
}

/** The process was not asked to stop: the rest of its tree is cleared, then the restart policy decides (`finishEnding`). */
function exitedByItself(slot: Slot, alive: AlivePhase, exit: Exit, nowMs: number): Slot {
  const { deadlineMs } = firstStep(slot.spec, 'exited', nowMs);
  const step = { step: 'clear', escalated: 0, deadlineMs } as const;
  return { ...slot, phase: endingPhaseOf(alive, { cause: 'exited', because: 'ended by itself', exit }, step, nowMs) };
}

function exitedWhileEnding(slot: Slot, exit: Exit, nowMs: number): Slot {
  const { phase } = slot;
  if (phase.kind !== 'ending' || phase.exit !== null) return slot;
  // No process is left to drain; the rest of its tree has not been asked to stop yet.
  const step = phase.step === 'drain' ? 'clear' : phase.step;
  return { ...slot, phase: { ...phase, exit, step, nextCheckMs: nowMs, checkGapMs: FIRST_CHECK_GAP_MS } };
}

function beginStop(slot: Slot, alive: AlivePhase, event: EventOf<'stopIntended'>, nowMs: number): EndingPhase {
  const { cause, because } = event;
  const step = isDrained(alive, cause) ? firstStep(slot.spec, cause, nowMs) : termStep(slot.spec, 0, nowMs);
  return endingPhaseOf(alive, { cause, because, exit: null }, step, nowMs);
}

/** An unhealthy instance that does not serve has nothing to drain. */
function isDrained(alive: AlivePhase, cause: EndingPhase['cause']): boolean {
  return cause !== 'unhealthy' || isReady(alive);
}

function endingPhaseOf(
  alive: AlivePhase,
  why: Pick<EndingPhase, 'cause' | 'because' | 'exit'>,
  step: StopDeadline,
  nowMs: number,
): EndingPhase {
  return {
    kind: 'ending',
    process: alive.process,
    startedMs: alive.sinceMs,
    sinceMs: nowMs,
    adopted: alive.adopted,
    ...why,
    ...step,
    nextCheckMs: nowMs,
    checkGapMs: FIRST_CHECK_GAP_MS,
  };
}

/** The first explanation counts: it was found nearest to the exit. */
function explained(phase: EndingPhase, because: string | undefined): EndingPhase {
  const { exit } = phase;
  if (because === undefined || exit === null || !('code' in exit) || exit.because !== undefined) return phase;
  return { ...phase, exit: { ...exit, because } };
}

/** Members of the tree outlive the main process: they get the stop signal and their own grace period, once. */
function observeLeftovers(slot: Slot, phase: EndingPhase, nowMs: number): EndingPhase {
  const next = {
    ...phase,
    nextCheckMs: nowMs + phase.checkGapMs,
    checkGapMs: Math.min(phase.checkGapMs * 2, MAX_CHECK_GAP_MS),
  };
  return phase.step === 'clear' ? { ...next, ...termStep(slot.spec, 0, nowMs) } : next;
}

function finishEnding(slot: Slot, phase: EndingPhase, nowMs: number): Slot {
  // Our own child always reports its exit: before that, its tree is not empty, whatever a check found.
  if (phase.exit === null && !phase.adopted) return slot;
  const exit = phase.exit ?? { unknown: true };
  const forgotten = { failures: 0, recentFailuresMs: [], lastEnd: null };
  const vacated: Slot = { ...slot, ...forgotten, phase: { kind: 'idle' }, lastExit: exit };
  switch (phase.cause) {
    case 'exited':
    case 'unhealthy':
    case 'timedOut': {
      // A restart was requested: it is neither completed nor failed.
      if (slot.restartRequestedMs !== null) return vacated;
      const unhealthy = phase.cause === 'unhealthy' ? phase.because : null;
      const aliveMs = phase.sinceMs - phase.startedMs;
      const lastEnd = { startedMs: phase.startedMs, atMs: nowMs };
      const timedOut = phase.cause === 'timedOut' && { timedOut: phase.because };
      const death = { exit, aliveMs, countsAsFailure: true, unhealthy, ...timedOut };
      return { ...slot, lastEnd, ...decideRestart(slot, death, nowMs) };
    }
    case 'unwanted':
    case 'replaced':
      return vacated;
  }
}

/** What an end means for the project was decided when it happened. */
function updateSpec(slot: Slot, former: SlotSpec, now: SlotSpec): Slot {
  if (!isFinal(slot.phase)) return { ...slot, spec: now };
  const { onEnd: _, onFailure: __, ...rest } = now;
  const { onEnd, onFailure } = former;
  return { ...slot, spec: { ...rest, ...(onEnd && { onEnd }), ...(onFailure && { onFailure }) } };
}

/** Leaves the phases that only the user or a new spec ends; a scheduled run is due at once. */
function rearm(slot: Slot, nowMs: number): Slot {
  const parked = !isOccupied(slot) && slot.phase.kind !== 'idle';
  const nextRunMs = slot.nextRunMs === null ? null : nowMs;
  const forgotten = { failures: 0, recentFailuresMs: [], lastEnd: null, earlierEnd: null };
  return { ...slot, ...forgotten, phase: parked ? { kind: 'idle' } : slot.phase, nextRunMs };
}

type StopDeadline = Pick<EndingPhase, 'step' | 'escalated' | 'deadlineMs'>;

/** Input that the next incarnation continues to read is not ended. */
function firstStep(spec: SlotSpec | null, cause: EndingPhase['cause'], nowMs: number): StopDeadline {
  const drain = spec?.stop.drain;
  const goesOn = drain?.by.kind === 'end_of_input' && cause !== 'unwanted';
  if (!drain || goesOn) return termStep(spec, 0, nowMs);
  return { step: 'drain', escalated: 0, deadlineMs: nowMs + drain.timeoutMs };
}

/** @param escalated how many further signals were sent, this one included; the grace period holds for all together. */
function termStep(spec: SlotSpec | null, escalated: number, nowMs: number): StopDeadline {
  const { graceMs, escalate } = spec?.stop ?? { graceMs: 0, escalate: [] };
  const spentMs = escalate.slice(0, escalated).reduce((sum, { afterMs }) => sum + afterMs, 0);
  const pauseMs = escalate[escalated]?.afterMs ?? Math.max(0, graceMs - spentMs);
  return { step: 'term', escalated, deadlineMs: nowMs + pauseMs };
}

function isAt(slot: Slot, step: EndingPhase['step']): slot is Slot & { phase: EndingPhase } {
  return slot.phase.kind === 'ending' && slot.phase.step === step;
}
