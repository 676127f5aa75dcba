// The first failure of a new version holds its roll-out; unhealthy instances that serve are restarted one after the other.
import { describe, expect, it } from 'vitest';
import { count, running, type TinyWorld, version } from './tiny-world.ts';

const verdictOf = (world: TinyWorld) => [...world.rollouts.values()][0]?.verdict;
const v2 = version('v2');

describe('a new instance that fails', () => {
  it('holds the roll-out at its first end, with the reason', () => {
    const world = running();
    world.fates.v2 = 'crash';
    world.settle(v2, 12);
    expect(verdictOf(world)).toMatchObject({ kind: 'paused', because: 'api.1 ended with exit code 1' });
    expect(world.fewestReady).toBe(3);
  });

  it('holds it also after it was good', () => {
    const world = running();
    for (let ticks = 0; world.versions()['api.2'] !== 'v2' && ticks < 50; ticks++) world.tick(v2);
    world.settle(v2, 1);
    world.crash('api.1');
    world.settle(v2, 40);
    expect(verdictOf(world)?.kind).toBe('paused');
    expect(world.versions()).toMatchObject({ 'api.3': 'v1', 'api.4': 'v1' });
  });

  it('resumes after a healthy spell, not before', () => {
    const world = running();
    world.fates.v2 = 'crash';
    world.settle(v2, 12);
    world.fates.v2 = 'passing';
    world.settle(v2, 500);
    expect(verdictOf(world)?.kind).toBe('paused');
    world.settle(v2, 1_000);
    expect(Object.values(world.versions())).toEqual(['v2', 'v2', 'v2', 'v2']);
  });

  it('has had another stopped with it, which comes back as the new version', () => {
    const policy = { maxUnavailable: count(2) };
    const world = running(policy);
    world.fates.v2 = 'crash';
    const starts = new Set<string>();
    for (let ticks = 0; ticks < 60; ticks++) {
      world.tick(version('v2', policy));
      for (const [id, hash] of Object.entries(world.versions())) starts.add(`${id} ${hash}`);
    }
    world.takeReports();
    expect(verdictOf(world)?.kind).toBe('paused');
    expect([...starts].filter((one) => /api\.[12] v2/.test(one))).toHaveLength(2);
    expect(world.slots.get('api.2' as never)?.spec?.specHash).toBe('v2');
  });

  it('is tried again when a restart is requested', () => {
    const world = running();
    world.fates.v2 = 'crash';
    world.settle(v2, 12);
    world.fates.v2 = 'passing';
    world.restart('api.1');
    world.settle(v2, 40);
    expect(Object.values(world.versions())).toEqual(['v2', 'v2', 'v2', 'v2']);
  });

  it('holds no roll-out that has nothing left to protect', () => {
    const world = running({}, 1);
    world.fates.v2 = 'crash';
    world.settle(version('v2', {}, 1), 60);
    expect(verdictOf(world)?.kind).toBe('going');
  });
});

describe('unhealthy instances', () => {
  it('that serve are restarted one after the other', () => {
    const world = running();
    for (const n of [1, 2, 3, 4]) world.sicken(`api.${n}`);
    world.settle(version('v1'), 200);
    expect(world.takeReports().filter((line) => line.startsWith('stop'))).toEqual(
      [1, 2, 3, 4].map((n) => `stop api.${n}`),
    );
    expect(world.fewestReady).toBe(3);
    expect(world.rollouts.size).toBe(0);
  });

  it('that do not serve are restarted at once', () => {
    const world = running();
    world.fates.v1 = 'failing';
    for (const n of [1, 2, 3, 4]) world.sicken(`api.${n}`, true);
    world.tick(version('v1'));
    expect(world.takeReports().sort()).toEqual([1, 2, 3, 4].map((n) => `stop api.${n}`));
  });

  it('get an extra instance first where none may be missing', () => {
    const policy = { maxUnavailable: count(0), maxSurge: count(1) };
    const world = running(policy);
    world.sicken('api.2');
    world.settle(version('v1', policy), 200);
    expect(world.takeReports()[0]).toBe('start api.5');
    expect(world.fewestReady).toBe(4);
    expect(Object.keys(world.versions())).toHaveLength(4);
  });
});
