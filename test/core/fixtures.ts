// Declared services and slots for tests of the pure parts.

import { desiredOf, NO_OVERRIDES } from '../../src/core/desired.ts';
import { emptySlot, type Incarnation, type Overrides, type Slot } from '../../src/core/slot.ts';
import {
  type Probe,
  type ProjectConfig,
  type RolloutPolicy,
  type ServiceSpec,
  type StopPolicy,
  serviceName,
} from '../../src/core/spec.ts';

export const STOP: StopPolicy = {
  signal: 'SIGTERM',
  to: 'main',
  graceMs: 1_000,
  command: null,
  escalate: [],
  drain: null,
};
export const ROLLOUT: RolloutPolicy = {
  maxUnavailable: { kind: 'percent', percent: 25 },
  maxSurge: { kind: 'count', count: 0 },
  minReadyMs: 0,
  deadlineMs: 600_000,
  onFailure: 'pause',
};
/** A probe that some test decides about. */
export const PROBE: Probe = {
  checks: [{ kind: 'tcp', address: '80' }],
  everyMs: 1_000,
  timeoutMs: 1_000,
  successes: 1,
  failures: 3,
  initialDelayMs: 0,
};

export function spec(name: string, changes: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: serviceName(name),
    description: null,
    command: { kind: 'argv', argv: ['true'] },
    cwd: '/',
    env: {},
    pool: 1,
    port: null,
    singleton: null,
    logQueue: 'default',
    dependsOn: [],
    restart: {
      policy: 'on_failure',
      backoff: { initialMs: 100, maxMs: 30_000, factor: 2 },
      limit: null,
      healthyAfterMs: 10_000,
    },
    start: 'auto',
    successCodes: null,
    onEnd: 'ignore',
    onFailure: 'ignore',
    readiness: null,
    readyAfterMs: 0,
    liveness: null,
    startup: null,
    rollout: ROLLOUT,
    stop: { ...STOP },
    listen: [],
    schedule: null,
    timeoutMs: null,
    watch: null,
    reload: null,
    hooks: { beforeStart: null, afterReady: null, afterExit: null },
    limits: { memory: null, nofile: null, nice: null },
    profiles: [],
    stderrQueue: null,
    title: null,
    tags: [],
    stdin: false,
    tty: false,
    user: null,
    group: null,
    umask: null,
    exitRecord: false,
    enabled: true,
    usesPorts: [],
    specHash: `${name}-v1`,
    ...changes,
  };
}

export function config(...services: ServiceSpec[]): ProjectConfig {
  return { project: 'test', env: null, root: '/', services, logQueues: [] };
}

export const desire = (services: ServiceSpec[], overrides: Partial<Overrides> = {}, down = false) =>
  desiredOf(config(...services), { ...NO_OVERRIDES, ...overrides }, down);

export const incarnation = (pid = 10, nonce = `nonce-${pid}`): Incarnation => ({
  pid,
  startTime: '1',
  bootId: 'b',
  nonce,
});

export function slotOf(service: ServiceSpec, index: number, changes: Partial<Slot> = {}): Slot {
  const { specHash, stop, restart, dependsOn, singleton } = service;
  const id = `${service.name}.${index}` as Slot['id'];
  return { ...emptySlot(id, service.name, index), spec: { specHash, stop, restart, dependsOn, singleton }, ...changes };
}

export const alive = (pid = 10, sinceMs = 0): Slot['phase'] => ({
  kind: 'alive',
  process: incarnation(pid),
  sinceMs,
  adopted: false,
  readiness: 'none',
  readinessSinceMs: sinceMs,
  because: null,
  unhealthy: null,
});

export const slots = (...list: Slot[]) => new Map(list.map((slot) => [slot.id, slot]));
