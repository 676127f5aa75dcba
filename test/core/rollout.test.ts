// Roll-outs against a tiny world: which instance is replaced when, and what follows when the new version does not get ready.

import { describe, expect, it } from 'vitest';
import type { InstanceId, RolloutPolicy, ServiceSpec } from '../../src/core/spec.ts';
import { spec } from './fixtures.ts';
import { count, type Fate, running, TinyWorld, version } from './tiny-world.ts';

describe('a version that gets ready', () => {
  it('replaces a quarter at a time by default, lowest number first', () => {
    const world = running();
    world.settle(version('v2'));
    expect(world.takeReports()).toEqual([1, 2, 3, 4].flatMap((n) => [`stop api.${n}`, `start api.${n}`]));
    expect(world).toMatchObject({ most: 4, fewestReady: 3 });
    expect(world.rollouts.size).toBe(0);
  });

  it.each([
    [{ maxUnavailable: count(2) }, 4, 2],
    [{ maxUnavailable: count(0), maxSurge: count(1) }, 5, 4],
    [{ maxUnavailable: count(0), maxSurge: { kind: 'percent', percent: 30 } }, 6, 4],
    [{ maxUnavailable: count(1), maxSurge: count(1) }, 5, 3],
    [{ maxUnavailable: { kind: 'percent', percent: 100 } }, 4, 0],
    [{ maxUnavailable: { kind: 'percent', percent: 0 } }, 4, 3],
  ] as [Partial<RolloutPolicy>, number, number][])(
    'with %j: at most %i live, at least %i ready',
    (policy, most, ready) => {
      const world = running(policy);
      world.settle(version('v2', policy), 200);
      expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v2', 'api.3': 'v2', 'api.4': 'v2' });
      expect(world.most).toBe(most);
      expect(world.fewestReady).toBe(ready);
      expect(world.rollouts.size).toBe(0);
    },
  );

  it('starts the one on top first and takes it away last', () => {
    const policy = { maxUnavailable: count(0), maxSurge: count(1) };
    const world = running(policy, 2);
    world.settle(version('v2', policy, 2));
    expect(world.takeReports()).toEqual([
      'start api.3',
      'stop api.1',
      'start api.1',
      'stop api.2',
      'start api.2',
      'stop api.3',
      'forget api.3',
    ]);
  });

  it('counts only after min_ready', () => {
    const policy = { minReadyMs: 1_000 };
    const world = running(policy);
    world.settle(version('v2', policy), 20);
    expect(world.takeReports()).toEqual(['stop api.1', 'start api.1']);
    expect(world.wakeAtMs).toBeGreaterThan(world.nowMs);
    for (let turn = 0; turn < 5; turn++) {
      world.tick(version('v2', policy), 1_000);
      world.settle(version('v2', policy), 20);
    }
    expect(world.rollouts.size).toBe(0);
    expect(world.fewestReady).toBe(3);
  });

  it('replaces at once what does not serve anyway', () => {
    const world = new TinyWorld();
    world.fates.v1 = 'failing';
    world.settle(version('v1'));
    world.takeReports();
    world.tick(version('v2'));
    expect(world.takeReports().sort()).toEqual(['stop api.1', 'stop api.2', 'stop api.3', 'stop api.4']);
  });

  it('starts nothing on top while more than that is still on its way out', () => {
    const policy = { maxUnavailable: count(0), maxSurge: count(1) };
    const world = running(policy, 6);
    for (let tick = 0; tick < 200; tick++) {
      world.tick(version('v2', policy, 3));
      const live = Object.keys(world.versions()).filter((id) => Number(id.split('.')[1]) > 3);
      if (world.takeReports().includes('start api.4')) expect(live).toEqual(['api.4']);
    }
    expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v2', 'api.3': 'v2' });
    expect(world.fewestReady).toBe(3);
  });

  it('restarts a pool in the same way when asked to', () => {
    const policy = { maxUnavailable: count(0), maxSurge: count(1) };
    const world = running(policy);
    for (const n of [1, 2, 3, 4]) world.restart(`api.${n}`);
    world.settle(version('v1', policy), 100);
    expect(world).toMatchObject({ most: 5, fewestReady: 4 });
    expect(world.takeReports().filter((line) => line.startsWith('stop'))).toEqual([
      'stop api.1',
      'stop api.2',
      'stop api.3',
      'stop api.4',
      'stop api.5',
    ]);
  });
});

describe('a version that does not get ready', () => {
  it.each(['pending', 'failing', 'crash'] as Fate[])('(%s) ends with its first batch', (fate) => {
    const world = running();
    world.fates.v2 = fate;
    world.settle(version('v2'), 500);
    expect(world.fewestReady).toBe(3);
    expect(Object.values(world.versions()).filter((hash) => hash === 'v1')).toHaveLength(3);
  });

  it('with surge leaves the whole pool alone', () => {
    const policy = { maxUnavailable: count(0), maxSurge: count(1) };
    const world = running(policy);
    world.fates.v2 = 'crash';
    world.settle(version('v2', policy), 500);
    expect(world.fewestReady).toBe(4);
    expect(world.takeReports().filter((line) => !line.endsWith('api.5'))).toEqual([]);
  });

  it('is paused at the deadline, resumes when it gets ready after all', () => {
    const policy = { deadlineMs: 2_000 };
    const world = running(policy);
    world.fates.v2 = 'failing';
    world.settle(version('v2', policy), 5);
    expect(world.wakeAtMs).toBe([...world.rollouts.values()][0]!.progressMs + 2_000);
    world.settle(version('v2', policy), 300);
    expect([...world.rollouts.values()][0]!.verdict).toMatchObject({
      kind: 'paused',
      because: 'no new instance got ready within 2 s: api.1 is not ready (refused)',
    });
    world.fates.v2 = 'passing';
    world.settle(version('v2', policy));
    expect(Object.values(world.versions())).toEqual(['v2', 'v2', 'v2', 'v2']);
    expect(world.rollouts.size).toBe(0);
  });

  it('brings crashed older instances back as what they were', () => {
    const world = running();
    world.fates.v2 = 'failing';
    world.settle(version('v2'), 20);
    world.crash('api.3');
    world.settle(version('v2'), 40);
    expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v1', 'api.3': 'v1', 'api.4': 'v1' });
  });

  it('goes back to the version before with `on_failure: rollback`', () => {
    const policy = { onFailure: 'rollback' as const, deadlineMs: 1_000 };
    const world = running(policy);
    world.fates.v2 = 'crash';
    world.settle(version('v2', policy), 300);
    expect(Object.values(world.versions())).toEqual(['v1', 'v1', 'v1', 'v1']);
    expect(world.fewestReady).toBe(3);
    expect([...world.rollouts.values()][0]!.verdict).toMatchObject({ kind: 'rolledBack' });
    // The declaration goes back as well: nothing is left to be said.
    world.takeReports();
    world.settle(version('v1', policy));
    expect(world.takeReports()).toEqual([]);
    expect(world.rollouts.size).toBe(0);
  });

  it('gives no extra instance to one that crashes after the roll-back', () => {
    const policy = { onFailure: 'rollback' as const, deadlineMs: 1_000, maxUnavailable: count(0), maxSurge: count(2) };
    const world = running(policy, 1);
    world.fates.v2 = 'crash';
    world.settle(version('v2', policy, 1), 300);
    expect(world.versions()).toEqual({ 'api.1': 'v1' });
    world.takeReports();
    world.crash('api.1');
    world.settle(version('v2', policy, 1));
    expect(world.takeReports()).toEqual(['start api.1']);
  });

  it('fails before the deadline when a new instance gives up', () => {
    const policy = { onFailure: 'rollback' as const };
    const restart = { ...spec('api').restart, limit: { count: 1, withinMs: 60_000 } };
    const world = running(policy);
    world.fates.v2 = 'crash';
    world.settle({ ...version('v2', policy), restart }, 100);
    expect(Object.values(world.versions())).toEqual(['v1', 'v1', 'v1', 'v1']);
  });

  it('makes way for the next version', () => {
    const world = running();
    world.fates.v2 = 'crash';
    world.settle(version('v2'), 50);
    world.settle(version('v3'));
    expect(Object.values(world.versions())).toEqual(['v3', 'v3', 'v3', 'v3']);
    expect(world.fewestReady).toBe(3);
  });
});

it('what had ended in the version before is not run again by a roll-back', () => {
  const policy = { onFailure: 'rollback' as const };
  const task = (hash: string): ServiceSpec => {
    const one = version(hash, policy, 2);
    return { ...one, restart: { ...one.restart, policy: 'never' } };
  };
  const world = new TinyWorld();
  world.settle(task('v1'));
  world.crash('api.1');
  world.settle(task('v1'));
  expect(world.slots.get('api.1' as InstanceId)!.phase.kind).toBe('failed');
  world.fates.v2 = 'crash';
  world.takeReports();
  world.settle(task('v2'));
  expect([...world.rollouts.values()][0]!.verdict.kind).toBe('rolledBack');
  expect(world.slots.get('api.1' as InstanceId)).toMatchObject({ phase: { kind: 'failed' }, spec: { specHash: 'v1' } });
  expect(world.takeReports().filter((what) => what === 'start api.1')).toHaveLength(1);
  expect(world.versions()).toEqual({ 'api.2': 'v1' });
});

it('a pool that is stopped meanwhile is no longer rolled out', () => {
  const world = running();
  world.tick(version('v2'));
  expect(world.rollouts.size).toBe(1);
  world.tick(version('v2'), 10, ['api']);
  expect(world.rollouts.size).toBe(0);
});

describe('a start that waits', () => {
  it('is given up for a newer version, all of them where nothing served', () => {
    const world = new TinyWorld();
    world.fates = { v1: 'waits' };
    world.settle(version('v1', {}, 2));
    expect(world.takeReports()).toEqual(['start api.1', 'start api.2']);
    world.settle(version('v2', {}, 2));
    expect(world.takeReports()).toEqual(['abandon api.1', 'abandon api.2', 'start api.1', 'start api.2']);
    expect(world.versions()).toEqual({ 'api.1': 'v2', 'api.2': 'v2' });
    expect(world.rollouts.size).toBe(0);
  });

  it('is given up for the version before where the roll-out is rolled back', () => {
    const policy: Partial<RolloutPolicy> = { deadlineMs: 1_000, onFailure: 'rollback' };
    const world = running(policy, 2);
    world.fates = { v2: 'waits' };
    world.settle(version('v2', policy, 2), 200);
    expect(world.takeReports()).toEqual(['stop api.1', 'start api.1', 'abandon api.1', 'start api.1']);
    expect(world.versions()).toEqual({ 'api.1': 'v1', 'api.2': 'v1' });
  });

  it('starts over when a restart is requested', () => {
    const world = new TinyWorld();
    world.fates = { v1: 'waits' };
    world.settle(version('v1', {}, 2));
    world.takeReports();
    world.restart('api.2');
    world.settle(version('v1', {}, 2));
    expect(world.takeReports()).toEqual(['abandon api.2', 'start api.2']);
  });

  it('is left alone by an edit that needs no new process', () => {
    const world = new TinyWorld();
    world.fates = { v1: 'waits' };
    world.settle(version('v1', {}, 2));
    world.takeReports();
    world.settle(version('v1', { minReadyMs: 300 }, 2));
    expect(world.takeReports()).toEqual([]);
  });
});
