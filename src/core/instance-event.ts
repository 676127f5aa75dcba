// What happens to an instance: the events that `transition` folds into its slot. Types only.
import type { EndCause, Exit, Incarnation, Readiness, SlotSpec } from './slot.ts';

/** What happened to one slot. Past tense; folded by `transition`. */
export type InstanceEvent =
  | { kind: 'startIntended'; nonce: string; spec: SlotSpec }
  | { kind: 'spawned'; process: Incarnation; readiness: 'none' | 'pending' }
  | { kind: 'spawnFailed'; exit: Extract<Exit, { spawnError: string }>; countsAsFailure: boolean }
  /** The singleton is taken. */
  | { kind: 'startRefused'; by: string }
  /** The start was given up before there was a process. */
  | { kind: 'startAbandoned' }
  | { kind: 'adopted'; process: Incarnation; sinceMs: number; spec: SlotSpec; readiness: Readiness }
  | { kind: 'exited'; exit: Exit }
  | { kind: 'stopIntended'; cause: EndCause; because: string }
  /** Rolled back to a version in which it had ended already: it is as it was then. */
  | { kind: 'returned' }
  /** Another supervisor holds the singleton now: this one stays down until a command starts it. */
  | { kind: 'takenOver'; by: string }
  /** Keys that need no new process changed in the file: they hold for the running incarnation from now on. */
  | { kind: 'specUpdated'; spec: SlotSpec }
  /** The drain was answered, or its command ended; `because`: what went wrong with it. */
  | { kind: 'drained'; because: string | null }
  | { kind: 'termIntended' }
  | { kind: 'escalateIntended'; signal: string }
  | { kind: 'killIntended' }
  /** The group and the sweep found nothing alive any more. `exitBecause`, here and below: what explains its exit code. */
  | { kind: 'emptied'; exitBecause?: string }
  /** The main process is gone but members of its tree live. */
  | { kind: 'leftoversFound'; exitBecause?: string }
  /** `because`: what the probe found; null when it passes, or when there is none. */
  | { kind: 'readinessChanged'; readiness: Readiness; because: string | null }
  /** A liveness or startup probe failed as often as its `failures` says, or a limit is exceeded. `isSilent`: it did not
   * answer at all, and no readiness probe tells more: it does not serve. */
  | { kind: 'unhealthy'; because: string; isSilent?: true }
  /** When the next run is; null: the service runs by no schedule any more. */
  | { kind: 'runScheduled'; atMs: number | null }
  /** `orch restart`: an incarnation begun before now is replaced. */
  | { kind: 'restartRequested' }
  /** `orch start`, `orch restart`: forget failures; leave `completed`, `failed`, `backoff`, `blocked`. */
  | { kind: 'rearmed' };
