// `orch plan`: what applying a configuration would do, instance by instance. The change starts from the state of the running
// supervisor, or of one that has settled (settled-state.ts). Pure; it uses the same desired state and the same rules as the
// reconciler, so that the plan is what happens (I18).

import type { EnvironmentChange, Plan, PlanChange } from '../api/protocol-plan.ts';
import { type Slots, viewDependencies } from '../core/dependencies.ts';
import { type Desired, desiredOf } from '../core/desired.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import { whyPortsDiffer } from '../core/ports.ts';
import type { FindVersion, Rollouts } from '../core/rollout.ts';
import { isSameConfig } from '../core/same-config.ts';
import { isOccupied, isTimedOut, type Overrides, type Rollout, type Slot } from '../core/slot.ts';
import {
  type InstanceId,
  isFirstRunDue,
  type ProjectConfig,
  type ServiceName,
  type ServiceSpec,
} from '../core/spec.ts';
import { diffPolicies } from './diff-policy.ts';
import { diffQueues } from './diff-queues.ts';
import { diffServices, type KeyChange } from './diff-services.ts';
import { isWanted, serviceChanges, type TouchedInstances, whyAgain, whyNoMore } from './service-changes.ts';
import { type InstanceOutcome, type SimulatedChange, simulate } from './simulate.ts';

/** What a change starts from. The kernel is one; `settledState` makes one from a configuration. */
export type PlanBase = {
  readonly desired: Desired;
  readonly slots: Slots;
  readonly rollouts: Rollouts;
  readonly overrides: Overrides;
  readonly accepted: Pick<AcceptedConfig, 'config'> | null;
  versionOf: FindVersion;
};

/**
 * @param nowMs on the clock of `base`'s times
 * @param by a plain `up` wants all services again, an edit of the files keeps the choice of `up NAME…`
 */
export function planChange(base: PlanBase, config: ProjectConfig, nowMs: number, by: 'up' | 'edit' = 'up'): Plan {
  const before = base.desired.services;
  const { overrides } = base;
  const after = desiredOf(config, by === 'up' ? { ...overrides, only: null } : overrides, false, base.desired.ports);
  const names = new Set<ServiceName>([
    ...after.services.keys(),
    ...before.keys(),
    ...[...base.slots.values()].map(({ service }) => service),
  ]);
  const changes: PlanChange[] = [];
  const { outcomes, settled } = simulateOn(base, after, nowMs);
  const dependencies = viewDependencies(after, settled ?? base.slots);
  const allTouched = classifyInstances(base, after, nowMs);
  for (const name of names) {
    const from = before.get(name) ?? null;
    const to = after.services.get(name) ?? null;
    const keys = diffServices(from, to);
    const halted = to && whyHalted(base.rollouts.get(to.name), to);
    if (halted !== null && isSameConfig(config, base.accepted?.config)) {
      changes.push(haltedChange(name, halted, keys));
      continue;
    }
    const touched = allTouched.get(name) ?? NOTHING_TOUCHED;
    const lost = settled ? touched.restart.filter((id) => outcomes.get(id) === 'stop') : [];
    const starts = settled ? [...touched.start, ...touched.restart] : touched.start;
    const isCut = !settled && touched.start.some((id) => outcomes.has(id));
    const late = isCut ? [] : starts.filter((id) => !outcomes.has(id));
    const isReplaced = late.some((id) => touched.restart.includes(id));
    const blocker = to && (isReplaced ? dependencies.blockerOfReplacement(to, true) : dependencies.blockerOf(to));
    const waits = late.length > 0 || lost.length > 0 ? blocker : null;
    const again = from && to && whyAgain(from, to, touched);
    const noMore = from && to && whyNoMore(from, to, after.instances);
    const wasWanted = from !== null && to === null && isWanted(from, base.desired.instances);
    const { instances } = after;
    const comparison = {
      service: name,
      from,
      to,
      keys,
      touched,
      instances,
      again,
      noMore,
      wasWanted,
      waits,
      late,
      lost,
    };
    changes.push(...serviceChanges(comparison));
    changes.push(...followingChanges(base, name, after, touched, outcomes));
  }
  changes.push(...diffQueues(base.accepted?.config ?? null, config));
  if (base.accepted) changes.push(...diffPolicies(base.accepted.config.policy, config.policy));
  const environment = environmentChange(base.accepted?.config, config);
  return { changes, ...(environment && { environment }) };
}

/** @returns null where the name stays, or nothing ran before. */
function environmentChange(from: ProjectConfig | undefined, to: ProjectConfig): EnvironmentChange | null {
  return !from || from.env === to.env ? null : { from: from.env, to: to.env };
}

/** Why `up` leaves the pool as it is although another version is declared; null: it does not. Holds while nothing is edited. */
function whyHalted(rollout: Rollout | undefined, { name, specHash }: ServiceSpec): string | null {
  if (!rollout || rollout.specHash !== specHash || rollout.verdict.kind === 'going') return null;
  const state = rollout.verdict.kind === 'paused' ? 'the roll-out is paused' : 'rolled back';
  return `${state}; it stays so until procs.yaml changes, or \`orch restart ${name}\` tries again`;
}

/** It would need new processes, but the roll-out is halted. */
function haltedChange(service: string, reason: string, keys: KeyChange[]): PlanChange {
  return { service, action: 'update', instances: [], class: 'restart', keys, reason };
}

function simulateOn(base: PlanBase, desired: Desired, nowMs: number): SimulatedChange {
  const { slots, rollouts } = base;
  const findVersion: FindVersion = (service, hash) => {
    const declared = desired.services.get(service);
    return declared?.specHash === hash ? declared : base.versionOf(service, hash);
  };
  return simulate({ desired, slots, rollouts, findVersion, nowMs });
}

/** Changes that no key of the service explains: its instances follow a dependency (`on_loss`), or a port of another service. */
function followingChanges(
  { slots }: PlanBase,
  service: string,
  after: Desired,
  { start, stop, restart }: TouchedInstances,
  outcomes: ReadonlyMap<InstanceId, InstanceOutcome>,
): PlanChange[] {
  const known = new Set([...start, ...stop, ...restart]);
  const byReason = new Map<string, PlanChange>();
  for (const [id, action] of outcomes) {
    const wanted = after.instances.get(id);
    if (wanted?.spec.name !== service || known.has(id)) continue;
    const slot = action === 'restart' ? slots.get(id) : undefined;
    const reason = (slot && whyPortsDiffer(slot, wanted.spec, after)) ?? FOLLOWING_REASONS[action];
    const change = byReason.get(reason) ?? { service, action, instances: [], class: 'live', keys: [], reason };
    byReason.set(reason, { ...change, instances: [...change.instances, id] });
  }
  return [...byReason.values()].sort((a, b) => FOLLOWING_ORDER.indexOf(a.action) - FOLLOWING_ORDER.indexOf(b.action));
}

const FOLLOWING_ORDER: PlanChange['action'][] = ['restart', 'stop', 'start'];

const FOLLOWING_REASONS: Record<InstanceOutcome, string> = {
  restart: 'what it depends on is replaced (on_loss)',
  stop: 'what it depends on is lost (on_loss: hold)',
  start: 'what it waits for comes',
};

const NOTHING_TOUCHED: TouchedInstances = { start: [], stop: [], restart: [], rerun: [], timedOut: [] };

/** Of each service that is touched. One pass: a project may have thousands of services. */
function classifyInstances(base: PlanBase, after: Desired, nowMs: number): Map<ServiceName, TouchedInstances> {
  const byService = new Map<ServiceName, TouchedInstances>();
  const touchedIn = (service: ServiceName): TouchedInstances => {
    const known = byService.get(service) ?? { start: [], stop: [], restart: [], rerun: [], timedOut: [] };
    byService.set(service, known);
    return known;
  };
  for (const slot of base.slots.values()) {
    if (!isOccupied(slot)) continue;
    const touched = touchedIn(slot.service);
    const wanted = after.instances.get(slot.id);
    const isTimedOutBy = (spec?: ServiceSpec): boolean => isTimedOut(slot.phase, spec?.timeoutMs ?? null, nowMs);
    if (!wanted?.run) touched.stop.push(slot.id);
    // A scheduled run keeps the version it began with.
    else if (slot.spec?.specHash !== wanted.spec.specHash && !wanted.spec.schedule) touched.restart.push(slot.id);
    else if (isTimedOutBy(wanted.spec) && !isTimedOutBy(base.desired.services.get(slot.service)))
      touched.timedOut.push(slot.id);
  }
  for (const [id, wanted] of after.instances) {
    const slot = base.slots.get(id);
    if (!wanted.run || !needsStart(slot, wanted.spec)) continue;
    const touched = touchedIn(wanted.spec.name);
    touched.start.push(id);
    if (slot?.phase.kind === 'completed') touched.rerun.push(id);
  }
  return byService;
}

function needsStart(slot: Slot | undefined, spec: ServiceSpec): boolean {
  // Its schedule starts it, not the configuration.
  if (spec.schedule) return isFirstRunDue(spec, slot?.spec ?? null);
  if (!slot) return true;
  if (isOccupied(slot)) return false;
  if (slot.spec?.specHash !== spec.specHash) return true;
  return slot.phase.kind === 'idle' || slot.phase.kind === 'backoff';
}
