// The protocol between clients and the supervisor: JSON lines on a unix socket, one object a line.
// Request {id, method, params}; answers {id, result} or {id, error}; a stream sends {id, event} until {id, result}.
// Shared by both sides. `orch ps --json` prints these shapes: they change only compatibly.
import type { FollowedRef } from '../core/follow.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import type {
  AppliedBy,
  ConfigStatus,
  EditOutcome,
  GenerationRecord,
  HeldEdit,
  PausedEdits,
} from './protocol-edits.ts';
import type { InspectedInstance } from './protocol-inspect.ts';
import type { RunningLaunch } from './protocol-launch.ts';
import type { MemoryLimitStatus } from './protocol-limits.ts';
import type { Plan, PlannedToken } from './protocol-plan.ts';
import type { TaskStatus } from './protocol-tasks.ts';

export const PROTOCOL_VERSION = 1;
/** A longer line ends the connection, in both directions. `apply` carries a whole configuration. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

export type InstanceState =
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

export type ExitStatus = { code: number } | { signal: string } | { spawnError: string } | { unknown: true };

export type InstanceStatus = {
  id: string;
  state: InstanceState;
  pid: number | null;
  /** ISO 8601 with milliseconds; null if no process lives. */
  startedAt: string | null;
  /** Starts after the first, whatever for. */
  restarts: number;
  /** How often it failed: exited by itself without success, could not start, was unhealthy, ran for longer than its `timeout`.
   * Absent from a supervisor of an older version. */
  crashes?: number;
  lastExit: ExitStatus | null;
  adopted: boolean;
  specHash: string;
  /** A sentence; null if there is nothing to explain. */
  reason: string | null;
  /** Of one core, whole process only, since the previous sample. */
  cpuPercent: number;
  rssBytes: number;
  /** Null: it has no `limits.memory`, or is not running. */
  memoryBound?: MemoryLimitStatus | null;
  /** Its PORT; null: it has none. Absent from a supervisor of an older version. */
  port?: number | null;
};

export type ServiceStatus = {
  name: string;
  pool: number;
  running: number;
  ready: number;
  singleton: boolean;
  logQueue: string;
  /** Missing: stderr goes to `logQueue` as well. */
  stderrQueue?: string;
  /** `{stopped: true}` or `{pool: n}`: what a command set in place of the file. */
  override: { stopped?: true; pool?: number } | null;
  /** The name for people; missing: it has none. */
  title?: string;
  /** Missing: it has none. */
  tags?: string[];
  /** `never`: it is disabled; `on_request`: it has a profile or `start: manual`, and was not asked for. Missing: it is meant when
   * everything is. */
  runs?: 'never' | 'on_request';
  /** Facts that people should know, one sentence each; missing: there is none. */
  notes?: string[];
  /** What its instances wait for before they start. Absent from a supervisor of an older version. */
  dependsOn?: DependencyStatus[];
  /** Of its roll-out that is under way or has halted; missing: there is none. */
  rollout?: RolloutStatus;
  /** How its instances take what is typed: lines, or keys in a terminal of their own; missing: not at all. */
  input?: 'stdin' | 'tty';
  /** Missing: it does not run to its end. */
  task?: TaskStatus;
  instances: InstanceStatus[];
};

/** `met`: the condition holds now. `required`: false: not waited for where the condition cannot come. */
export type DependencyStatus = {
  service: string;
  condition: 'started' | 'ready' | 'completed' | 'ended';
  met: boolean;
  required?: false;
};

/** `reason`: a sentence part; of one that has halted. */
export type RolloutStatus = { state: 'going' } | { state: 'paused' | 'rolled_back'; reason: string };

export type LogQueueStatus = {
  name: string;
  path: string;
  depthBytes: number;
  capacityBytes: number;
  highWaterBytes: number;
  lines: number;
  bytes: number;
  droppedLines: number;
  overflow: 'block' | 'drop_oldest' | 'drop_newest';
  error: string | null;
  /** How long the oldest line that is not on disk yet has waited. */
  lagMs?: number;
  /** Instances that lost lines, and how many. */
  droppedByInstance?: Record<string, number>;
};

export type Status = {
  project: string;
  env: string | null;
  generation: number;
  converged: boolean;
  /** Instances that will not come up by themselves, with a sentence each. Absent from a supervisor of an older version. */
  degraded?: { instance: string; reason: string }[];
  config: ConfigStatus;
  supervisor: { pid: number; startedAt: string; rssBytes: number; cpuPercent: number };
  services: ServiceStatus[];
  logQueues: LogQueueStatus[];
};

/** One line of `orch events`. `type` is past tense and stable. */
export type EventRecord = {
  /** Counts up, over all supervisors of the project; a client that received n asks from n + 1. */
  seq: number;
  /** ISO 8601 with milliseconds. */
  time: string;
  type: string;
  service: string | null;
  instance: string | null;
  /** A sentence for people. */
  message: string;
  details: Record<string, unknown>;
};

/** `orch why NAME`: the chain of causes, outermost first. */
export type Explanation = {
  id: string;
  /** Of its service, for people; missing: it has none. */
  title?: string;
  state: InstanceState;
  /** One sentence each: the direct cause first, then what that one waits for. */
  causes: string[];
  /** What would unblock it; null if nothing is wrong. */
  unblock: string | null;
  /** Further facts about it, one sentence each. */
  notes?: string[];
};

/** `instances`: those that were started, or wait for a dependency that may still come. `notStarted`: left out by older supervisors. */
export type StartResult = { instances: string[]; notStarted?: NotStarted[] };
/** `instance`: or a service with `pool: 0`. `reason`: a sentence. */
export type NotStarted = { instance: string; reason: string; code: 'failed' | 'conflict' };

export type WireError = {
  /** `usage`, `not-found`, `config`, `conflict`, `held`, `paused`, `environment-differs` (shown as `conflict`), `failed`, `timeout`, `going-down`, `handing-over` (ask the next supervisor), `internal`. */
  code: string;
  message: string;
  file?: string;
  line?: number;
  column?: number;
  hint?: string;
  /** Of the program that ended the project. */
  exitCode?: number;
};

/** method -> [params, result, event of a stream or never] */
export type ApiMethods = {
  /** `file`: from which the active configuration was read, absolute. */
  hello: [
    Record<string, never>,
    { version: string; protocol: number; pid: number; project: string; root: string; file: string },
    never,
  ];
  /** `known`: what is known at once, without asking the log writer or git; older supervisors ask. */
  status: [{ known?: boolean }, Status, never];
  /** A full status at once and after each change, at most every `minIntervalMs`, and every 2 s for cpu and memory. */
  /** `known`: the first one has what is known at once, and a complete one follows. */
  watchStatus: [{ minIntervalMs: number; known?: boolean }, Record<string, never>, Status];
  /** Past events from `fromSeq` (default: all that are kept, at most `limit` newest), then live ones when `follow`. */
  events: [{ follow: boolean; fromSeq?: number; limit?: number }, Record<string, never>, EventRecord];
  why: [{ name: string }, { explanations: Explanation[] }, never];
  /** Takes a third of a second. Supervisors of older versions do not know it. */
  inspect: [{ name: string }, { instances: InspectedInstance[] }, never];
  start: [{ names: string[] }, StartResult, never];
  /** Resolves once their processes are gone; `timeoutMs` limits this wait, not the stop itself. */
  stop: [{ names: string[]; timeoutMs?: number | null }, { instances: string[] }, never];
  restart: [{ names: string[] }, StartResult, never];
  /** Starts what `service` depends on and resolves once it could start itself. `started`: services that did not run before. */
  startDependencies: [{ service: string; timeoutMs: number | null }, { started: string[] }, never];
  /** What a command needs to run in the place of an instance: of `name`, or the first running one of that service. */
  launchContext: [{ name: string }, RunningLaunch, never];
  /** To the main process of each live instance of `name`; `instances`: those that got it. */
  signal: [{ name: string; signal: string }, { instances: string[] }, never];
  /** Live instances of `name` read their own configuration again. `how`: a signal or `its command`; null: `error` says why not. */
  reload: [{ name: string }, { instances: { id: string; how: string | null; error: string | null }[] }, never];
  /** Ephemeral: an override, not the file. `size: null` removes the override. */
  scale: [{ service: string; size: number | null }, { service: string; size: number }, never];
  /** Runs the services of these profiles, of no others, and those without a profile. `services`: those of the profiles. */
  profiles: [{ profiles: string[] }, { services: string[] }, never];
  /** What applying `config` would do now. `key`: for its token; without: it gets none. */
  plan: [{ accepted: AcceptedConfig; key?: string }, Plan, never];
  /** Applies a configuration that the client loaded, or (null) makes the supervisor read its files now.
   * `only`: also run these services and what they depend on; none: run all services; null: as before. `file`: the file to
   * read and watch from now on (absolute). `variables`: of the shell that calls `up`; they stay in force until the next one.
   * `keepsEnvironment`: an error `environment-differs` if another environment is in force. `planned`: an error `conflict` if its
   * token does not hold any more. An error `files-changed` if the files are other than the client has read, `held` if something
   * keeps `accepted` from being applied; `consents`: whatever the policy says. `held`: only with the status `held`. */
  apply: [
    {
      accepted: AcceptedConfig | null;
      only: string[] | null;
      file?: string;
      variables?: Record<string, string>;
      keepsEnvironment?: boolean;
      planned?: PlannedToken;
      consents?: boolean;
      /** Of the generation, where the supervisor reads its files; default: `edit`. */
      by?: AppliedBy;
      /** Each new commit of this ref is applied from now on; null: of none any more; left out: as before. */
      follow?: FollowedRef | null | undefined;
    },
    /** `follows`: this ref from now on. `unfollowed`: that one not any more. */
    EditOutcome & { follows?: string; unfollowed?: string },
    never,
  ];
  /** The configuration in force, for the supervisor that takes over while an edit is held. It may hold secrets. */
  accepted: [Record<string, never>, { accepted: AcceptedConfig }, never];
  /** What is on disk and is held, as it is now. `plan`: null where nothing is. */
  heldEdit: [Record<string, never>, EditOutcome & { plan: Plan | null }, never];
  /** Lets the edit pass that is held since then; an error `conflict` if it is another one by now. */
  applyHeld: [{ since: string }, EditOutcome, never];
  /** The generations, oldest first. */
  history: [Record<string, never>, { current: number; generations: GenerationRecord[] }, never];
  /** Puts the configuration of an earlier generation in force, until the files agree or change. `to`: null: the one before.
   * `changed`: false: it was in force. */
  rollback: [{ to: number | null }, { generation: number; to: number; changed: boolean; held?: HeldEdit }, never];
  /** Edits of the files wait from now on. `already`: they did before. */
  pause: [Record<string, never>, { paused: PausedEdits; already: boolean }, never];
  /** Applies the edits that wait. `edits`: how many; null: they were not paused. */
  resume: [Record<string, never>, EditOutcome & { edits: number | null }, never];
  /** What the last `up` applied: the environment's name, and the variables of its shell. They may hold secrets. */
  environment: [Record<string, never>, { env: string | null; variables: Record<string, string> }, never];
  /** Resolves once the condition holds; an error `timeout` or `failed` names what prevents it. */
  wait: [
    /** Without `for`: `ended` where all names are tasks, otherwise `converged`. */
    { for?: 'converged' | 'ready' | 'stopped' | 'ended'; names: string[]; timeoutMs: number | null },
    /** `exitCode`: only for `ended`: the first that is not 0, in the order of the instances. */
    /** `held`: for `converged`: the edit on disk that is not applied, and so was not waited for. */
    { waitedMs: number; exitCode?: number; held?: HeldEdit },
    never,
  ];
  /** Stops everything, then the supervisor. Events are progress lines; the result comes right before the socket closes. */
  down: [{ timeoutMs: number | null }, { stopped: number; leftovers: Leftover[] }, DownProgress];
  /** Exits without stopping anything: the caller starts the next supervisor, of any version, which adopts what runs. */
  handOver: [Record<string, never>, { pid: number; version: string } & Partial<LeftBehind>, never];
  /** This connection owns the supervisor: when it ends without `disown`, everything is stopped. */
  own: [Record<string, never>, Record<string, never>, never];
  disown: [Record<string, never>, Record<string, never>, never];
  /** Rotates now: all queues, or the named ones. */
  rotateLogs: [{ queues: string[] }, { rotated: string[] }, never];
};

/** What a supervisor leaves to the next one. Another version may describe a configuration in another way. */
export type LeftBehind = {
  /** What it had applied last. */
  accepted: AcceptedConfig | null;
  /** For `orch rollback`: number of a generation -> its configuration, packed. */
  earlier: Record<string, string>;
};

/** A process that could not be ended. `instance`: of which it was a part, `?` where that is not known. */
export type Leftover = { pid: number; instance: string };

export type DownProgress = {
  remaining: number;
  /** What delays it, such as `db.1 (pid 42) ignores SIGTERM, SIGKILL in 3 s`. */
  holdingUp: string[];
};

export type Method = keyof ApiMethods;
export type MethodParams<M extends Method> = ApiMethods[M][0];
export type MethodResult<M extends Method> = ApiMethods[M][1];
export type StreamEvent<M extends Method> = ApiMethods[M][2];

export type Request = { [M in Method]: { id: number; method: M; params: MethodParams<M> } }[Method];
export type Reply = { id: number; result: unknown } | { id: number; error: WireError } | { id: number; event: unknown };
