// The words of orch as types: what is declared (Config), what runs (Slot), what happened (InstanceEvent).
// Plain serialisable data only; no no clock, no Node module.

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** `[a-z0-9][a-z0-9_-]{0,62}` */
export type ServiceName = Brand<string, 'ServiceName'>;
/** `<service>.<index>`, index from 1: `api.1`. */
export type InstanceId = Brand<string, 'InstanceId'>;

export const serviceName = (text: string): ServiceName => text as ServiceName;
export const instanceId = (service: string, index: number): InstanceId => `${service}.${index}` as InstanceId;

/** Splits `api.3` into its service and index; `null` where the text has no such form. */
export function parseInstanceId(text: string): { service: ServiceName; index: number } | null {
  const match = /^([a-z0-9][a-z0-9_-]{0,62})\.([1-9][0-9]{0,5})$/.exec(text);
  return match ? { service: match[1] as ServiceName, index: Number(match[2]) } : null;
}

// ---- Declared -------------------------------------------------------------------------------------------------

/**
 * A string in which `$$` stands for `$` and `${PORT}`, `${ORCH_INSTANCE}` and the other per-instance variables are still
 * to be filled in for each instance; everything else was expanded at load.
 */
export type InstanceTemplate = string;

/** The value of a variable: in the configuration, or in a file (an absolute path) that is read at each start. */
export type EnvValue = InstanceTemplate | { secret: InstanceTemplate };

export type Command =
  /** Run as is. */
  | { kind: 'argv'; argv: InstanceTemplate[] }
  /** Run by the shell, which expands variables itself: never a template. */
  | { kind: 'shell'; line: string };

export type RestartPolicy = {
  policy: 'always' | 'on_failure' | 'never';
  backoff: { initialMs: number; maxMs: number; factor: number };
  /** More than `count` failures within `withinMs` give up (state `failed`); null: never give up. */
  limit: { count: number; withinMs: number } | null;
  /** Being alive this long counts as a healthy spell: the back-off starts over. */
  healthyAfterMs: number;
};

export type StopPolicy = {
  /** A name such as `SIGTERM`. */
  signal: string;
  /** Who gets the signals: the whole tree, or the main process, which then ends its children itself. */
  to: 'tree' | 'main';
  /** From the first signal to SIGKILL. */
  graceMs: number;
  /** Run instead of the first signal; null: the signal. */
  command: Command | null;
  /** Further signals on the way to SIGKILL, each after a pause since the step before; together within `graceMs`. */
  escalate: { signal: string; afterMs: number }[];
  /** Before the first signal; null: stopped at once. */
  drain: DrainPolicy | null;
};

/** How an instance is told to take no more work, and the longest that it may take to finish what it has. */
export type DrainPolicy = { by: DrainMethod; timeoutMs: number };
export type DrainMethod =
  /** Drained when the process ends by itself. */
  | { kind: 'signal'; signal: string }
  /** A POST; drained when it is answered. */
  | { kind: 'http'; url: InstanceTemplate }
  /** Drained when the command ends. */
  | { kind: 'exec'; command: Command }
  /** Only where it is not wanted any more: the log queue that it reads is written to the end, then its input ends. Drained
   * when the process ends by itself. */
  | { kind: 'end_of_input'; queue: string };

/** One thing that must be so. */
export type Check =
  /** Exits with 0. */
  | { kind: 'exec'; command: Command }
  | {
      kind: 'http';
      url: InstanceTemplate;
      /** Null: any 2xx or 3xx. */
      status: number | null;
      headers: Record<string, InstanceTemplate>;
      /** A regular expression that the body must match, or null. */
      body: string | null;
    }
  /** `port` or `host:port` accepts a connection. */
  | { kind: 'tcp'; address: InstanceTemplate }
  /** A socket accepts a connection; an absolute path. */
  | { kind: 'unix'; path: InstanceTemplate }
  /** A line of output has matched this regular expression since the start. */
  | { kind: 'log'; pattern: string }
  /** `READY=1` has come by the sd_notify protocol since the start. */
  | { kind: 'notify' }
  /** This much time has passed since the start. */
  | { kind: 'delay'; delayMs: number };

/** Checks that are made together, again and again: an attempt succeeds when all of them hold. */
export type Probe = {
  checks: Check[];
  /** From the end of one attempt to the begin of the next. */
  everyMs: number;
  timeoutMs: number;
  /** In a row, to count as passing; in a row, to count as failing. */
  successes: number;
  failures: number;
  /** From the start of the process (or, held back by `startup`, from its success) to the first attempt. */
  initialDelayMs: number;
};

/** What an attempt found; a failure with the sentence that says which check failed and how. */
export type ProbeResult = { ok: true } | { ok: false; because: string };

/** A number of instances, or a share of the pool. */
export type Portion = { kind: 'count'; count: number } | { kind: 'percent'; percent: number };

/** A socket that the supervisor holds for a service. `name`: what LISTEN_FDNAMES calls it. */
export type ListenAddress =
  | { kind: 'tcp'; host: string; port: number; name: string }
  /** An absolute path. */
  | { kind: 'unix'; path: string; name: string };

/** Runs at given times instead of always. */
export type Schedule = {
  /** Five or six fields, seconds first. */
  cron: string;
  /** An IANA name. */
  timeZone: string;
  /** Run once, late, for what was missed while no supervisor ran. */
  catchUp: boolean;
  /** When the run before still runs: leave this one out, run it afterwards, or end the one before. */
  overlap: 'skip' | 'queue' | 'replace';
};

/** Files of the program: what happens when they change. */
export type WatchPolicy = {
  /** Globs, relative to the root; `/` between the parts. */
  paths: string[];
  ignore: string[];
  debounceMs: number;
  action: { kind: 'restart' } | { kind: 'signal'; signal: string } | { kind: 'run'; command: Command };
};

/** Commands around the life of an instance. */
export type Hooks = {
  /** Must succeed for the instance to be started. */
  beforeStart: Command | null;
  afterReady: Command | null;
  afterExit: Command | null;
};

export type Limits = {
  /** Of the resident memory of the whole tree; `kill`: SIGKILL at once instead of a stop. */
  memory: { maxBytes: number; action: 'restart' | 'kill' } | null;
  /** Open files of each process. */
  nofile: number | null;
  nice: number | null;
};

/** How a pool goes over to a new version. */
export type RolloutPolicy = {
  /** How many of the pool may be missing meanwhile; a share is rounded down, and at least 1 unless surge is allowed. */
  maxUnavailable: Portion;
  /** How many instances may be there on top; a share is rounded up. */
  maxSurge: Portion;
  /** How long a new instance must be ready to count. */
  minReadyMs: number;
  /** Longest wait for the next new instance to get ready; then `onFailure`. */
  deadlineMs: number;
  onFailure: 'pause' | 'rollback';
};

export type SingletonPolicy = {
  key: string;
  scope: 'project' | 'user' | 'host';
  onConflict: 'replace' | 'refuse' | 'adopt' | 'wait';
  /** Absolute path, or null. */
  pidFile: string | null;
};

export type DependencyCondition = 'started' | 'ready' | 'completed';
/**
 * What a running instance does when the dependency is lost (none of its instances meets the condition any more):
 * `ignore`: runs on; `hold`: is stopped until the condition holds again; `restart`: runs on, and is restarted once the
 * dependency is back as a new process.
 */
export type LossPolicy = 'ignore' | 'hold' | 'restart';
export type Dependency = { service: ServiceName; condition: DependencyCondition; onLoss: LossPolicy };

/** One service after parsing, merging, expansion and defaults: nothing is optional. */
export type ServiceSpec = {
  name: ServiceName;
  description: string | null;
  command: Command;
  /** Absolute path. */
  cwd: InstanceTemplate;
  /** What the service declares on top of the supervisor's own environment: project env files, project env, service env
   * files, service env; the later wins. */
  env: Record<string, EnvValue>;
  pool: number;
  /** Instance n listens on `port + n - 1` (its PORT); null: no PORT is set. */
  port: number | null;
  singleton: SingletonPolicy | null;
  logQueue: string;
  dependsOn: Dependency[];
  /** When an instance counts as ready; null: as soon as it runs (and `startup`, if any, has passed). */
  readiness: Probe | null;
  /** When it must be restarted although it runs; null: never. */
  liveness: Probe | null;
  /** Holds the other probes back until it passes once; its failure counts like that of `liveness`. Null: they begin at once. */
  startup: Probe | null;
  rollout: RolloutPolicy;
  restart: RestartPolicy;
  stop: StopPolicy;
  /** Shared by the whole pool; descriptors from 3 on, in this order. */
  listen: ListenAddress[];
  /** Null: runs all the time, or once. */
  schedule: Schedule | null;
  watch: WatchPolicy | null;
  hooks: Hooks;
  limits: Limits;
  /** Runs only when one of these is asked for; empty: always. */
  profiles: string[];
  /** Gets a FIFO that others may write to, instead of the null device. */
  stdin: boolean;
  /** Runs on a pseudo-terminal of its own, which `orch attach` types into. */
  tty: boolean;
  /** Writes down how it ends, for the case that no supervisor sees it. */
  exitRecord: boolean;
  enabled: boolean;
  /** SHA-256 (hex, 16 characters) over the `restart`-class keys only: equal hash = the running instance still fits. */
  specHash: string;
};

export type LogFormat = 'text' | 'json' | 'raw';
export type OverflowPolicy = 'block' | 'drop_oldest' | 'drop_newest';
export type LogQueueSpec = {
  name: string;
  /** Absolute path of the live file, or of the FIFO that the sink reads. */
  path: string;
  /** The service that reads the lines on stdin, instead of a file; null: a file. */
  sink: string | null;
  format: LogFormat;
  rotate: {
    /** 0: never by size. */
    sizeBytes: number;
    keep: number;
    compress: 'gzip' | 'none';
    /** 0: never by time. */
    everyMs: number;
    /** Cap over the rotated files of the queue; 0: none. */
    totalBytes: number;
  };
  capacityBytes: number;
  overflow: OverflowPolicy;
};

/** A whole accepted configuration. */
export type ProjectConfig = {
  project: string;
  /** Name of the environment (`--env`), or null. */
  env: string | null;
  /** Directory of procs.yaml, absolute. */
  root: string;
  /** In file order. */
  services: ServiceSpec[];
  logQueues: LogQueueSpec[];
};

/** One thing wrong with a configuration, as a person needs it. Lines and columns count from 1. */
export type Problem = {
  severity: 'error' | 'warning';
  /** As the user would name it: relative to where procs.yaml lies. */
  file: string;
  line: number | null;
  column: number | null;
  /** Stable, e.g. `unknown-key`. */
  code: string;
  /** What is wrong, quoting the offending text, and what was expected. */
  message: string;
  /** What to do about it, or null. */
  hint: string | null;
  /** The source line and the width of the caret under it, when there is a position. */
  excerpt: { text: string; caretColumn: number; caretLength: number } | null;
};

/** A configuration that was loaded and found valid, with what is needed to watch it. */
export type AcceptedConfig = {
  config: ProjectConfig;
  /** Every file that was read or looked for (an absent `?.env` or overlay included), absolute. `contentHash`: SHA-256
   * hex of the bytes; null: the file did not exist. */
  watched: WatchedFile[];
  /** The files that make up the configuration, relative to the root, for display. */
  files: string[];
  warnings: Problem[];
};
export type WatchedFile = { path: string; contentHash: string | null };

/** What loading a configuration yields: the whole of it, or every problem that was found. */
export type LoadResult =
  | { ok: true; accepted: AcceptedConfig }
  | { ok: false; problems: Problem[]; watched: WatchedFile[] };

// ---- Observed -------------------------------------------------------------------------------------------------

/** One real process; never a pid alone (design.md §1). */
export type Incarnation = {
  pid: number;
  /** Kernel start time (Linux: clock ticks since boot, field 22 of /proc/PID/stat). */
  startTime: string;
  bootId: string;
  nonce: string;
};

export type Exit =
  | { code: number }
  /** `because`: where it is known what it was sent for: `over its memory bound of 512 MiB`. */
  | { signal: string; because?: string }
  /** The process could not be started: an errno name such as `ENOENT`. */
  | { spawnError: string; detail: string }
  /** Nobody saw it end. */
  | { unknown: true };

/** Why an instance is being stopped; decides what follows once its tree is empty. */
export type StopCause =
  /** Its main process ended by itself; what is left of its tree is cleared. */
  | 'exited'
  /** `orch stop`, `down`, scaled down, removed from the file, disabled. */
  | 'unwanted'
  /** The spec changed, or `orch restart`. */
  | 'replaced'
  /** A liveness probe failed. */
  | 'unhealthy';

/*
 * Life of a slot:
 *
 *            startIntended        spawned            stopIntended | exited
 *   idle ───────────────▶ starting ───────▶ alive ─────────────────────▶ ending
 *    ▲                       │ spawnFailed                                  │ emptied
 *    │◀──── (due) backoff ◀──┴──────────────────────────────────────────────┤
 *    │◀──── completed | failed (spec changed, or told to start) ◀───────────┘
 */
export type Phase =
  /** Nothing lives. */
  | { kind: 'idle' }
  /** Nothing lives and nothing may start, wanted or not: a sentence says who has the singleton. */
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
      /** What the last probe found when it did not pass; null when it did, or there is none. */
      because: string | null;
      /** A liveness or startup probe has failed: the sentence. It is to be stopped; nothing takes that back. */
      unhealthy: string | null;
    }
  | {
      kind: 'ending';
      process: Incarnation;
      /** When the incarnation was started, and when it began to stop. */
      startedMs: number;
      sinceMs: number;
      adopted: boolean;
      cause: StopCause;
      /** The sentence behind the cause. */
      because: string;
      /** How the main process ended; null while it lives. */
      exit: Exit | null;
      step: StopStep;
      /** How many signals of `stop.escalate` were sent. */
      escalated: number;
      /** When the next, harder step is due. */
      deadlineMs: number;
      /** When to look again whether the tree is empty; the gap doubles. */
      nextCheckMs: number;
      checkGapMs: number;
    }
  /** `because`: why the last incarnation was ended by us; null: it ended by itself, see `lastExit`. */
  | { kind: 'backoff'; untilMs: number; because: string | null }
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

/** `none`: no readiness probe; alive means ready. */
export type Readiness = 'none' | 'pending' | 'passing' | 'failing';
/**
 * `clear`: look whether anything of the tree is left; `drain`: told to take no new work; `term`: asked to stop; `kill`:
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
  /** Failures in a row; reset by a healthy spell. */
  failures: number;
  /** When the recent failures happened, newest last; bounded by the restart limit's count + 1. */
  recentFailuresMs: number[];
  lastExit: Exit | null;
  /** Of the incarnation before: what still carries it was left behind by that one. */
  lastNonce: string | null;
  /** Raised by `orch restart`: an incarnation begun before this is replaced. */
  restartRequestedMs: number | null;
  /** Of a scheduled service: when the next run is; null: it has none, or that is not known yet. */
  nextRunMs: number | null;
};

/** What must be remembered of the spec that an incarnation was started with, even after it left the file. */
export type SlotSpec = Pick<ServiceSpec, 'specHash' | 'stop' | 'restart' | 'dependsOn' | 'singleton'>;

/**
 * A pool on its way to another version (or through a restart); gone once every instance is there. Without environments
 * and commands: it is written down.
 */
export type Rollout = {
  service: ServiceName;
  /** The version that is being rolled out; equal to the one that runs where a restart was asked for. */
  specHash: string;
  sinceMs: number;
  /** When the number of new instances that are good last grew, and to how many. */
  progressMs: number;
  good: number;
  /** How many instances of older versions were available at the begin: what there is to protect. */
  protected: number;
  /** The version that most of those were of; null: none of them was available. */
  olderHash: string | null;
  verdict: RolloutVerdict;
};
export type RolloutVerdict =
  | { kind: 'going' }
  /** Nothing more is replaced until the new ones are good after all, the file changes, or somebody says so. */
  | { kind: 'paused'; atMs: number; because: string }
  /** The pool goes back to `olderHash` and stays there until the file changes or somebody says so. */
  | { kind: 'rolledBack'; atMs: number; because: string };

/** Wishes of the user on top of the file; kept until undone, shown in `ps`. */
export type Overrides = {
  /** Services and instances held stopped. */
  stopped: string[];
  /** `scale --ephemeral`: service -> size. */
  pools: Record<string, number>;
  /** `up --profile`: profiles that are wanted, and services of a profile that were asked for by name. */
  profiles: string[];
};

// ---- Actions and events ---------------------------------------------------------------------------------------

/** What the reconciler wants done now. Imperative; idempotent by level: the next pass asks again if it did not happen. */
export type InstanceAction =
  | { kind: 'start'; id: InstanceId; spec: ServiceSpec; reason: string }
  /** Begin to stop: drain, or else the stop command or signal. */
  | { kind: 'stop'; id: InstanceId; cause: StopCause; reason: string }
  /** The drain is over: the stop command or signal. */
  | { kind: 'term'; id: InstanceId; reason: string }
  /** The next signal of `stop.escalate`. */
  | { kind: 'escalate'; id: InstanceId; signal: string }
  /** The grace period is over: SIGKILL to the whole tree, sweep included. */
  | { kind: 'kill'; id: InstanceId; reason: string }
  /** Look whether anything of the tree is left. */
  | { kind: 'clear'; id: InstanceId }
  /** Give up a start that has not led to a process yet (it waits for a singleton, or its hook runs). */
  | { kind: 'abandon'; id: InstanceId }
  /** The slot is empty and not wanted: drop it. */
  | { kind: 'forget'; id: InstanceId };

/** What happened to one slot. Past tense; folded by `transition`. */
export type InstanceEvent =
  | { kind: 'startIntended'; nonce: string; spec: SlotSpec }
  | { kind: 'spawned'; process: Incarnation; readiness: 'none' | 'pending' }
  | { kind: 'spawnFailed'; exit: Extract<Exit, { spawnError: string }>; countsAsFailure: boolean }
  /** The singleton could not be had. */
  | { kind: 'startRefused'; by: string }
  /** The start was given up before there was a process. */
  | { kind: 'startAbandoned' }
  | { kind: 'adopted'; process: Incarnation; sinceMs: number; spec: SlotSpec; readiness: Readiness }
  | { kind: 'exited'; exit: Exit }
  | { kind: 'stopIntended'; cause: StopCause; because: string }
  /** Another supervisor holds the singleton now: this one stays down until it is told to start. */
  | { kind: 'takenOver'; by: string }
  /** Keys that need no new process changed in the file: they hold for the running incarnation from now on. */
  | { kind: 'specUpdated'; spec: SlotSpec }
  /** The drain was answered, or its command ended; `because`: what went wrong with it. */
  | { kind: 'drained'; because: string | null }
  | { kind: 'termIntended' }
  | { kind: 'escalateIntended'; signal: string }
  | { kind: 'killIntended' }
  /** The group and the sweep found nothing alive any more. */
  | { kind: 'emptied' }
  /** The main process is gone but members of its tree live. */
  | { kind: 'leftoversFound' }
  /** `because`: what stands against it; null when it passes, or where there is no probe. */
  | { kind: 'readinessChanged'; readiness: Readiness; because: string | null }
  /** A liveness or startup probe failed as often as its `failures` says. */
  | { kind: 'unhealthy'; because: string }
  /** When the next run is; null: the service runs by no schedule any more. */
  | { kind: 'runScheduled'; atMs: number | null }
  /** `orch restart`: an incarnation begun before now is replaced. */
  | { kind: 'restartRequested' }
  /** `orch start`, `orch restart`: forget failures; leave `completed`, `failed`, `backoff`, `blocked`. */
  | { kind: 'rearmed' };
