// Roll-outs: a pool is moved to another version a few instances at a time, and the roll-out is paused or rolled back when
// the new instances do not get ready. Pure and level-triggered: from the slots and one small record for each service it
// says which version every instance should run now. The reconciler does the rest.

import { type DependencyView, type Slots, viewDependencies } from './dependencies.ts';
import type { Desired, DesiredInstance, RolloutStep } from './desired.ts';
import { whyPortsDiffer } from './ports.ts';
import { isReady } from './readiness.ts';
import {
  chooseReplacements,
  chooseSurge,
  isReplaceable,
  type PoolInRollout,
  type PoolMember,
  rolloutLimitsOf,
  surgeToKeep,
} from './rollout-batch.ts';
import { earlier, isOccupied, phaseWord, type Rollout, type RolloutVerdict, type Slot } from './slot.ts';
import { type InstanceId, instanceId, type ServiceName, type ServiceSpec } from './spec.ts';

export type Rollouts = ReadonlyMap<ServiceName, Rollout>;
/** @returns the whole spec of a version that was in force once; null: it is not remembered. */
export type FindVersion = (service: ServiceName, specHash: string) => ServiceSpec | null;

export type RolloutPlan = {
  /** Every instance with the version that it should run now, and the instances on top of the pool. */
  desired: Desired;
  rollouts: Rollouts;
  /** When a roll-out could move on, or fail, because time has passed. */
  wakeAtMs: number | null;
};

/** @param base what the file and the overrides say; returned unchanged when no service is rolled out. */
export function planRollouts(
  base: Desired,
  slots: Slots,
  { rollouts, findVersion }: { rollouts: Rollouts; findVersion: FindVersion },
  nowMs: number,
): RolloutPlan {
  const dependencies = viewDependencies(base, slots);
  const services = new Set<ServiceName>([...rollouts.keys(), ...staleServices(base, slots, dependencies)]);
  if (services.size === 0) return { desired: base, rollouts, wakeAtMs: null };
  const pass: RolloutPass = {
    base,
    slots,
    dependencies,
    findVersion,
    nowMs,
    services: new Map(base.services),
    instances: new Map(base.instances),
    rollouts: new Map(),
    wakeAtMs: null,
  };
  for (const service of services) planService(pass, service, rollouts.get(service) ?? null);
  const desired: Desired = { ...base, services: pass.services, instances: pass.instances };
  return { desired, rollouts: pass.rollouts, wakeAtMs: pass.wakeAtMs };
}

type RolloutPass = {
  base: Desired;
  slots: Slots;
  dependencies: DependencyView;
  findVersion: FindVersion;
  nowMs: number;
  services: Map<ServiceName, ServiceSpec>;
  instances: Map<InstanceId, DesiredInstance>;
  rollouts: Map<ServiceName, Rollout>;
  wakeAtMs: number | null;
};

function staleServices(base: Desired, slots: Slots, dependencies: DependencyView): ServiceName[] {
  const stale: ServiceName[] = [];
  for (const slot of slots.values()) {
    const wanted = base.instances.get(slot.id);
    if (wanted?.run && isOccupied(slot) && staleReason(slot, wanted.spec, { base, dependencies }) !== null)
      stale.push(slot.service);
  }
  return stale;
}

/** Why the process in the slot, or the start under way, is to be replaced; null: it is as it should be. */
function staleReason(
  slot: Slot,
  target: ServiceSpec,
  { base, dependencies }: Pick<RolloutPass, 'base' | 'dependencies'>,
): string | null {
  // A scheduled run keeps the version it began with; the next one is of the new version.
  if (slot.spec?.specHash !== target.specHash && target.schedule === null) return 'its configuration changed';
  const { phase, restartRequestedMs } = slot;
  const isGivenPorts = (phase.kind === 'starting' || phase.kind === 'alive') && target.schedule === null;
  const moved = isGivenPorts ? whyPortsDiffer(slot, target, base) : null;
  if (moved !== null) return moved;
  // The start may wait for a singleton or a hook, and continues as it began.
  if (phase.kind === 'starting') return restartRequestedMs === null ? null : 'restart requested';
  if (phase.kind !== 'alive') return null;
  if (restartRequestedMs !== null && phase.sinceMs <= restartRequestedMs) return 'restart requested';
  const renewed = dependencies.dependencyRestartedSince(target, phase.sinceMs);
  return renewed ? `${renewed}, which it depends on, was restarted` : null;
}

function planService(pass: RolloutPass, service: ServiceName, record: Rollout | null): void {
  const declared = pass.base.services.get(service);
  const ids = declared ? runningIds(pass.base, declared) : [];
  if (!declared || ids.length === 0) return;
  if (declared.schedule) {
    planScheduledService(pass, declared, ids);
    return;
  }
  const current = record?.specHash === declared.specHash ? record : null;
  const target = targetOf(pass, declared, current);
  const pool = poolFor(pass, declared, target, ids);
  const { members, surge } = pool;
  const isOver = current?.verdict.kind !== 'rolledBack' && members.every(({ progress }) => progress === 'current');
  if (isOver) return;
  const rollout = judgeRollout(current ?? newRollout(pass, declared, members), declared, [...members, ...surge], pass);
  pass.rollouts.set(service, rollout);
  const now = targetOf(pass, declared, rollout);
  // Just rolled back: judge the instances again by the older version.
  assignSteps(pass, rollout, now === target ? pool : poolFor(pass, declared, now, ids));
}

/** Scheduled services need no roll-out: a run that is to be replaced is replaced at once, without a record or a surge. */
function planScheduledService(pass: RolloutPass, declared: ServiceSpec, ids: InstanceId[]): void {
  for (const id of ids) {
    const { progress, slot, because } = memberOf(pass, id, declared);
    if (progress === 'old' && isReplaceable(slot))
      pass.instances.set(id, { spec: declared, run: true, rolloutStep: { step: 'now', because } });
  }
}

function poolFor(pass: RolloutPass, declared: ServiceSpec, target: ServiceSpec, ids: InstanceId[]): PoolInRollout {
  const members = ids.map((id) => memberOf(pass, id, target));
  return { declared, target, members, surge: surgeMembers(pass, declared, target) };
}

function newRollout({ nowMs }: RolloutPass, declared: ServiceSpec, members: PoolMember[]): Rollout {
  const older = members.filter(({ progress, isAvailable }) => progress === 'old' && isAvailable);
  const hashes = older.map(({ slot }) => slot?.spec?.specHash ?? '').filter((hash) => hash !== declared.specHash);
  return {
    service: declared.name,
    specHash: declared.specHash,
    sinceMs: nowMs,
    progressMs: nowMs,
    good: 0,
    protected: older.length,
    olderHash: mostFrequent(hashes),
    verdict: { kind: 'going' },
  };
}

/** The first of the most frequent ones; null: there are none. */
function mostFrequent(hashes: string[]): string | null {
  const counts = new Map<string, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  let best: string | null = null;
  for (const [hash, count] of counts) if (best === null || count > counts.get(best)!) best = hash;
  return best;
}

/** The version to reach: the declared one, or after a roll-back the older one if it is remembered. */
function targetOf({ findVersion }: RolloutPass, declared: ServiceSpec, rollout: Rollout | null): ServiceSpec {
  if (rollout?.verdict.kind !== 'rolledBack' || rollout.olderHash === null) return declared;
  const older = findVersion(declared.name, rollout.olderHash);
  return older ? { ...older, pool: declared.pool, enabled: declared.enabled, rollout: declared.rollout } : declared;
}

function runningIds(base: Desired, { name, pool }: ServiceSpec): InstanceId[] {
  const ids = Array.from({ length: pool }, (_, index) => instanceId(name, index + 1));
  return ids.filter((id) => base.instances.get(id)?.run);
}

function memberOf(pass: RolloutPass, id: InstanceId, target: ServiceSpec): PoolMember {
  const slot = pass.slots.get(id);
  const isAvailable = slot !== undefined && isReady(slot.phase);
  const member = { id, slot, isAvailable };
  if (!slot || slot.spec === null) return { ...member, progress: 'updating', because: '' };
  const because = staleReason(slot, target, pass);
  if (because !== null) {
    const isGoing = slot.phase.kind === 'ending' && slot.phase.cause === 'replaced';
    return { ...member, progress: isGoing ? 'updating' : 'old', because };
  }
  return { ...member, progress: isGood(pass, slot, target) ? 'current' : 'updating', because: '' };
}

function isGood(pass: RolloutPass, { phase }: Slot, { rollout }: ServiceSpec): boolean {
  if (phase.kind === 'completed') return true;
  if (!isReady(phase)) return false;
  const goodAtMs = phase.readinessSinceMs + rollout.minReadyMs;
  if (goodAtMs > pass.nowMs) pass.wakeAtMs = earlier(pass.wakeAtMs, goodAtMs);
  return goodAtMs <= pass.nowMs;
}

/** Instances beyond the pool that run, or may run, the target version. */
function surgeMembers(pass: RolloutPass, declared: ServiceSpec, target: ServiceSpec): PoolMember[] {
  const { extra } = rolloutLimitsOf(declared.rollout, declared.pool);
  const ids = Array.from({ length: extra }, (_, index) => instanceId(declared.name, declared.pool + index + 1));
  return ids.map((id) => memberOf(pass, id, target));
}

function assignSteps(pass: RolloutPass, rollout: Rollout, pool: PoolInRollout): void {
  const { declared, target, members } = pool;
  if (rollout.verdict.kind === 'rolledBack') pass.services.set(declared.name, target);
  const isHalted = rollout.verdict.kind === 'paused' || (rollout.verdict.kind === 'rolledBack' && target === declared);
  const surge = isHalted ? surgeToKeep(pool) : chooseSurge(rollout, pool, pass.slots.values());
  const chosen = isHalted ? new Set<InstanceId>() : chooseReplacements(rollout, { ...pool, surge });
  for (const member of members) pass.instances.set(member.id, desiredInstanceOf(pass, rollout, pool, chosen, member));
  const because = 'An extra instance of the roll-out; it is removed afterwards.';
  const onTop: DesiredInstance = { spec: target, run: true, rolloutStep: { step: 'done', because, unblock: null } };
  for (const { id } of surge) pass.instances.set(id, onTop);
}

function desiredInstanceOf(
  pass: RolloutPass,
  rollout: Rollout,
  { declared, target }: PoolInRollout,
  chosen: Set<InstanceId>,
  { id, slot, progress, because }: PoolMember,
): DesiredInstance {
  if (chosen.has(id)) return { spec: target, run: true, rolloutStep: { step: 'now', because } };
  if (progress !== 'old') return { spec: target, run: true, rolloutStep: currentStep(rollout, declared) };
  const older = pass.findVersion(declared.name, slot?.spec?.specHash ?? '');
  return { spec: older ?? target, run: true, rolloutStep: { step: 'later', ...whyNotYet(rollout, declared) } };
}

function whyNotYet({ verdict }: Rollout, { name }: ServiceSpec): { because: string; unblock: string | null } {
  if (verdict.kind === 'going') {
    return { because: 'Runs an older configuration; the roll-out will replace it.', unblock: null };
  }
  const unblock = `change procs.yaml, or run \`orch restart ${name}\` to continue`;
  return { because: `Runs an older configuration; the roll-out is paused: ${verdict.because}`, unblock };
}

function currentStep({ verdict }: Rollout, { name }: ServiceSpec): RolloutStep | null {
  if (verdict.kind !== 'rolledBack') return null;
  const because = `Rolled back to the version before: ${verdict.because}`;
  return { step: 'done', because, unblock: `change procs.yaml, or run \`orch restart ${name}\` to try again` };
}

/**
 * Updates the record by the state of the instances. Rules, first match wins:
 * 1. More new instances are good than ever before: that is progress, and the deadline starts over.
 * 2. Paused, and every new instance is good after all: it resumes.
 * 3. Going, and a new instance has failed permanently, or none got ready within the deadline: it fails.
 *
 * @param members of the pool and on top of it
 */
function judgeRollout(rollout: Rollout, declared: ServiceSpec, members: PoolMember[], pass: RolloutPass): Rollout {
  const { nowMs } = pass;
  const good = members.filter(({ progress }) => progress === 'current').length;
  const grown = good > rollout.good ? { ...rollout, good, progressMs: nowMs } : rollout;
  const { verdict } = grown;
  if (verdict.kind === 'rolledBack') return grown;
  const updating = members.filter(
    ({ progress, slot }) => progress === 'updating' && slot?.spec?.specHash === declared.specHash,
  );
  if (verdict.kind === 'paused') {
    const isWell = updating.length === 0 && good > 0;
    return isWell ? { ...grown, progressMs: nowMs, verdict: { kind: 'going' } } : grown;
  }
  const failure = failureReason(grown, declared, updating, nowMs);
  if (failure) return { ...grown, verdict: failedVerdict(grown, declared, failure, nowMs) };
  pass.wakeAtMs = earlier(pass.wakeAtMs, grown.progressMs + declared.rollout.deadlineMs);
  return grown;
}

/** The sentence, or null. */
function failureReason(
  rollout: Rollout,
  { rollout: policy }: ServiceSpec,
  updating: PoolMember[],
  nowMs: number,
): string | null {
  for (const { id, slot } of updating) if (slot?.phase.kind === 'failed') return `${id} ${slot.phase.reason}`;
  if (nowMs < rollout.progressMs + policy.deadlineMs) return null;
  const [first] = updating;
  const seconds = Math.round(policy.deadlineMs / 100) / 10;
  const culprit = first?.slot ? `: ${first.id} ${describeNotReady(first.slot)}` : '';
  return `no new instance got ready within ${seconds} s${culprit}`;
}

function describeNotReady({ phase, failures }: Slot): string {
  if (phase.kind === 'alive')
    return phase.because ? `is not ready (${phase.because})` : 'was not ready for long enough';
  if (phase.kind === 'backoff') return `failed ${failures} times in a row`;
  return `is ${phaseWord(phase.kind)}`;
}

/** Back to the older version only if that was in service; otherwise the roll-out is paused. */
function failedVerdict(rollout: Rollout, declared: ServiceSpec, because: string, atMs: number): RolloutVerdict {
  const canGoBack = declared.rollout.onFailure === 'rollback' && rollout.olderHash !== null;
  return { kind: canGoBack ? 'rolledBack' : 'paused', atMs, because };
}
