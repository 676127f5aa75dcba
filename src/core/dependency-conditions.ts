// Whether the condition of one dependency holds, and the sentence that says why not. Pure.
import type { Desired } from './desired.ts';
import type { Dependency, DependencyCondition, InstanceId, ServiceSpec, Slot } from './model.ts';
import { instanceId } from './model.ts';
import { isReady } from './readiness.ts';
import { describeExit } from './restart-policy.ts';

export type Slots = ReadonlyMap<InstanceId, Slot>;

export type Unmet = {
  because: string;
  /** It has not run yet, though it should: what it waits for in turn is the nearer cause. */
  isWaiting: boolean;
};

/** The first instance that does not meet the condition; null when all do. */
export function findUnmet({ service, condition }: Dependency, desired: Desired, slots: Slots): Unmet | null {
  const spec = desired.services.get(service);
  if (!spec) return { because: `${service} is not declared`, isWaiting: false };
  if (spec.pool === 0) return { because: `${service} has no instances (pool: 0)`, isWaiting: false };
  for (let index = 1; index <= spec.pool; index++) {
    const id = instanceId(service, index);
    const slot = slots.get(id);
    if (!slot || !meets(slot, spec, condition)) return describeUnmet(id, condition, slot, desired);
  }
  return null;
}

export function meets(slot: Slot, spec: ServiceSpec, condition: DependencyCondition): boolean {
  const { phase } = slot;
  // What ended with an older spec says nothing about the one that is declared now.
  const current = slot.spec?.specHash === spec.specHash;
  if (phase.kind === 'completed') return current;
  if (phase.kind !== 'alive' || condition === 'completed') return false;
  return condition === 'started' || isReady(phase);
}

function describeUnmet(
  id: InstanceId,
  condition: DependencyCondition,
  slot: Slot | undefined,
  desired: Desired,
): Unmet {
  const wish = desired.wishes.get(id);
  if (wish && !wish.run) return { because: `${id} is not wanted: ${wish.because}`, isWaiting: false };
  const isEmpty = !slot || slot.phase.kind === 'idle';
  const goal = condition === 'ready' ? 'become ready' : condition;
  return { because: `${id} ${slot ? conditionOf(slot, goal) : `has not ${goal}`}`, isWaiting: isEmpty };
}

function conditionOf({ phase, lastExit, failures }: Slot, goal: string): string {
  switch (phase.kind) {
    case 'failed':
      return phase.reason;
    case 'idle':
      return `has not ${goal} (waiting)`;
    case 'alive':
      return `${phase.readiness === 'failing' ? 'is not ready any more' : `has not ${goal}`} (${phase.because ?? 'running'})`;
    case 'backoff': {
      const last = phase.because ?? (lastExit ? describeExit(lastExit) : 'unknown');
      return `has not ${goal} (failed ${failures === 1 ? 'once' : `${failures} times in a row`}, last: ${last})`;
    }
    default:
      return `has not ${goal} (${phase.kind})`;
  }
}

/** Of the instances that `slot` depends on the one that met its condition last; null where it depends on nobody. */
export function lastMet(slot: Slot, desired: Desired, slots: Slots): InstanceId | null {
  let last: { id: InstanceId; atMs: number } | null = null;
  for (const { service, condition } of slot.spec?.dependsOn ?? []) {
    const pool = desired.services.get(service)?.pool ?? 0;
    for (let index = 1; index <= pool; index++) {
      const other = slots.get(instanceId(service, index));
      const atMs = other ? metSinceMs(other, condition) : null;
      if (other && atMs !== null && (last === null || atMs > last.atMs)) last = { id: other.id, atMs };
    }
  }
  return last?.id ?? null;
}

function metSinceMs({ phase }: Slot, condition: DependencyCondition): number | null {
  if (phase.kind === 'completed') return phase.atMs;
  if (phase.kind !== 'alive') return null;
  return condition === 'ready' ? phase.readinessSinceMs : phase.sinceMs;
}
