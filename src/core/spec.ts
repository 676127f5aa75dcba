// A configuration as types: services, log queues and everything that can be declared about them, after parsing, merging,
// expansion and defaults. Plain serialisable data; no clock, no Node module.
import type { Command, EnvValue, InstanceTemplate } from './command.ts';
import type { EditPolicy } from './edit-policy.ts';
import type { LogQueueSpec } from './log-queue-spec.ts';
import type { RunAs } from './run-as-spec.ts';
import type { StopPolicy } from './stop-policy.ts';

export type { Command, EnvValue, InstanceTemplate, SecretSource } from './command.ts';
export type { DrainMethod, DrainPolicy, StopPolicy } from './stop-policy.ts';

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

/** `api` of `api.3`. */
export const serviceOf = (id: InstanceId): ServiceName => id.slice(0, id.lastIndexOf('.')) as ServiceName;

export type RestartPolicy = {
  policy: 'always' | 'on_failure' | 'never';
  /** `jitter`: by which share a pause may be shorter; missing: 0.1. */
  backoff: { initialMs: number; maxMs: number; factor: number; jitter?: number };
  /** More than `count` failures within `withinMs` (null: in a row) give up (state `failed`); null: never give up. */
  limit: { count: number; withinMs: number | null } | null;
  /** Being alive this long counts as a healthy spell: the back-off starts over. */
  healthyAfterMs: number;
  /** Times at which what runs is restarted, a share of the pool after the other. */
  times?: CronTimes;
};

/** `down`: the whole project is stopped. */
export type EndPolicy = 'ignore' | 'down';

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
  /** The program has sent this string by Node's IPC since the start. */
  | { kind: 'ipc'; message: string }
  /** This much time has passed since the start. */
  | { kind: 'delay'; delayMs: number };

/** Checks that are made together, again and again: an attempt succeeds when all of them hold. */
export type Probe = {
  checks: Check[];
  /** From the end of one attempt to the start of the next. */
  everyMs: number;
  timeoutMs: number;
  /** In a row, to count as passing; in a row, to count as failing. */
  successes: number;
  failures: number;
  /** From the start of the process (or, held back by `startup`, from its success) to the first attempt. */
  initialDelayMs: number;
  /** Of `readiness`: an instance that fails it is restarted, as by `liveness`. */
  onFailure?: 'restart';
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
export type Schedule = ScheduleTimes & {
  /** Also runs once when it is to run and has never run. */
  atStart?: true;
  /** Run once, late, for what was missed while no supervisor ran. */
  catchUp: boolean;
  /** When the run before still runs: leave this one out, run it afterwards, or end the one before. */
  overlap: 'skip' | 'queue' | 'replace';
};

/** Five or six fields, seconds first; in the time zone of an IANA name, or `local`. */
export type CronTimes = { cron: string; timeZone: string };
export type ScheduleTimes =
  | CronTimes
  /** From the start of one run to that of the next. */
  | { everyMs: number };

/** Whether a scheduled service runs at once, as it never did. @param ranWith the spec of the last run, or null */
export function isFirstRunDue({ schedule }: Pick<ServiceSpec, 'schedule'>, ranWith: object | null): boolean {
  return schedule?.atStart === true && ranWith === null;
}

/** Files of the program: what happens when they change. */
export type WatchPolicy = {
  /** Globs, relative to the root; `/` between the parts. */
  paths: string[];
  ignore: string[];
  debounceMs: number;
  action:
    | { kind: 'restart' }
    | { kind: 'reload' }
    | { kind: 'signal'; signal: string }
    | { kind: 'run'; command: Command };
};

/** How the program reads its own configuration again, without a restart. */
export type ReloadPolicy = { kind: 'signal'; signal: string } | { kind: 'command'; command: Command };

/** Commands around the life of an instance. */
export type Hooks = {
  /** Must succeed for the instance to be started. */
  beforeStart: Command | null;
  /** Only before the first instance of each version; the others wait for it. */
  once?: true;
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

/** How a pool is moved to a new version. */
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
  /** By default it holds the path of the project. */
  key: string;
  /** The default key of earlier versions, `project/service`; null: the key was written in the file. */
  formerKey: string | null;
  scope: 'project' | 'user' | 'host';
  onConflict: 'replace' | 'refuse' | 'adopt' | 'wait';
  /** Absolute path, or null. */
  pidFile: string | null;
};

/** `ended`: completed, or given up: whatever its exit code. */
export type DependencyCondition = 'started' | 'ready' | 'completed' | 'ended';
/**
 * What a running instance does when the dependency is lost (none of its instances meets the condition any more):
 * `ignore`: runs on; `hold`: is stopped until the condition holds again; `restart`: runs on, and is restarted once the
 * dependency is back as a new process.
 */
export type LossPolicy = 'ignore' | 'hold' | 'restart';
export type Dependency = {
  service: ServiceName;
  condition: DependencyCondition;
  onLoss: LossPolicy;
  /** `false`: not waited for where the condition cannot come: it does not run, or was given up. */
  required?: false;
};

/** One service after parsing, merging, expansion and defaults: nothing is optional. */
export type ServiceSpec = RunAs & {
  name: ServiceName;
  /** The name for people. */
  title: string | null;
  description: string | null;
  /** Commands take `tag:NAME` for the services with that tag. */
  tags: string[];
  command: Command;
  /** Absolute path. */
  cwd: InstanceTemplate;
  /** What the service declares on top of the supervisor's own environment: project env files, project env, service env
   * files, service env; the later wins. */
  env: Record<string, EnvValue>;
  pool: number;
  /** Instance n listens on `port + n - 1` (its PORT). `auto`: a free port is chosen for each. Null: no PORT is set. */
  port: number | 'auto' | null;
  singleton: SingletonPolicy | null;
  logQueue: string;
  /** Null: stderr goes to `logQueue` too. */
  stderrQueue: string | null;
  dependsOn: Dependency[];
  /** When an instance counts as ready; null: once `startup` has passed, or without that, after `readyAfterMs`. */
  readiness: Probe | null;
  /** How long an instance without `readiness` and `startup` must live to count as ready. */
  readyAfterMs: number;
  /** When it must be restarted although it runs; null: never. */
  liveness: Probe | null;
  /** Holds the other probes back until it passes once; its failure counts like that of `liveness`. Null: they begin at once. */
  startup: Probe | null;
  rollout: RolloutPolicy;
  restart: RestartPolicy;
  /** Exit codes that count as success, as a shell reports them (143: SIGTERM); null: 0. */
  successCodes: number[] | null;
  /** What the end of the service does to the others, once every instance has completed or one was given up. */
  onEnd: EndPolicy;
  /** What it does when an instance is given up. */
  onFailure: EndPolicy;
  stop: StopPolicy;
  /** Shared by the whole pool; descriptors from 3 on, in this order. */
  listen: ListenAddress[];
  /** Null: runs all the time, or once. */
  schedule: Schedule | null;
  /** A process that runs for longer is stopped, which counts as a failure; null: it has no limit. */
  timeoutMs: number | null;
  watch: WatchPolicy | null;
  /** Null: it cannot. */
  reload: ReloadPolicy | null;
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
  /** `manual`: runs only once `orch start` or `orch up NAME` has named it. */
  start: 'auto' | 'manual';
  /** Ports of services in its command, directory and environment (`api.port`, `api.ports`): a change needs a new process. */
  usesPorts: string[];
  /** SHA-256 (hex, 16 characters) over the `restart`-class keys only: equal hash = the running instance still fits. */
  specHash: string;
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
  /** Absent: every edit is applied. */
  policy?: EditPolicy;
};
