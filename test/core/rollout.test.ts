// Roll-outs against a tiny world in which every stop and start takes one tick: who is replaced when, and what follows when
// the new version does not get ready.
import { describe, expect, it } from 'vitest';
import type { InstanceId, Readiness, RolloutPolicy, ServiceName, ServiceSpec, Slot } from '../../src/core/model.ts';
import { reconcile } from '../../src/core/reconcile.ts';
import { planRollouts, type Rollouts } from '../../src/core/rollout.ts';
import { emptySlot, isOccupied, transition } from '../../src/core/transition.ts';
import { desire, incarnation, PROBE, ROLLOUT, spec } from './fixtures.ts';

/** What the processes of a version come to: a readiness, or `crash`. */
type Fate = Readiness | 'crash';

class TinyWorld {
  slots = new Map<InstanceId, Slot>();
  rollouts: Rollouts = new Map();
  nowMs = 1_000;
  fates: Record<string, Fate> = {};
  /** The most that ever lived at once, and the fewest that were ready. */
  most = 0;
  fewestReady = Number.POSITIVE_INFINITY;
  story: string[] = [];
  wakeAtMs: number | null = null;
  #known = new Map<string, ServiceSpec>();
  #pids = 100;

  tick(service: ServiceSpec, ms = 10, stopped: string[] = []): void {
    this.nowMs += ms;
    this.#known.set(service.specHash, service);
    this.#progress();
    const findVersion = (_: ServiceName, hash: string) => this.#known.get(hash) ?? null;
    const base = desire([service], { stopped, pools: {} });
    const plan = planRollouts(base, this.slots, { rollouts: this.rollouts, findVersion }, this.nowMs);
    this.rollouts = plan.rollouts;
    this.wakeAtMs = plan.wakeAtMs;
    for (const action of reconcile(plan.desired, this.slots, this.nowMs).actions) {
      if (action.kind === 'start') this.#start(action.id, action.spec);
      else if (action.kind === 'stop')
        this.#fold(action.id, { kind: 'stopIntended', cause: action.cause, because: action.reason });
      else if (action.kind === 'forget') this.slots.delete(action.id);
      if (action.kind !== 'clear') this.story.push(`${action.kind} ${action.id}`);
    }
    this.#measure();
  }

  settle(service: ServiceSpec, ticks = 60): void {
    for (let count = 0; count < ticks; count++) this.tick(service);
  }

  /** What was told since the last call. */
  told(): string[] {
    const story = this.story;
    this.story = [];
    return story;
  }

  versions(): Record<string, string> {
    const live = [...this.slots.values()].filter(isOccupied);
    return Object.fromEntries(live.map(({ id, spec: slotSpec }) => [id, slotSpec!.specHash]));
  }

  crash(id: string): void {
    this.#fold(id as InstanceId, { kind: 'exited', exit: { code: 1 } });
  }

  restart(id: string): void {
    this.#fold(id as InstanceId, { kind: 'restartRequested' });
  }

  #start(id: InstanceId, service: ServiceSpec): void {
    const { specHash, stop, restart, dependsOn, singleton } = service;
    const slot = this.slots.get(id) ?? emptySlot(id, service.name, Number(id.split('.')[1]));
    this.slots.set(id, slot);
    this.#fold(id, {
      kind: 'startIntended',
      nonce: `n${this.#pids}`,
      spec: { specHash, stop, restart, dependsOn, singleton },
    });
  }

  /** A tick later what was begun is done. */
  #progress(): void {
    for (const { id, phase, spec: slotSpec } of [...this.slots.values()]) {
      const fate = this.fates[slotSpec?.specHash ?? ''] ?? 'passing';
      if (phase.kind === 'starting') {
        this.#fold(id, { kind: 'spawned', process: incarnation(this.#pids++), readiness: 'pending' });
      } else if (phase.kind === 'alive' && fate === 'crash') {
        this.#fold(id, { kind: 'exited', exit: { code: 1 } });
      } else if (phase.kind === 'alive' && fate !== 'crash') {
        this.#fold(id, { kind: 'readinessChanged', readiness: fate, because: fate === 'passing' ? null : 'refused' });
      } else if (phase.kind === 'stopping') {
        this.#fold(id, { kind: 'exited', exit: { signal: 'SIGTERM' } });
        this.#fold(id, { kind: 'emptied' });
      }
    }
  }

  #measure(): void {
    const live = [...this.slots.values()].filter(isOccupied);
    const ready = live.filter(({ phase }) => phase.kind === 'alive' && phase.readiness === 'passing');
    this.most = Math.max(this.most, live.length);
    this.fewestReady = Math.min(this.fewestReady, ready.length);
  }

  #fold(id: InstanceId, event: Parameters<typeof transition>[1]): void {
    this.slots.set(id, transition(this.slots.get(id)!, event, this.nowMs));
  }
}

const version = (hash: string, policy: Partial<RolloutPolicy> = {}, pool = 4): ServiceSpec =>
  spec('api', { pool, specHash: hash, readiness: PROBE, rollout: { ...ROLLOUT, ...policy } });
const count = (value: number) => ({ kind: 'count' as const, count: value });

function running(policy: Partial<RolloutPolicy> = {}, pool = 4): TinyWorld {
  const world = new TinyWorld();
  world.settle(version('v1', policy, pool));
  world.told();
  world.most = 0;
  world.fewestReady = Number.POSITIVE_INFINITY;
  return world;
}

describe('a version that gets ready', () => {
  it('replaces a quarter at a time by default, lowest number first', () => {
    const world = running();
    world.settle(version('v2'));
    expect(world.told()).toEqual([1, 2, 3, 4].flatMap((n) => [`stop api.${n}`, `start api.${n}`]));
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
    expect(world.told()).toEqual([
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
    expect(world.told()).toEqual(['stop api.1', 'start api.1']);
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
    world.told();
    world.tick(version('v2'));
    expect(world.told().sort()).toEqual(['stop api.1', 'stop api.2', 'stop api.3', 'stop api.4']);
  });

  it('starts nothing on top while more than that is still on its way out', () => {
    const policy = { maxUnavailable: count(0), maxSurge: count(1) };
    const world = running(policy, 6);
    for (let tick = 0; tick < 200; tick++) {
      world.tick(version('v2', policy, 3));
      const live = Object.keys(world.versions()).filter((id) => Number(id.split('.')[1]) > 3);
      if (world.told().includes('start api.4')) expect(live).toEqual(['api.4']);
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
    expect(world.told().filter((line) => line.startsWith('stop'))).toEqual([
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
    expect(world.told().filter((line) => !line.endsWith('api.5'))).toEqual([]);
  });

  it('is paused at the deadline, goes on when it gets ready after all', () => {
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

  it('goes back to the version before, if it is told to', () => {
    const policy = { onFailure: 'rollback' as const, deadlineMs: 1_000 };
    const world = running(policy);
    world.fates.v2 = 'crash';
    world.settle(version('v2', policy), 300);
    expect(Object.values(world.versions())).toEqual(['v1', 'v1', 'v1', 'v1']);
    expect(world.fewestReady).toBe(3);
    expect([...world.rollouts.values()][0]!.verdict).toMatchObject({ kind: 'rolledBack' });
    // The declaration goes back as well: nothing is left to be said.
    world.told();
    world.settle(version('v1', policy));
    expect(world.told()).toEqual([]);
    expect(world.rollouts.size).toBe(0);
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

it('a pool that is stopped meanwhile is rolled out no more', () => {
  const world = running();
  world.tick(version('v2'));
  expect(world.rollouts.size).toBe(1);
  world.tick(version('v2'), 10, ['api']);
  expect(world.rollouts.size).toBe(0);
});
