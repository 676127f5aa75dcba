// Describes a transition of an instance as the event that people read in `orch events`. Pure.
import type { InstanceEvent } from '../../core/instance-event.ts';
import { describeExit } from '../../core/restart-policy.ts';
import type { Slot } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import { formatSpan } from '../../units.ts';

/** An event before it has a number and a time. `type` is past tense and stable. */
export type EventDraft = {
  type: string;
  instance: InstanceId | null;
  message: string;
  details?: Record<string, unknown>;
};
type DescribedTransition = Required<EventDraft>;
type Describe = (type: string, message: string, details?: Record<string, unknown>) => DescribedTransition;

/** @returns null for a transition that is not worth an event. */
export function describeTransition(
  before: Slot,
  after: Slot,
  event: InstanceEvent,
  reason: string | null,
  nowMs: number,
): DescribedTransition | null {
  const describe: Describe = (type, message, details = {}) => ({
    type,
    instance: after.id,
    message: `${after.id} ${message}`,
    details,
  });
  switch (event.kind) {
    case 'spawned':
      return describe('started', `started (pid ${event.process.pid})`, {
        pid: event.process.pid,
        restarts: after.restarts,
        tookMs: before.phase.kind === 'starting' ? nowMs - before.phase.sinceMs : null,
      });
    case 'adopted':
      return describe('adopted', `adopted alive (pid ${event.process.pid})`, { pid: event.process.pid });
    case 'exited':
      return describe('exited', `ended with ${describeExit(event.exit)}`, { exit: event.exit });
    case 'stopIntended':
      return describe('stopping', `is being stopped: ${event.because}`, { cause: event.cause });
    case 'drained':
      return event.because === null
        ? describe('drained', 'is drained')
        : describe('drain_failed', `did not drain: ${event.because}`);
    case 'termIntended':
      return describeLateDrain(before, describe);
    case 'escalateIntended':
      return describe('escalated', `still lives and gets ${event.signal}`);
    case 'killIntended':
      return describe('killed', `gets SIGKILL: ${reason ?? 'the grace period is over'}`);
    case 'leftoversFound':
      return before.phase.kind === 'ending' && before.phase.step === 'clear'
        ? describe('leftovers_found', 'ended, but members of its process tree live on; they are being stopped')
        : null;
    case 'startRefused':
    case 'takenOver':
      return describe('held', `${after.phase.kind === 'failed' ? 'stays down' : 'is blocked'}: ${event.by}`);
    case 'readinessChanged':
      return describeReadiness(before, after, describe, nowMs);
    case 'unhealthy':
      return describe('became_unhealthy', `is unhealthy: ${event.because}`);
    case 'spawnFailed':
    case 'emptied':
      return describeEnding(after, describe, nowMs);
    default:
      return null;
  }
}

function describeReadiness(before: Slot, after: Slot, describe: Describe, nowMs: number): DescribedTransition | null {
  if (before.phase.kind !== 'alive' || after.phase.kind !== 'alive') return null;
  const { readiness, because } = after.phase;
  // `orch why` shows a new reason for the same state.
  if (before.phase.readiness === readiness) return null;
  if (readiness === 'failing') return describe('became_unready', `is not ready: ${because}`);
  if (readiness === 'pending') return null;
  const afterMs = nowMs - before.phase.sinceMs;
  return before.phase.readiness === 'pending'
    ? describe('became_ready', `is ready, ${afterMs} ms after its start`, { afterMs })
    : describe('became_ready', 'is ready again');
}

/** The deadline of a drain that was not answered is still the one that it had when it began. */
function describeLateDrain({ phase, spec }: Slot, describe: Describe): DescribedTransition | null {
  const drain = spec?.stop.drain;
  if (!drain || phase.kind !== 'ending' || phase.deadlineMs < phase.sinceMs + drain.timeoutMs) return null;
  return describe('drain_failed', `did not drain within ${drain.timeoutMs} ms`);
}

function describeEnding(after: Slot, describe: Describe, nowMs: number): DescribedTransition | null {
  const { phase, lastExit } = after;
  const exit = lastExit ? describeExit(lastExit) : 'nothing known';
  switch (phase.kind) {
    case 'idle':
      return describe('stopped', `stopped (${exit})`, { exit: lastExit });
    case 'completed':
      return describe('completed', 'ran to completion');
    case 'failed':
      return describe('failed', phase.reason, { exit: lastExit });
    case 'backoff': {
      const delayMs = phase.untilMs - nowMs;
      const cause = lastExit && 'spawnError' in lastExit ? `could not be started (${exit})` : `failed (${exit})`;
      return describe('backed_off', `${cause}; next start in ${formatSpan(delayMs)}`, {
        delayMs,
        failures: after.failures,
      });
    }
    default:
      return null;
  }
}
