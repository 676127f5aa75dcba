// What a simulated service declares, as the configuration that the real loader would make of it.
import type { Probe, RestartPolicy, RolloutPolicy, Schedule, ServiceSpec, StopPolicy } from '../../src/core/spec.ts';
import { STOP, spec as serviceSpec } from '../core/fixtures.ts';
import type { Program } from './machine/processes.ts';
import type { SimSchedule, SimService } from './scenario.ts';

export type Declared = SimService & { version: number; liveVersion: number; declared: boolean };

const SHARED_KEY = 'shared';

export const nameOf = (index: number): string => `s${index}`;

/** Services of a project -> each version of each service that was declared so far. */
const made = new WeakMap<readonly Declared[], Map<string, ServiceSpec>>();

/** @param services all of the project; `firstPort`: theirs */
export function specOf(services: readonly Declared[], index: number, firstPort: number): ServiceSpec {
  let known = made.get(services);
  if (!known) {
    known = new Map();
    made.set(services, known);
  }
  // Nothing else of a service is ever edited.
  const { pool, version, liveVersion } = services[index]!;
  const key = [index, pool, version, liveVersion, ...services.map(({ declared }) => Number(declared))].join();
  let spec = known.get(key);
  if (!spec) {
    spec = makeSpec(services, index, firstPort);
    known.set(key, spec);
  }
  return spec;
}

function makeSpec(services: readonly Declared[], index: number, firstPort: number): ServiceSpec {
  const service = services[index]!;
  const dependsOn = service.dependsOn
    .filter(({ on }) => services[on]?.declared)
    .map(({ on, condition, onLoss }) => ({
      service: nameOf(on) as ServiceSpec['name'],
      condition,
      onLoss,
      ...(service.isOptional && { required: false as const }),
    }));
  const { successCodes = null, healthyAfterMs = 10_000, jitter } = service;
  const backoff = { initialMs: 100, maxMs: 5_000, factor: 2, ...(jitter !== undefined && { jitter }) };
  const { singleton, graceMs, limit, pool } = service;
  const policy = taskMsOf(service) === null ? service.policy : 'never';
  const name = nameOf(index);
  const uses = portsUsedBy(services, index);
  const key = {
    key: SHARED_KEY,
    formerKey: null,
    scope: 'user',
    onConflict: singleton ?? 'replace',
    pidFile: null,
  } as const;
  return serviceSpec(name, {
    pool,
    dependsOn,
    command: { kind: 'argv', argv: ['program', JSON.stringify(programOf(service))] },
    port: hasChosenPort(service) ? 'auto' : portFor(firstPort, index, 1),
    env: uses === undefined ? {} : { [USES]: `\${${uses}}` },
    usesPorts: uses === undefined ? [] : [uses],
    readiness: readinessOf(service),
    readyAfterMs: service.life.readyAfterMs,
    liveness: service.life.hasLiveness ? LIVENESS : null,
    rollout: rolloutOf(service),
    singleton: singleton ? key : null,
    schedule: service.schedule && scheduleOf(service.schedule),
    restart: { ...serviceSpec(name).restart, policy, backoff, limit, healthyAfterMs, ...restartTimesOf(service) },
    timeoutMs: service.timeoutMs ?? null,
    start: service.isManual ? 'manual' : 'auto',
    successCodes,
    onEnd: service.ends === 'on_end' ? 'down' : 'ignore',
    onFailure: service.ends === 'on_failure' ? 'down' : 'ignore',
    limits: { memory: service.life.hasMemoryLimit ? MEMORY_LIMIT : null, nofile: null, nice: null },
    hooks: { beforeStart: hookOf(service), afterReady: null, afterExit: null },
    watch: { paths: [`src/${name}`], ignore: [], debounceMs: 200, action: { kind: 'restart' } },
    stop: { ...STOP, ...endOf(service), graceMs: graceMs + service.liveVersion },
    specHash: `${Buffer.from(name).toString('hex')}${service.version.toString(16).padStart(4, '0')}`,
  });
}

/** Every third service or so, by a property that has nothing to do with it. */
const hasChosenPort = ({ life }: SimService): boolean => life.readyAfterMs === 300;

/** The variable in which it is given the ports of the first service that it depends on. */
export const USES = 'USES';

/** @returns the reference; undefined: it uses none */
function portsUsedBy(services: readonly Declared[], index: number): string | undefined {
  const used = services[index]!.dependsOn.find(({ on }) => services[on]?.declared && hasChosenPort(services[on]!));
  if (!used) return undefined;
  return `${nameOf(used.on)}.${index % 2 === 0 ? 'ports' : 'port'}`;
}

/** Of the project whose first port this is. */
export const portFor = (firstPort: number, service: number, instance: number): number =>
  firstPort + service * PORTS_PER_SERVICE + instance - 1;

const PORTS_PER_SERVICE = 100;
const PROBE: Probe = {
  checks: [{ kind: 'tcp', address: '$' + '{PORT}' }],
  everyMs: 1_000,
  timeoutMs: 100,
  successes: 1,
  failures: 2,
  initialDelayMs: 0,
};

const readinessOf = ({ life, restartsUnready }: Declared): Probe | null =>
  life.hasReadiness ? { ...PROBE, ...(restartsUnready && { onFailure: 'restart' }) } : null;

/** Slow starters are given time. */
const LIVENESS: Probe = { ...PROBE, everyMs: 500, initialDelayMs: 1_000 };

const DIES_AFTER_MS = [300, 1_700];
const MEMORY_LIMIT = { maxBytes: 512 * 2 ** 20, action: 'restart' } as const;

/** Every second version may be broken. */
function programOf(service: Declared): Program {
  const { program, life, version } = service;
  const taskMs = taskMsOf(service);
  if (taskMs !== null) return { ...program, endsAfterMs: taskMs, exitCode: 0 };
  if (life.broken === null || life.broken === 'hangs' || version % 2 === 1) return program;
  if (life.broken === 'unready') return { ...program, answersAfterMs: null };
  const endsAfterMs = life.broken === 'crash' ? 20 : DIES_AFTER_MS[(version / 2) % DIES_AFTER_MS.length]!;
  return { ...program, endsAfterMs, exitCode: 1 };
}

/** How long the task of this version takes; null: it is none by that. */
const taskMsOf = ({ taskMs, version }: Declared): number | null => (version % 2 === 0 ? (taskMs ?? null) : null);

/** What runs by the clock begins at its time. */
function hookOf(service: Declared): ServiceSpec['hooks']['beforeStart'] {
  const takesMs = hangs(service, service.version) ? null : service.life.preparesMs;
  if (service.schedule !== null || (takesMs === null && !hangs(service, service.version))) return null;
  return { kind: 'argv', argv: ['hook', JSON.stringify(takesMs)] };
}

/** Whether starts of this version never end. An instance that waits for the key of one that hangs would hang as well. */
export function hangs({ life, schedule, singleton }: SimService, version: number): boolean {
  return life.broken === 'hangs' && version % 2 === 0 && schedule === null && singleton === null;
}

/** Of a hash that `specOf` made. */
export const versionOf = (specHash: string): number => Number.parseInt(specHash.slice(-4), 16);

const cronOf = (everyS: number): string => (everyS === 60 ? '0 * * * * *' : `*/${everyS} * * * * *`);

function restartTimesOf({ restartsEveryS }: SimService): Pick<RestartPolicy, 'times'> {
  return restartsEveryS === undefined ? {} : { times: { cron: cronOf(restartsEveryS), timeZone: 'UTC' } };
}

function scheduleOf({ everyS, catchUp, overlap }: SimSchedule): Schedule {
  return { cron: cronOf(everyS), timeZone: 'UTC', catchUp, overlap };
}

function rolloutOf({ life }: Declared): RolloutPolicy {
  const { unavailable, surge, ...rest } = life.rollout;
  return { ...rest, maxUnavailable: { kind: 'count', count: unavailable }, maxSurge: { kind: 'count', count: surge } };
}

function endOf({ life, graceMs }: Declared): Pick<StopPolicy, 'drain' | 'escalate'> {
  const by = {
    http: { kind: 'http', url: 'http://127.0.0.1:$' + '{PORT}/drain' },
    signal: { kind: 'signal', signal: 'SIGUSR1' },
  } as const;
  return {
    drain: life.drain && { by: by[life.drain.by], timeoutMs: life.drain.timeoutMs },
    escalate: life.escalates ? [{ signal: 'SIGINT', afterMs: Math.floor(graceMs / 2) }] : [],
  };
}

/** Null: the service of the instance does not run by the clock. */
export function everyMsOf(services: readonly Declared[], instance: string): number | null {
  const { everyS } = services[Number(instance.slice(1, instance.indexOf('.')))]?.schedule ?? {};
  return everyS === undefined ? null : everyS * 1_000;
}
