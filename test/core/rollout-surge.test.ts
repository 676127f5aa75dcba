// The extra instances of a pool during a roll-out: which of them stay, and what the roll-out remembers of them.

import { describe, expect, it } from 'vitest';
import { planRollouts } from '../../src/core/rollout.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { alive, desire, slotOf, slots, spec } from './fixtures.ts';
import { count, running, version } from './tiny-world.ts';

const TWO_ON_TOP = { maxUnavailable: count(0), maxSurge: count(2) };

/** An instance that fails once is given up. */
function task(hash: string): ServiceSpec {
  const service = version(hash, TWO_ON_TOP, 2);
  return { ...service, restart: { ...service.restart, policy: 'never' } };
}

describe('of two on top, one fails', () => {
  it('the one that serves stays until the last of the pool is replaced', () => {
    const world = running(TWO_ON_TOP, 2);
    const v2 = version('v2', TWO_ON_TOP, 2);
    while (!world.versions()['api.3']) world.tick(v2);
    world.tick(v2);
    world.crash('api.3');
    world.settle(v2);
    expect([...world.rollouts.values()][0]?.verdict.kind).toBe('paused');
    world.settle(v2, 1_200);
    expect(world.fewestReady).toBe(2);
    expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v2' });
  });

  it('one in back-off is not forgotten before the roll-out is over', () => {
    const world = running(TWO_ON_TOP, 2);
    const v2 = version('v2', TWO_ON_TOP, 2);
    while (!world.versions()['api.4']) world.tick(v2);
    world.tick(v2);
    world.crash('api.4');
    world.tick(v2);
    while (world.rollouts.size > 0) {
      expect(world.slots.get('api.4' as never)?.failures).toBe(1);
      world.tick(v2);
    }
    world.settle(v2);
    expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v2' });
  });

  it('an instance that was given up does not start again while the roll-out is paused for it', () => {
    const world = running(TWO_ON_TOP, 2);
    while (!world.versions()['api.4']) world.tick(task('v2'));
    world.tick(task('v2'));
    world.crash('api.4');
    world.takeReports();
    world.settle(task('v2'));
    expect(world.takeReports().filter((line) => line.endsWith('api.4'))).toEqual([]);
    expect(world.slots.get('api.4' as never)?.phase.kind).toBe('failed');
    expect([...world.rollouts.values()][0]?.verdict.kind).toBe('paused');
  });
});

describe('a pool that runs by the clock', () => {
  const schedule = { cron: '* * * * *', timeZone: 'UTC', catchUp: false, overlap: 'skip' as const };
  const rollout = version('v1', TWO_ON_TOP).rollout;
  const report = spec('report', { pool: 2, schedule, rollout, specHash: 'v1' });

  it('restarts a scheduled run at once, without a surge and without a pause', () => {
    const asked = { phase: alive(), restartRequestedMs: 5_000, nextRunMs: 60_000 };
    const running = slots(slotOf(report, 1, asked), slotOf(report, 2, asked));
    const memory = { rollouts: new Map(), findVersion: () => null };
    const plan = planRollouts(desire([report]), running, memory, 6_000);
    expect(plan).toMatchObject({ wakeAtMs: null, rollouts: new Map() });
    expect([...plan.desired.instances].map(([id, desired]) => [id, desired.run && desired.rolloutStep?.step])).toEqual([
      ['report.1', 'now'],
      ['report.2', 'now'],
    ]);
  });
});

describe('to be restarted while it runs on top', () => {
  const ONE_ON_TOP = { maxUnavailable: count(0), maxSurge: count(1) };

  it('a start that waits is given up and begins again', () => {
    const world = running(ONE_ON_TOP, 2);
    const v2 = version('v2', ONE_ON_TOP, 2);
    world.fates.v2 = 'waits';
    while (!world.versions()['api.3']) world.tick(v2);
    world.takeReports();
    world.restart('api.3');
    world.settle(v2, 5);
    expect(world.takeReports()).toEqual(['abandon api.3', 'start api.3']);
    expect(world.slots.get('api.3' as never)).toMatchObject({ phase: { kind: 'starting' }, restartRequestedMs: null });
  });

  it('one that serves is replaced, and the roll-out continues', () => {
    const world = running(ONE_ON_TOP, 2);
    const v2 = version('v2', ONE_ON_TOP, 2);
    while (!world.versions()['api.3']) world.tick(v2);
    world.tick(v2);
    for (const id of ['api.1', 'api.2', 'api.3']) world.restart(id);
    world.settle(v2, 200);
    expect(world.rollouts.size).toBe(0);
    expect(world.fewestReady).toBe(2);
    expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v2' });
  });
});

it('a pool that was adopted a moment ago is replaced only once its probes had time to answer', () => {
  const v1 = version('v1', {}, 2);
  const phase = { ...alive(), adopted: true, readiness: 'pending' as const, readinessSinceMs: 5_000 };
  const pool = slots(slotOf(v1, 1, { phase }), slotOf(v1, 2, { phase }));
  const stepsAt = (nowMs: number) => {
    const plan = planRollouts(
      desire([version('v2', {}, 2)]),
      pool,
      { rollouts: new Map(), findVersion: () => v1 },
      nowMs,
    );
    return [...plan.desired.instances.values()].map((desired) => desired.run && desired.rolloutStep?.step);
  };
  expect(stepsAt(5_900)).toEqual(['later', 'later']);
  expect(stepsAt(6_000)).toEqual(['now', 'now']);
});
