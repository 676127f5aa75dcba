// `orch plan` against the running supervisor: what applying a configuration would do, instance by instance. Pure; it uses
// the same desired state and the same classification as the reconciler, so that the plan is the truth (I18).
import type { PlanChange, Plan as WirePlan } from '../../api/protocol.ts';
import { diffServices, type KeyChange } from '../../config/diff.ts';
import { diffQueues } from '../../config/diff-queues.ts';
import { type Blocker, viewDependencies } from '../../core/dependencies.ts';
import { type Desired, desiredOf } from '../../core/desired.ts';
import type { AcceptedConfig, InstanceId, Rollout, ServiceSpec, Slot } from '../../core/model.ts';
import type { FindVersion } from '../../core/rollout.ts';
import { isOccupied } from '../../core/transition.ts';
import type { Kernel } from '../kernel.ts';
import { type Fate, rehearse } from './rehearsal.ts';

/** @param nowMs on the kernel's clock */
export function planFor(kernel: Kernel, accepted: AcceptedConfig, nowMs: number): WirePlan {
  const before = kernel.desired.services;
  const after = desiredOf(accepted.config, kernel.overrides, false);
  const names = new Set<string>([
    ...after.services.keys(),
    ...[...kernel.slots.values()].map(({ service }) => service),
  ]);
  const changes: PlanChange[] = [];
  const fates = rehearseOn(kernel, after, nowMs);
  const dependencies = viewDependencies(after, kernel.slots);
  const isEdited = JSON.stringify(accepted.config) !== JSON.stringify(kernel.accepted?.config);
  for (const name of names) {
    const from = [...before.values()].find((spec) => spec.name === name) ?? null;
    const to = [...after.services.values()].find((spec) => spec.name === name) ?? null;
    const keys = diffServices(from, to);
    const halted = to && !isEdited ? haltOf(kernel.rollouts.get(to.name), to) : null;
    if (halted !== null) {
      changes.push(heldBack(name, halted, keys));
      continue;
    }
    const touched = classify(kernel, name, after);
    const waits = to && !touched.start.some((id) => fates.get(id) === 'start') ? dependencies.blockerOf(to) : null;
    changes.push(...serviceChanges({ service: name, from, to, touched, waits }, keys));
    changes.push(...carriedAlong(name, after, touched, fates));
  }
  changes.push(...diffQueues(kernel.accepted?.config ?? null, accepted.config));
  return { changes };
}

/** Why `up` leaves the pool as it is although another version is declared; null: it does not. Holds while nothing is edited. */
function haltOf(rollout: Rollout | undefined, { name, specHash }: ServiceSpec): string | null {
  if (!rollout || rollout.specHash !== specHash || rollout.verdict.kind === 'going') return null;
  const state = rollout.verdict.kind === 'paused' ? 'the roll-out is paused' : 'rolled back';
  return `${state}; it stays so until procs.yaml changes, or \`orch restart ${name}\` tries again`;
}

/** It would need new processes, and gets none. */
function heldBack(service: string, reason: string, keys: KeyChange[]): PlanChange {
  const shown = keys.map(({ key, from, to }) => ({ key, from, to }));
  return { service, action: 'update', instances: [], class: 'restart', keys: shown, reason };
}

function rehearseOn(kernel: Kernel, desired: Desired, nowMs: number): ReadonlyMap<InstanceId, Fate> {
  const { slots, rollouts } = kernel;
  const findVersion: FindVersion = (service, hash) => {
    const declared = desired.services.get(service);
    return declared?.specHash === hash ? declared : kernel.versionOf(service, hash);
  };
  return rehearse({ desired, slots, rollouts, findVersion, nowMs });
}

/** What nothing in the file says by itself: it follows something that it depends on (`on_loss`). */
function carriedAlong(
  service: string,
  { wishes }: Desired,
  { start, stop, restart }: Touched,
  fates: ReadonlyMap<InstanceId, Fate>,
): PlanChange[] {
  const known = new Set([...start, ...stop, ...restart]);
  const carried = [...fates].filter(([id]) => wishes.get(id)?.spec.name === service && !known.has(id));
  return (['restart', 'stop', 'start'] as const).flatMap((action) => {
    const instances = carried.filter(([, fate]) => fate === action).map(([id]) => id);
    const reason = FOLLOWS[action];
    return instances.length > 0 ? [{ service, action, instances, class: 'live', keys: [], reason }] : [];
  });
}

const FOLLOWS: Record<Fate, string> = {
  restart: 'what it depends on is replaced (on_loss)',
  stop: 'what it depends on is lost (on_loss: hold)',
  start: 'what it waits for comes',
};

type Touched = { start: InstanceId[]; stop: InstanceId[]; restart: InstanceId[] };

function classify(kernel: Kernel, service: string, after: ReturnType<typeof desiredOf>): Touched {
  const touched: Touched = { start: [], stop: [], restart: [] };
  for (const slot of kernel.slots.values()) {
    if (slot.service !== service || !isOccupied(slot)) continue;
    const wish = after.wishes.get(slot.id);
    if (!wish?.run) touched.stop.push(slot.id);
    // A run that has begun ends as it began.
    else if (slot.spec?.specHash !== wish.spec.specHash && !wish.spec.schedule) touched.restart.push(slot.id);
  }
  for (const [id, wish] of after.wishes) {
    if (wish.spec.name === service && wish.run && startsAnew(kernel.slots.get(id), wish.spec)) touched.start.push(id);
  }
  return touched;
}

function startsAnew(slot: Slot | undefined, spec: ServiceSpec): boolean {
  // Time starts it, not the configuration.
  if (spec.schedule) return false;
  if (!slot) return true;
  if (isOccupied(slot)) return false;
  if (slot.spec?.specHash !== spec.specHash) return true;
  return slot.phase.kind === 'idle' || slot.phase.kind === 'backoff';
}

type Comparison = {
  service: string;
  from: ServiceSpec | null;
  to: ServiceSpec | null;
  touched: Touched;
  /** What will still be missing for its starts. */
  waits: Blocker | null;
};

const waitsFor = (blocker: Blocker | null): string =>
  blocker ? `; it waits for ${blocker.dependency.service} (${blocker.dependency.condition})` : '';

function serviceChanges({ service, from, to, touched, waits }: Comparison, keys: KeyChange[]): PlanChange[] {
  const change = (action: PlanChange['action'], instances: string[], reason: string): PlanChange => {
    const isRestart = action === 'restart';
    const relevant = isRestart ? keys : keys.filter((key) => key.class === 'live');
    const shown = relevant.map(({ key, from: old, to: now }) => ({ key, from: old, to: now }));
    return {
      service,
      action,
      instances,
      class: isRestart ? 'restart' : 'live',
      keys: action === 'start' || action === 'stop' ? [] : shown,
      reason,
    };
  };
  const scaled = from !== null && to !== null && from.pool !== to.pool;
  const changes: PlanChange[] = [];
  if (touched.restart.length > 0) {
    const names = keys.filter((key) => key.class === 'restart').map(({ key }) => key);
    changes.push(
      change(
        'restart',
        touched.restart,
        names.length > 0 ? `${names.join(', ')} changed` : 'it runs an older configuration',
      ),
    );
  }
  if (scaled) {
    const instances = [...touched.start, ...touched.stop];
    changes.push(change('scale', instances, `pool ${from.pool} → ${to.pool}`));
  } else {
    if (touched.start.length > 0)
      changes.push(
        change('start', touched.start, `${from ? 'not running' : 'new in the configuration'}${waitsFor(waits)}`),
      );
    if (touched.stop.length > 0)
      changes.push(change('stop', touched.stop, to ? 'not wanted any more' : 'no longer declared'));
  }
  if (!from && to?.schedule) changes.push(change('update', [], 'declared; it waits for its time'));
  if (from && to && changes.length === 0 && keys.length > 0) {
    changes.push(change('update', [], `${keys.map(({ key }) => key).join(', ')} changed, applied in place`));
  }
  return changes;
}
