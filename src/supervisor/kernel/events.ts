// Turns a fold of the kernel into the event that people read in `orch events`. Pure.
import type { InstanceEvent, InstanceId, Slot } from '../../core/model.ts';
import { describeExit } from '../../core/restart-policy.ts';

/** An event before it has a number and a time. `type` is past tense and stable. */
export type EventDraft = {
  type: string;
  instance: InstanceId | null;
  message: string;
  details: Record<string, unknown>;
};

/** @returns null for folds that nobody needs to read about. */
export function describeTransition(
  before: Slot,
  after: Slot,
  event: InstanceEvent,
  reason: string | null,
  nowMs: number,
): EventDraft | null {
  const told = (type: string, message: string, details: Record<string, unknown> = {}): EventDraft => ({
    type,
    instance: after.id,
    message: `${after.id} ${message}`,
    details,
  });
  switch (event.kind) {
    case 'spawned':
      return told('started', `started (pid ${event.process.pid})`, {
        pid: event.process.pid,
        restarts: after.restarts,
        tookMs: before.phase.kind === 'starting' ? nowMs - before.phase.sinceMs : null,
      });
    case 'adopted':
      return told('adopted', `adopted alive (pid ${event.process.pid})`, { pid: event.process.pid });
    case 'exited':
      return told('exited', `ended with ${describeExit(event.exit)}`, { exit: event.exit });
    case 'stopIntended':
      return told('stopping', `is being stopped: ${event.because}`, { cause: event.cause });
    case 'drained':
      return event.because === null
        ? told('drained', 'is drained')
        : told('drain_failed', `did not drain: ${event.because}`);
    case 'termIntended':
      return describeLateDrain(before, told);
    case 'escalateIntended':
      return told('escalated', `still lives and gets ${event.signal}`);
    case 'killIntended':
      return told('killed', `gets SIGKILL: ${reason ?? 'the grace period is over'}`);
    case 'leftoversFound':
      return before.phase.kind === 'ending' && before.phase.step === 'clear'
        ? told('leftovers_found', 'ended, but members of its process tree live on; they are being stopped')
        : null;
    case 'startRefused':
    case 'takenOver':
      return told('held', `is held down: ${event.by}`);
    case 'readinessChanged':
      return describeReadiness(before, after, told, nowMs);
    case 'unhealthy':
      return told('became_unhealthy', `is unhealthy: ${event.because}`);
    case 'spawnFailed':
    case 'emptied':
      return describeEnding(after, told, nowMs);
    default:
      return null;
  }
}

function describeReadiness(before: Slot, after: Slot, told: DraftEvent, nowMs: number): EventDraft | null {
  if (before.phase.kind !== 'alive' || after.phase.kind !== 'alive') return null;
  const { readiness, because } = after.phase;
  // A new reason for the same state is for `orch why`.
  if (before.phase.readiness === readiness) return null;
  if (readiness === 'failing') return told('became_unready', `is not ready: ${because}`);
  if (readiness === 'pending') return null;
  const afterMs = nowMs - before.phase.sinceMs;
  return before.phase.readiness === 'pending'
    ? told('became_ready', `is ready, ${afterMs} ms after its start`, { afterMs })
    : told('became_ready', 'is ready again');
}

type DraftEvent = (type: string, message: string, details?: Record<string, unknown>) => EventDraft;

/** Its deadline is the one it had from the begin: nothing has said since that it was drained. */
function describeLateDrain({ phase, spec }: Slot, told: DraftEvent): EventDraft | null {
  const drain = spec?.stop.drain;
  if (!drain || phase.kind !== 'ending' || phase.deadlineMs < phase.sinceMs + drain.timeoutMs) return null;
  return told('drain_failed', `did not drain: not within ${drain.timeoutMs} ms`);
}

function describeEnding(after: Slot, told: DraftEvent, nowMs: number): EventDraft | null {
  const { phase, lastExit } = after;
  const exit = lastExit ? describeExit(lastExit) : 'nothing known';
  switch (phase.kind) {
    case 'idle':
      return told('stopped', `stopped (${exit})`, { exit: lastExit });
    case 'completed':
      return told('completed', 'ran to completion');
    case 'failed':
      return told('failed', phase.reason, { exit: lastExit });
    case 'backoff': {
      const delayMs = phase.untilMs - nowMs;
      const cause = lastExit && 'spawnError' in lastExit ? `could not be started (${exit})` : `failed (${exit})`;
      return told('backed_off', `${cause}; next start in ${delayMs} ms`, { delayMs, failures: after.failures });
    }
    default:
      return null;
  }
}
