// What runs: the slots of a pool, the life of an instance in one of them, roll-outs, and the user's overrides.
// Plain serialisable data (it is the state file), and the small facts that follow from it. Pure.
import { type InstanceId, parseInstanceId, type ServiceName, type ServiceSpec } from './spec.ts';

/** One real process; never a pid alone. */
export type Incarnation = {
  pid: number;
  /** Kernel start time (Linux: clock ticks since boot, field 22 of /proc/PID/stat). */
  startTime: string;
  bootId: string;
  nonce: string;
};

export type Exit =
  /** `because`: what explains it, where that was found out. After code 0: why it does not count as success. */
  | { code: number; because?: string }
  /** `because`: where it is known what it was sent for: `over its memory bound of 512 MiB`. */
  | { signal: string; because?: string }
  /** The process could not be started: an errno name such as `ENOENT`. */
  | { spawnError: string; detail: string }
  /** It ended unseen. */
  | { unknown: true };

/** Why an instance is being stopped; decides what follows once its tree is empty. */
export type EndCause =
  /** Its main process ended by itself; what is left of its tree is cleared. */
  | 'exited'
  /** `orch stop`, `down`, scaled down, removed from the file, disabled. */
  | 'unwanted'
  /** The spec changed, or `orch restart`. */
  | 'replaced'
  /** A liveness probe failed, or it exceeded a limit. */
  | 'unhealthy'
  /** It ran for longer than its `timeout`. */
  | 'timedOut';

/*
 * Life of a slot:
 *
 *            startIntended        spawned            stopIntended | exited
 *   idle ───────────────▶ starting ───────▶ alive ─────────────────────▶ ending
 *    ▲                     ▲  │ startRefused                              │ emptied
 *    │ startAbandoned      │  ├──────────────▶ blocked (rearmed: idle)    │
 *    ├─────────────────────┼──┤ spawnFailed                               │
 *    │                     │  └──▶ backoff ◀──────────────────────────────┤ (restart policy)
 *    │                     └──────── due                                  │
 *    └── rearmed ──── completed | failed ◀────────────────────────────────┤
 *    ▲                     └─ startIntended again when the spec changed   │
 *    └────────────────────────────────────────────────────────────────────┘ not wanted, or replaced
 */
export type Phase =
  /** Nothing lives. */
  | { kind: 'idle' }
  /** Nothing lives and nothing may start, wanted or not: a sentence names the holder of the singleton. */
  | { kind: 'blocked'; by: string }
  /** The intent with its nonce is recorded; a process may or may not exist yet. */
  | { kind: 'starting'; nonce: string; sinceMs: number }
  | {
      kind: 'alive';
      process: Incarnation;
      sinceMs: number;
      adopted: boolean;
      readiness: Readiness;
      /** Since when `readiness` is what it is. */
      readinessSinceMs: number;
      /** Why it is not ready, as a probe found it; without a probe: what keeps it from being ready by its age. */
      because: string | null;
      /** A liveness or startup probe has failed, or a limit is exceeded: the sentence. It is to be restarted; nothing takes
       * that back. While it is ready, it waits for its turn in the pool. */
      unhealthy: string | null;
    }
  | {
      kind: 'ending';
      process: Incarnation;
      /** When the incarnation was started, and when it began to stop. */
      startedMs: number;
      sinceMs: number;
      adopted: boolean;
      cause: EndCause;
      /** The sentence behind the cause. */
      because: string;
      /** How the main process ended; null while it lives. */
      exit: Exit | null;
      step: StopStep;
      /** How many signals of `stop.escalate` were sent. */
      escalated: number;
      /** When the next, harder step is due. */
      deadlineMs: number;
      /** When to check again whether the tree is empty; the gap doubles. */
      nextCheckMs: number;
      checkGapMs: number;
    }
  /** `because`: why the last incarnation was ended by us: as unhealthy, or after its `timeout`; null: it ended by itself, see
   * `lastExit`. */
  | { kind: 'backoff'; untilMs: number; because: string | null; isTimeout?: true }
  /** Ran to completion (exit 0) and is not wanted again. */
  | { kind: 'completed'; atMs: number }
  /** Given up: a task that failed, a crash-loop limit. */
  | { kind: 'failed'; atMs: number; reason: string };

export type PhaseKind = Phase['kind'];

/** The state file and the messages keep the words of the first version, so that every version can read the file. */
const WRITTEN_PHASES = { ending: 'stopping', blocked: 'held' } as const;
export type WrittenPhaseKind = Exclude<PhaseKind, 'ending' | 'blocked'> | 'stopping' | 'held';

/** The word for a phase in the state file and in messages. */
export function phaseWord(kind: PhaseKind): WrittenPhaseKind {
  return kind === 'ending' || kind === 'blocked' ? WRITTEN_PHASES[kind] : kind;
}

/** `none`: no probe asks, and it has lived for `ready_after`: it is ready. `pending`: it was not ready yet. */
export type Readiness = 'none' | 'pending' | 'passing' | 'failing';
/**
 * `clear`: check whether anything of the tree is left; `drain`: told to take no new work; `term`: asked to stop; `kill`:
 * SIGKILL sent, repeated until empty.
 */
export type StopStep = 'clear' | 'drain' | 'term' | 'kill';

/** One place of a pool: at most one live incarnation at a time. */
export type Slot = {
  id: InstanceId;
  service: ServiceName;
  index: number;
  phase: Phase;
  /** The spec of the current or last incarnation (stop policy, dependencies, hash); null before the first start. */
  spec: SlotSpec | null;
  /** Starts after the first since the slot exists, or since `orch start`. */
  restarts: number;
  /** Ends that the restart policy took for failures, since the slot exists; not restarts by a command, an edit or a roll-out. */
  crashes: number;
  /** Failures in a row; reset by a healthy spell. */
  failures: number;
  /** When the recent failures happened, newest last; bounded by the restart limit's count + 1. */
  recentFailuresMs: number[];
  lastExit: Exit | null;
  /** The last incarnation that ended although it was to run, or could not be started; null: none since the last change from
   * outside (another version, a command). */
  lastEnd: { startedMs: number; atMs: number } | null;
  /** Of the previous incarnation: processes that still carry it were left behind by that one. */
  lastNonce: string | null;
  /** Raised by `orch restart`: an incarnation begun before this is replaced. */
  restartRequestedMs: number | null;
  /** Of a scheduled service: when the next run is; null: it has none, or that is not known yet. */
  nextRunMs: number | null;
  /** How it had ended before another version was started in it; null: it ran then, or had never run. */
  earlierEnd: EarlierEnd | null;
};

export type EarlierEnd = Pick<Slot, 'failures' | 'recentFailuresMs' | 'lastExit'> & {
  phase: Extract<Phase, { kind: 'completed' | 'failed' | 'backoff' | 'blocked' }>;
  spec: SlotSpec;
};

export type AliveSlot = Slot & { phase: Extract<Phase, { kind: 'alive' }> };
export type EndingSlot = Slot & { phase: Extract<Phase, { kind: 'ending' }> };

/** What must be remembered of the spec that an incarnation was started with, even after it left the file. */
export type SlotSpec = Pick<ServiceSpec, 'specHash' | 'stop' | 'restart' | 'dependsOn' | 'singleton'> & {
  /** The ports that its process was given, as variables and references name them: `PORT`, `api.port`. */
  ports?: Readonly<Record<string, string>>;
} & Partial<Pick<ServiceSpec, 'onEnd' | 'onFailure' | 'successCodes' | 'limits'>>; // missing: not declared

/**
 * A pool on its way to another version, or through a restart (of the user, of orch); gone once every instance is there.
 * Without environments and commands: it is written down.
 */
export type Rollout = {
  service: ServiceName;
  /** The version that is being rolled out; equal to the one that runs where a restart was asked for. */
  specHash: string;
  sinceMs: number;
  /** When the number of new instances that are good last grew (plus the time that it has waited since), and to how many. */
  progressMs: number;
  good: number;
  /** How many instances of older versions were available when it began: as many are protected. */
  protected: number;
  /** The version that most of those were of; null: none of them was available. */
  olderHash: string | null;
  /** Instances that were stopped for this version and have not started since: they start in no other one. */
  replacing: InstanceId[];
  /** Since when the version cannot start because of a dependency: the deadline does not count that time. Null: it can. */
  waitingSinceMs: number | null;
  /** Only unhealthy instances are restarted, in the version that runs. No deadline, and no failure pauses it. */
  isHealth: boolean;
  verdict: RolloutVerdict;
};
export type RolloutVerdict =
  | { kind: 'going' }
  /** Nothing more is replaced until the new ones are good after all, the file changes, or the user restarts it. */
  | { kind: 'paused'; atMs: number; because: string }
  /** The pool goes back to `olderHash` and stays there until the file changes or the user restarts it. */
  | { kind: 'rolledBack'; atMs: number; because: string };

/** What the user asked for on top of the file; kept until undone, shown in `ps`. */
export type Overrides = {
  /** Services and instances held stopped. */
  stopped: string[];
  /** `scale --ephemeral`: service -> size. */
  pools: Record<string, number>;
  /** `up --profile`: profiles that are wanted, and services of a profile or with `start: manual` that were asked for by name. */
  profiles: string[];
  /** `up NAME…`: only these services and what they depend on run; null: all. */
  only: string[] | null;
};

/** A slot that has never run. */
export function emptySlot(id: InstanceId, service: ServiceName, index: number): Slot {
  return {
    id,
    service,
    index,
    phase: { kind: 'idle' },
    spec: null,
    restarts: 0,
    crashes: 0,
    failures: 0,
    recentFailuresMs: [],
    lastExit: null,
    lastEnd: null,
    lastNonce: null,
    restartRequestedMs: null,
    nextRunMs: null,
    earlierEnd: null,
  };
}

/** Whether a process of the slot lives or may live: what must never be counted twice. */
export function isOccupied({ phase }: Slot): boolean {
  return phase.kind === 'starting' || phase.kind === 'alive' || phase.kind === 'ending';
}

/** Whether it has run for longer than it may. @param timeoutMs null: it has no limit */
export function isTimedOut(phase: Phase, timeoutMs: number | null, nowMs: number): boolean {
  return timeoutMs !== null && phase.kind === 'alive' && phase.sinceMs + timeoutMs <= nowMs;
}

/** The nonce of the incarnation that lives or may live in the slot; null when it is empty. */
export function nonceOf({ phase }: Slot): string | null {
  if (phase.kind === 'starting') return phase.nonce;
  return phase.kind === 'alive' || phase.kind === 'ending' ? phase.process.nonce : null;
}

/** What a slot remembers of the spec that its incarnation was started with. */
export function slotSpecOf(spec: ServiceSpec): SlotSpec {
  const { specHash, stop, restart, dependsOn, singleton, onEnd, onFailure, successCodes, limits } = spec;
  const ends = onEnd === 'down' || onFailure === 'down' ? { onEnd, onFailure } : {};
  const more = { ...(successCodes && { successCodes }), ...(limits.memory && { limits }) };
  return { specHash, stop, restart, dependsOn, singleton, ...ends, ...more };
}

/** The slot of an instance that has never run. */
export function emptySlotOf(id: InstanceId, service: ServiceName): Slot {
  return emptySlot(id, service, parseInstanceId(id)!.index);
}

/** The spec of a slot after the file was edited: keys that need no new process hold for the running one, too. Dependencies
 * are of one generation for all, so that stops can never wait for one another in a circle. */
export function specAfterEdit(spec: SlotSpec, declared: ServiceSpec): SlotSpec {
  if (declared.specHash !== spec.specHash) return { ...spec, dependsOn: declared.dependsOn };
  return spec.ports ? { ...slotSpecOf(declared), ports: spec.ports } : slotSpecOf(declared);
}

/** The earlier of two times; null: never. */
export function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
