// `orch plan` against the running supervisor: what applying a configuration would do, instance by instance. Pure; it uses
// the same desired state and the same classification as the reconciler, so that the plan is the truth (I18).

import type { PlanChange, Plan as WirePlan } from '../api/protocol.ts';
import { type Blocker, type Slots, viewDependencies } from '../core/dependencies.ts';
import { type Desired, desiredOf } from '../core/desired.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import type { FindVersion, Rollouts } from '../core/rollout.ts';
import { isOccupied, type Overrides, type Rollout, type Slot } from '../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../core/spec.ts';
import { diffQueues } from './diff-queues.ts';
import { diffServices, type KeyChange } from './diff-services.ts';
import { type InstanceOutcome, simulate } from './simulate.ts';

/** What a change starts from: the state of a supervisor. */
export type PlanBase = {
  readonly desired: Desired;
  readonly slots: Slots;
  readonly rollouts: Rollouts;
  readonly overrides: Overrides;
  readonly accepted: AcceptedConfig | null;
  versionOf: FindVersion;
};

/** @param nowMs on the clock of `base`'s times */
export function planFor(base: PlanBase, accepted: AcceptedConfig, nowMs: number): WirePlan {
  const before = base.desired.services;
  const after = desiredOf(accepted.config, base.overrides, false);
  const names = new Set<string>([...after.services.keys(), ...[...base.slots.values()].map(({ service }) => service)]);
  const changes: PlanChange[] = [];
  const fates = simulateOn(base, after, nowMs);
  const dependencies = viewDependencies(after, base.slots);
  const isEdited = JSON.stringify(accepted.config) !== JSON.stringify(base.accepted?.config);
  for (const name of names) {
    const from = [...before.values()].find((spec) => spec.name === name) ?? null;
    const to = [...after.services.values()].find((spec) => spec.name === name) ?? null;
    const keys = diffServices(from, to);
    const halted = to && !isEdited ? whyHalted(base.rollouts.get(to.name), to) : null;
    if (halted !== null) {
      changes.push(haltedChange(name, halted, keys));
      continue;
    }
    const touched = classifyInstances(base, name, after);
    const waits = to && !touched.start.some((id) => fates.get(id) === 'start') ? dependencies.blockerOf(to) : null;
    changes.push(...serviceChanges({ service: name, from, to, touched, waits }, keys));
    changes.push(...followingChanges(name, after, touched, fates));
  }
  changes.push(...diffQueues(base.accepted?.config ?? null, accepted.config));
  return { changes };
}

/** Why `up` leaves the pool as it is although another version is declared; null: it does not. Holds while nothing is edited. */
function whyHalted(rollout: Rollout | undefined, { name, specHash }: ServiceSpec): string | null {
  if (!rollout || rollout.specHash !== specHash || rollout.verdict.kind === 'going') return null;
  const state = rollout.verdict.kind === 'paused' ? 'the roll-out is paused' : 'rolled back';
  return `${state}; it stays so until procs.yaml changes, or \`orch restart ${name}\` tries again`;
}

/** It would need new processes, and gets none. */
function haltedChange(service: string, reason: string, keys: KeyChange[]): PlanChange {
  const shown = keys.map(({ key, from, to }) => ({ key, from, to }));
  return { service, action: 'update', instances: [], class: 'restart', keys: shown, reason };
}

function simulateOn(base: PlanBase, desired: Desired, nowMs: number): ReadonlyMap<InstanceId, InstanceOutcome> {
  const { slots, rollouts } = base;
  const findVersion: FindVersion = (service, hash) => {
    const declared = desired.services.get(service);
    return declared?.specHash === hash ? declared : base.versionOf(service, hash);
  };
  return simulate({ desired, slots, rollouts, findVersion, nowMs });
}

/** What nothing in the file says by itself: it follows something that it depends on (`on_loss`). */
function followingChanges(
  service: string,
  { instances: wishes }: Desired,
  { start, stop, restart }: TouchedInstances,
  fates: ReadonlyMap<InstanceId, InstanceOutcome>,
): PlanChange[] {
  const known = new Set([...start, ...stop, ...restart]);
  const carried = [...fates].filter(([id]) => wishes.get(id)?.spec.name === service && !known.has(id));
  return (['restart', 'stop', 'start'] as const).flatMap((action) => {
    const instances = carried.filter(([, fate]) => fate === action).map(([id]) => id);
    const reason = FOLLOWING_REASONS[action];
    return instances.length > 0 ? [{ service, action, instances, class: 'live', keys: [], reason }] : [];
  });
}

const FOLLOWING_REASONS: Record<InstanceOutcome, string> = {
  restart: 'what it depends on is replaced (on_loss)',
  stop: 'what it depends on is lost (on_loss: hold)',
  start: 'what it waits for comes',
};

type TouchedInstances = { start: InstanceId[]; stop: InstanceId[]; restart: InstanceId[] };

function classifyInstances(base: PlanBase, service: string, after: ReturnType<typeof desiredOf>): TouchedInstances {
  const touched: TouchedInstances = { start: [], stop: [], restart: [] };
  for (const slot of base.slots.values()) {
    if (slot.service !== service || !isOccupied(slot)) continue;
    const wish = after.instances.get(slot.id);
    if (!wish?.run) touched.stop.push(slot.id);
    // A run that has begun ends as it began.
    else if (slot.spec?.specHash !== wish.spec.specHash && !wish.spec.schedule) touched.restart.push(slot.id);
  }
  for (const [id, wish] of after.instances) {
    if (wish.spec.name === service && wish.run && needsStart(base.slots.get(id), wish.spec)) touched.start.push(id);
  }
  return touched;
}

function needsStart(slot: Slot | undefined, spec: ServiceSpec): boolean {
  // Time starts it, not the configuration.
  if (spec.schedule) return false;
  if (!slot) return true;
  if (isOccupied(slot)) return false;
  if (slot.spec?.specHash !== spec.specHash) return true;
  return slot.phase.kind === 'idle' || slot.phase.kind === 'backoff';
}

type ServiceComparison = {
  service: string;
  from: ServiceSpec | null;
  to: ServiceSpec | null;
  touched: TouchedInstances;
  /** What will still be missing for its starts. */
  waits: Blocker | null;
};

const waitsFor = (blocker: Blocker | null): string =>
  blocker ? `; it waits for ${blocker.dependency.service} (${blocker.dependency.condition})` : '';

function serviceChanges({ service, from, to, touched, waits }: ServiceComparison, keys: KeyChange[]): PlanChange[] {
  const change = (action: PlanChange['action'], instances: string[], reason: string): PlanChange => {
    const isRestart = action === 'restart';
    const relevant = action === 'scale' ? keys.filter((key) => key.class === 'live') : keys;
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
