// Answers "what state is it in, and why?" for people: the public state of an instance and a sentence. Pure.

import { formatDuration } from '../units.ts';
import type { Command } from './command.ts';
import type { DependencyView } from './dependencies.ts';
import type { DesiredInstance } from './desired.ts';
import { isProbed } from './readiness.ts';
import { scheduleStateOf } from './reconcile.ts';
import { describeExit, NOT_RESTARTED } from './restart-policy.ts';
import type { Phase, Slot } from './slot.ts';
import type { ServiceSpec } from './spec.ts';

/** What `ps` shows of a slot; the words are part of the contract. */
export type PublicState =
  | 'waiting'
  | 'starting'
  | 'running'
  | 'ready'
  | 'unready'
  | 'stopping'
  | 'backoff'
  | 'completed'
  | 'stopped'
  | 'failed';

export type StateExplanation = {
  state: PublicState;
  /** A sentence; null when it runs as wanted. */
  reason: string | null;
  /** What a person could do, or what will happen by itself; null when nothing is wrong. */
  unblock: string | null;
};

/** @param wanted null: no longer declared. */
export function explain(
  slot: Slot,
  wanted: DesiredInstance | null,
  dependencies: DependencyView,
  nowMs: number,
): StateExplanation {
  const { phase } = slot;
  switch (phase.kind) {
    case 'alive':
      return explainAlive(slot, phase, wanted, dependencies);
    case 'starting':
      return { state: 'starting', reason: 'Its process is being started.', unblock: null };
    case 'ending':
      return explainEnding(slot, phase, nowMs);
    default:
      return wanted?.run
        ? explainWanted(slot, phase, wanted, dependencies, nowMs)
        : { state: emptyState(phase), reason: stoppedReason(wanted), unblock: wanted?.unblock ?? null };
  }
}

function explainAlive(
  slot: Slot,
  phase: Extract<Phase, { kind: 'alive' }>,
  wanted: DesiredInstance | null,
  dependencies: DependencyView,
): StateExplanation {
  const state = ({ none: 'ready', passing: 'ready', pending: 'running', failing: 'unready' } as const)[phase.readiness];
  if (wanted?.run) {
    return { state, ...aliveReason(slot, phase, wanted) };
  }
  const holders = dependencies.dependentsToStopFirst(slot.service).map((holder) => holder.id);
  if (holders.length === 0) return { state, reason: stoppedReason(wanted), unblock: null };
  return {
    state,
    reason: `Stops after ${listOf(holders)}, which depend${holders.length === 1 ? 's' : ''} on it.`,
    unblock: null,
  };
}

function aliveReason(
  slot: Slot,
  phase: Extract<Phase, { kind: 'alive' }>,
  { spec, rolloutStep }: Extract<DesiredInstance, { run: true }>,
) {
  const own = readinessReason(phase);
  if (own !== null && !isProbed(spec) && phase.because !== null) {
    return {
      reason: own,
      unblock: 'end that program, or give this service another port (`port: auto` takes a free one)',
    };
  }
  if (own !== null && !isProbed(spec)) {
    return { reason: `Counts as ready once it has lived for ${spec.readyAfterMs / 1000} s.`, unblock: null };
  }
  if (own !== null) {
    const which = probesOf(spec);
    return {
      reason: own,
      unblock: `the ${which} of ${slot.id} must pass; \`orch logs ${slot.id}\` shows what it does`,
    };
  }
  if (rolloutStep === null) return { reason: null, unblock: null };
  if (rolloutStep.step === 'now') return { reason: `About to be replaced: ${rolloutStep.because}.`, unblock: null };
  return { reason: sentence(rolloutStep.because), unblock: rolloutStep.unblock };
}

function probesOf({ readiness, startup }: ServiceSpec): string {
  if (readiness !== null && startup !== null) return 'probes';
  return startup === null ? 'readiness probe' : 'startup probe';
}

function readinessReason({ readiness, because }: Extract<Phase, { kind: 'alive' }>): string | null {
  if (readiness === 'none' || readiness === 'passing') return null;
  const state = readiness === 'pending' ? 'Alive, not ready yet' : 'Not ready';
  return sentence(because ? `${state}: ${because}` : state);
}

function explainEnding(slot: Slot, phase: Extract<Phase, { kind: 'ending' }>, nowMs: number): StateExplanation {
  const signal = slot.spec?.stop.signal ?? 'SIGTERM';
  const left = Math.max(0, Math.ceil((phase.deadlineMs - nowMs) / 1000));
  const target = phase.exit === null ? `pid ${phase.process.pid}` : 'what is left of its process tree';
  if (phase.step === 'clear')
    return { state: 'stopping', reason: 'Ended; its process tree is being checked.', unblock: null };
  if (phase.step === 'drain') {
    return { state: 'stopping', reason: `Drains; ${target} has ${left} s before ${signal}.`, unblock: null };
  }
  if (phase.step === 'kill') {
    return { state: 'stopping', reason: `SIGKILL sent; waiting for ${target} to disappear.`, unblock: null };
  }
  const { escalate, command = null, message } = slot.spec?.stop ?? { escalate: [] };
  const sent = phase.escalated > 0 ? (escalate[phase.escalated - 1]?.signal ?? signal) : signal;
  const next = escalate[phase.escalated]?.signal ?? 'SIGKILL';
  const begun = phase.escalated > 0 ? `${sent} sent` : describeFirstStep(command, message, sent);
  const ended =
    phase.exit !== null && 'code' in phase.exit && phase.exit.because ? `Ended with ${describeExit(phase.exit)}. ` : '';
  return { state: 'stopping', reason: `${ended}${begun}; ${target} has ${left} s before ${next}.`, unblock: null };
}

function describeFirstStep(command: Command | null, message: string | undefined, signal: string): string {
  if (message !== undefined) return `The message ${JSON.stringify(message)} was sent`;
  return command === null ? `${signal} sent` : 'Its stop command was started';
}

/** Nothing lives although it should. */
function explainWanted(
  slot: Slot,
  phase: Phase,
  wanted: Extract<DesiredInstance, { run: true }>,
  dependencies: DependencyView,
  nowMs: number,
): StateExplanation {
  const isNewVersion = slot.spec !== null && slot.spec.specHash !== wanted.spec.specHash;
  const last = slot.lastExit ? describeExit(slot.lastExit) : null;
  if (scheduleStateOf(slot, wanted.spec, nowMs) === 'later' && phase.kind !== 'backoff')
    return explainScheduled(slot, phase);
  if (!isNewVersion && phase.kind === 'completed') return { state: 'completed', reason: null, unblock: null };
  if (!isNewVersion && phase.kind === 'failed') {
    const unblock = `fix the cause and save procs.yaml, or run \`orch restart ${slot.id}\``;
    return { state: 'failed', reason: sentence(phase.reason), unblock };
  }
  if (!isNewVersion && phase.kind === 'blocked') {
    return { state: 'stopped', reason: sentence(phase.by), unblock: `\`orch start ${slot.id}\` tries again` };
  }
  if (!isNewVersion && phase.kind === 'backoff') {
    const leftMs = Math.max(0, phase.untilMs - nowMs);
    const left = leftMs < 60_000 ? `${(leftMs / 1000).toFixed(1)} s` : formatDuration(leftMs);
    const spell = slot.failures > 1 ? `${slot.failures} failures in a row, last` : 'Ended with';
    const reason = phase.isTimeout
      ? (phase.because ?? '')
      : phase.because
        ? `Was ended as unhealthy (${phase.because})`
        : slot.failures > 1
          ? `${spell}: ${last}`
          : lastSentence(slot, last);
    return {
      state: 'backoff',
      reason: sentence(`${reason}; next start in ${left}`),
      unblock: 'it restarts automatically',
    };
  }
  if (isNewVersion && wanted.rolloutStep?.step === 'later') {
    return { state: 'waiting', reason: sentence(wanted.rolloutStep.because), unblock: wanted.rolloutStep.unblock };
  }
  const blocker = dependencies.blockerOf(wanted.spec, wanted.isOlder);
  if (blocker) {
    const { service, condition } = blocker.dependency;
    return {
      state: 'waiting',
      reason: sentence(`Waits for ${service} (${condition}): ${blocker.because}`),
      unblock: `\`orch why ${service}\` tells more`,
    };
  }
  return { state: 'waiting', reason: 'About to be started.', unblock: null };
}

/** It waits for its time. */
function explainScheduled(slot: Slot, phase: Phase): StateExplanation {
  const next = slot.nextRunMs === null ? 'Its next run is being computed' : `Next run at ${isoTime(slot.nextRunMs)}`;
  const unblock = `\`orch start ${slot.id}\` runs it now`;
  if (phase.kind === 'failed')
    return {
      state: 'failed',
      reason: sentence(
        `The last run ${phase.reason.replace(NOT_RESTARTED, '')}; ${next.charAt(0).toLowerCase()}${next.slice(1)}`,
      ),
      unblock,
    };
  const last = phase.kind === 'completed' ? `; the last one ended well at ${isoTime(phase.atMs)}` : '';
  return { state: 'waiting', reason: sentence(`${next}${last}`), unblock };
}

const isoTime = (atMs: number): string => new Date(Math.round(atMs / 1000) * 1000).toISOString().replace('.000', '');

function lastSentence(slot: Slot, last: string | null): string {
  const exit = slot.lastExit;
  return exit && 'spawnError' in exit ? `Could not be started: ${last}` : `Ended with ${last}`;
}

function emptyState(phase: Phase): PublicState {
  return phase.kind === 'completed' ? 'completed' : 'stopped';
}

function stoppedReason(wanted: DesiredInstance | null): string {
  return sentence(wanted && !wanted.run ? wanted.because : 'no longer declared in procs.yaml');
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return capital.endsWith('.') ? capital : `${capital}.`;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
