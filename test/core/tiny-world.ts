// A tiny world for roll-outs in which every stop and start takes one tick.

import { reconcile } from '../../src/core/reconcile.ts';
import { planRollouts, type Rollouts } from '../../src/core/rollout.ts';
import { emptySlotOf, isOccupied, type Readiness, type Slot } from '../../src/core/slot.ts';
import type { InstanceId, RolloutPolicy, ServiceName, ServiceSpec } from '../../src/core/spec.ts';
import { transition } from '../../src/core/transition.ts';
import { desire, incarnation, PROBE, ROLLOUT, spec } from './fixtures.ts';

/** What the processes of a version come to: a readiness, or `crash`; `waits`: a start that never leads to one. */
export type Fate = Readiness | 'crash' | 'waits';

export class TinyWorld {
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
      else if (action.kind === 'return') this.#fold(action.id, { kind: 'returned' });
      else if (action.kind === 'abandon') this.#fold(action.id, { kind: 'startAbandoned' });
      if (action.kind !== 'clear') this.story.push(`${action.kind} ${action.id}`);
    }
    this.#measure();
  }

  settle(service: ServiceSpec, ticks = 60): void {
    for (let count = 0; count < ticks; count++) this.tick(service);
  }

  /** The reports since the last call. */
  takeReports(): string[] {
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

  /** @param isSilent it does not answer any more */
  sicken(id: string, isSilent = false): void {
    this.#fold(id as InstanceId, { kind: 'unhealthy', because: 'refused', ...(isSilent && { isSilent: true }) });
  }

  restart(id: string): void {
    this.#fold(id as InstanceId, { kind: 'restartRequested' });
  }

  #start(id: InstanceId, service: ServiceSpec): void {
    const { specHash, stop, restart, dependsOn, singleton } = service;
    const slot = this.slots.get(id) ?? emptySlotOf(id, service.name);
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
      if (phase.kind === 'starting' && fate === 'waits') continue;
      if (phase.kind === 'starting') {
        this.#fold(id, { kind: 'spawned', process: incarnation(this.#pids++), readiness: 'pending' });
      } else if (phase.kind === 'alive' && fate === 'crash') {
        this.#fold(id, { kind: 'exited', exit: { code: 1 } });
      } else if (phase.kind === 'alive' && fate !== 'crash' && fate !== 'waits') {
        this.#fold(id, { kind: 'readinessChanged', readiness: fate, because: fate === 'passing' ? null : 'refused' });
      } else if (phase.kind === 'ending') {
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

export const version = (hash: string, policy: Partial<RolloutPolicy> = {}, pool = 4): ServiceSpec =>
  spec('api', { pool, specHash: hash, readiness: PROBE, rollout: { ...ROLLOUT, ...policy } });
export const count = (value: number) => ({ kind: 'count' as const, count: value });

export function running(policy: Partial<RolloutPolicy> = {}, pool = 4): TinyWorld {
  const world = new TinyWorld();
  world.settle(version('v1', policy, pool));
  world.takeReports();
  world.most = 0;
  world.fewestReady = Number.POSITIVE_INFINITY;
  return world;
}
