// Tables for src/core/reconcile.ts: rows of state, input and what must follow.

import { describe, expect, it } from 'vitest';
import { viewDependencies } from '../../src/core/dependencies.ts';
import type { InstanceAction } from '../../src/core/instance-action.ts';
import { isConverged, reconcile } from '../../src/core/reconcile.ts';
import { planRollouts } from '../../src/core/rollout.ts';
import type { Phase, Slot } from '../../src/core/slot.ts';
import type { LossPolicy, ServiceSpec } from '../../src/core/spec.ts';
import { alive, desire, incarnation, PROBE, STOP, slotOf, slots, spec } from './fixtures.ts';

const NOW = 10_000;
const brief = (actions: InstanceAction[]) => actions.map((action) => `${action.kind} ${action.id}`);
const plan = (services: ServiceSpec[], ...list: Slot[]) => {
  const memory = { rollouts: new Map(), findVersion: () => null };
  return reconcile(planRollouts(desire(services), slots(...list), memory, NOW).desired, slots(...list), NOW);
};
const actionsOf = (services: ServiceSpec[], ...list: Slot[]) => brief(plan(services, ...list).actions);
const depending = (name: string, on: string, condition: 'started' | 'ready' | 'completed' = 'started') =>
  spec(name, { dependsOn: [{ service: on as ServiceSpec['name'], condition, onLoss: 'ignore' }] });
const ending = (changes: object): Phase => ({
  kind: 'ending',
  process: incarnation(),
  startedMs: 0,
  sinceMs: 0,
  adopted: false,
  cause: 'unwanted',
  because: 'not wanted any more',
  exit: null,
  step: 'term',
  escalated: 0,
  deadlineMs: NOW + 500,
  nextCheckMs: NOW + 50,
  checkGapMs: 10,
  ...changes,
});

describe('an empty slot', () => {
  const api = spec('api');
  it('is started, lowest number first', () => {
    expect(actionsOf([spec('api', { pool: 3 })])).toEqual(['start api.1', 'start api.2', 'start api.3']);
  });
  it.each([
    ['completed', { kind: 'completed', atMs: 1 }],
    ['failed', { kind: 'failed', atMs: 1, reason: 'x' }],
    ['blocked', { kind: 'blocked', by: 'x' }],
  ] as [string, Phase][])('that is %s stays so, until its spec changes', (_, phase) => {
    expect(actionsOf([api], slotOf(api, 1, { phase }))).toEqual([]);
    expect(actionsOf([{ ...api, specHash: 'v2' }], slotOf(api, 1, { phase }))).toEqual(['start api.1']);
  });
  it('in back-off waits for its time and says when', () => {
    const waiting = slotOf(api, 1, { phase: { kind: 'backoff', untilMs: NOW + 70, because: null } });
    expect(plan([api], waiting)).toEqual({ actions: [], wakeAtMs: NOW + 70 });
    expect(actionsOf([api], slotOf(api, 1, { phase: { kind: 'backoff', untilMs: NOW, because: null } }))).toEqual([
      'start api.1',
    ]);
  });
  it('that is no longer declared is forgotten', () => {
    expect(actionsOf([], slotOf(api, 1))).toEqual(['forget api.1']);
  });
  it('that is disabled or held stopped stays empty', () => {
    expect(actionsOf([spec('api', { enabled: false })])).toEqual([]);
    expect(brief(reconcile(desire([api], { stopped: ['api'], pools: {} }), slots(), NOW).actions)).toEqual([]);
  });
});

describe('dependencies', () => {
  const db = spec('db', { readiness: PROBE });
  it.each([
    ['started', alive(), true],
    ['ready', alive(), true],
    ['completed', alive(), false],
    ['completed', { kind: 'completed', atMs: 1 }, true],
    ['started', { kind: 'completed', atMs: 1 }, true],
    ['ready', { kind: 'completed', atMs: 1 }, false],
    ['ready', { ...alive(), readiness: 'pending' }, false],
    ['started', { ...alive(), readiness: 'pending' }, true],
    ['started', { kind: 'starting', nonce: 'n', sinceMs: 0 }, false],
    ['started', { kind: 'failed', atMs: 1, reason: 'x' }, false],
  ] as ['started' | 'ready' | 'completed', Phase, boolean][])('%s with %j: may start %s', (condition, phase, may) => {
    const found = actionsOf([db, depending('api', 'db', condition)], slotOf(db, 1, { phase }));
    expect(found).toEqual(may ? ['start api.1'] : []);
  });
  it('an older version of the dependency does not satisfy a dependent', () => {
    const found = actionsOf(
      [{ ...db, specHash: 'db-v2' }, depending('api', 'db')],
      slotOf(db, 1, { phase: { kind: 'completed', atMs: 1 } }),
    );
    expect(found).toEqual(['start db.1']);
  });
  it('needs every instance of a pool', () => {
    const pool = spec('db', { pool: 2 });
    expect(actionsOf([pool, depending('api', 'db')], slotOf(pool, 1, { phase: alive() }))).toEqual(['start db.2']);
  });
  it('stops dependents first, and the dependency once they are gone', () => {
    const api = depending('api', 'db');
    const both = [slotOf(db, 1, { phase: alive(1) }), slotOf(api, 1, { phase: alive(2) })];
    expect(brief(reconcile(desire([db, api], undefined, true), slots(...both), NOW).actions)).toEqual(['stop api.1']);
    const gone = [both[0]!, slotOf(api, 1)];
    expect(brief(reconcile(desire([db, api], undefined, true), slots(...gone), NOW).actions)).toEqual(['stop db.1']);
  });
  const losing = (name: string, on: string, onLoss: LossPolicy) =>
    spec(name, { dependsOn: [{ service: on as ServiceSpec['name'], condition: 'started', onLoss }] });
  it('whose loss holds ends its dependents first, all the way, and starts none of them meanwhile', () => {
    const services = [db, losing('api', 'db', 'hold'), losing('web', 'api', 'hold')];
    const [dbSlot, apiSlot, webSlot] = services.map((one, index) => slotOf(one, 1, { phase: alive(index + 1) }));
    const desired = desire(services, { stopped: ['db'], pools: {} });
    const next = (...list: Slot[]) => brief(reconcile(desired, slots(...list), NOW).actions);
    expect(next(dbSlot!, apiSlot!, webSlot!)).toEqual(['stop web.1']);
    expect(next(dbSlot!, apiSlot!, slotOf(services[2]!, 1))).toEqual(['stop api.1']);
    expect(next(dbSlot!, slotOf(services[1]!, 1), slotOf(services[2]!, 1))).toEqual(['stop db.1']);
    expect(next(slotOf(db, 1), slotOf(services[1]!, 1), slotOf(services[2]!, 1))).toEqual([]);
  });
  it('whose loss holds gives up the starts of its dependents', () => {
    const api = losing('api', 'db', 'hold');
    const starting = slotOf(api, 1, { phase: { kind: 'starting', nonce: 'n', sinceMs: 0 } });
    expect(actionsOf([db, api], slotOf(db, 1, { phase: alive(1) }), starting)).toEqual([]);
    const desired = desire([db, api], { stopped: ['db'], pools: {} });
    const both = slots(slotOf(db, 1, { phase: alive(1) }), starting);
    expect(brief(reconcile(desired, both, NOW).actions)).toEqual(['abandon api.1']);
  });
  it('of which one instance is left is not lost', () => {
    const pool = spec('db', { pool: 2 });
    const api = losing('api', 'db', 'hold');
    const crashed = slotOf(pool, 1, { phase: { kind: 'backoff', untilMs: NOW + 1, because: null } });
    const rest = [slotOf(pool, 2, { phase: alive(2) }), slotOf(api, 1, { phase: alive(3) })];
    expect(actionsOf([pool, api], crashed, ...rest)).toEqual([]);
    expect(actionsOf([pool, api], crashed, { ...crashed, id: 'db.2' as never, index: 2 }, rest[1]!)).toEqual([
      'stop api.1',
    ]);
  });
  it.each([
    [50, ['stop api.1']],
    [100, []],
    [150, []],
  ])('renewed restarts what began before it: begun at %i', (sinceMs, expected) => {
    const api = losing('api', 'db', 'restart');
    const both = [slotOf(db, 1, { phase: alive(1, 100) }), slotOf(api, 1, { phase: alive(2, sinceMs) })];
    expect(actionsOf([db, api], ...both)).toEqual(expected);
  });
  it('names the first cause to all that wait', () => {
    const task = spec('migrate');
    const services = [task, depending('seed', 'migrate', 'completed'), depending('web', 'seed')];
    const failed = slotOf(task, 1, { phase: { kind: 'failed', atMs: 1, reason: 'ended with exit code 7' } });
    const view = viewDependencies(desire(services), slots(failed));
    expect(view.blockerOf(services[2]!)?.because).toBe(
      'seed.1 has not started, because migrate.1 ended with exit code 7',
    );
  });
  it('does not hold up a stop for a dependent that is to stay', () => {
    const api = depending('api', 'db');
    const both = [slotOf(db, 1, { phase: alive(1) }), slotOf(api, 1, { phase: alive(2) })];
    const desired = desire([db, api], { stopped: ['db'], pools: {} });
    expect(brief(reconcile(desired, slots(...both), NOW).actions)).toEqual(['stop db.1']);
  });
});

describe('a live slot', () => {
  it('whose spec is the same is left alone', () => {
    const api = spec('api');
    expect(plan([api], slotOf(api, 1, { phase: alive() }))).toEqual({ actions: [], wakeAtMs: null });
  });
  it('beyond the pool is stopped, highest number first', () => {
    const four = spec('api', { pool: 4 });
    const live = [1, 2, 3, 4].map((n) => slotOf(four, n, { phase: alive(n) }));
    expect(actionsOf([{ ...four, pool: 2 }], ...live)).toEqual(['stop api.4', 'stop api.3']);
  });
  it('of an older version is replaced, a quarter of the pool at a time', () => {
    const old = spec('api', { pool: 8 });
    const live = Array.from({ length: 8 }, (_, i) => slotOf(old, i + 1, { phase: alive(i + 1) }));
    const next = { ...old, specHash: 'v2' };
    expect(actionsOf([next], ...live)).toEqual(['stop api.2', 'stop api.1']);
    const oneDown = [slotOf(old, 1, { phase: ending({}) }), ...live.slice(1)];
    expect(actionsOf([next], ...oneDown)).toEqual(['stop api.2']);
  });
  it('that is unhealthy is stopped, wanted as it is', () => {
    const api = spec('api');
    const unhealthy = slotOf(api, 1, { phase: { ...alive(), unhealthy: 'tcp 80: refused' } as Phase });
    expect(plan([api], unhealthy).actions).toEqual([
      { kind: 'stop', id: 'api.1', cause: 'unhealthy', reason: 'tcp 80: refused' },
    ]);
  });
  it('is replaced when a restart was asked for after its start', () => {
    const api = spec('api');
    expect(actionsOf([api], slotOf(api, 1, { phase: alive(1, 100), restartRequestedMs: 200 }))).toEqual(['stop api.1']);
    expect(actionsOf([api], slotOf(api, 1, { phase: alive(1, 300), restartRequestedMs: 200 }))).toEqual([]);
  });
});

describe('an ending slot', () => {
  const api = spec('api');
  const planOf = (changes: object) => plan([api], slotOf(api, 1, { phase: ending(changes) }));
  it('waits for the exit of our child until the grace period is over', () => {
    expect(planOf({})).toEqual({ actions: [], wakeAtMs: NOW + 500 });
    expect(brief(planOf({ deadlineMs: NOW }).actions)).toEqual(['kill api.1']);
  });
  it('is looked at when its main process is gone, at growing intervals', () => {
    expect(brief(planOf({ exit: { code: 0 }, nextCheckMs: NOW }).actions)).toEqual(['clear api.1']);
    expect(planOf({ exit: { code: 0 } })).toEqual({ actions: [], wakeAtMs: NOW + 50 });
  });
  it('is looked at from the start when it was adopted', () => {
    expect(brief(planOf({ adopted: true, nextCheckMs: NOW }).actions)).toEqual(['clear api.1']);
  });
  it('is asked to stop once its drain is over, and gets further signals before SIGKILL', () => {
    expect(brief(planOf({ step: 'drain', deadlineMs: NOW }).actions)).toEqual(['term api.1']);
    expect(planOf({ step: 'drain' })).toEqual({ actions: [], wakeAtMs: NOW + 500 });
    const stop = { ...STOP, escalate: [{ signal: 'SIGINT', afterMs: 10 }] };
    const at = (escalated: number) => {
      const slot = slotOf(spec('api', { stop }), 1, { phase: ending({ escalated, deadlineMs: NOW }) });
      return plan([spec('api', { stop })], slot).actions;
    };
    expect(at(0)).toEqual([{ kind: 'escalate', id: 'api.1', signal: 'SIGINT' }]);
    expect(brief(at(1))).toEqual(['kill api.1']);
  });
  it('is killed again and again while anything lives', () => {
    expect(brief(planOf({ step: 'kill', exit: { code: 0 }, deadlineMs: NOW - 1 }).actions)).toEqual(['kill api.1']);
  });
  it('is never killed for a deadline while its tree is only being checked', () => {
    expect(brief(planOf({ step: 'clear', exit: { code: 0 }, deadlineMs: 0, nextCheckMs: NOW }).actions)).toEqual([
      'clear api.1',
    ]);
  });
});

describe('isConverged', () => {
  const api = spec('api');
  const ask = (phase: Phase, changes = {}) =>
    isConverged(desire([api]), slots(slotOf(api, 1, { phase, ...changes })), NOW);
  it('holds only when what is declared runs as declared or has completed', () => {
    expect(ask(alive())).toBe(true);
    expect(ask({ kind: 'completed', atMs: 1 })).toBe(true);
    expect(ask({ kind: 'failed', atMs: 1, reason: 'x' })).toBe(false);
    expect(ask({ kind: 'backoff', untilMs: NOW + 1, because: null })).toBe(false);
    expect(ask(alive(), { restartRequestedMs: NOW })).toBe(false);
    expect(isConverged(desire([api]), slots(), NOW)).toBe(false);
    expect(isConverged(desire([]), slots(), NOW)).toBe(true);
    expect(isConverged(desire([]), slots(slotOf(api, 1, { phase: alive() })), NOW)).toBe(false);
  });
});
