// Roll-outs: how a pool goes over to another version, a few instances at a time, and what happens when the new ones do
// not get good. Pure and level-triggered: it looks at the slots and at one small record for each service, and says for
// every instance which version it should run now. The reconciler then does the rest.

import { type DependencyView, type Slots, viewDependencies } from './dependencies.ts';
import type { Desired, DesiredInstance, RolloutStep } from './desired.ts';
import { isReady } from './readiness.ts';
import { isOccupied, phaseWord, type Rollout, type RolloutVerdict, type Slot } from './slot.ts';
import {
  type InstanceId,
  instanceId,
  type Portion,
  type RolloutPolicy,
  type ServiceName,
  type ServiceSpec,
} from './spec.ts';

export type Rollouts = ReadonlyMap<ServiceName, Rollout>;
/** @returns the whole spec of a version that was in force once; null where nobody remembers it. */
export type FindVersion = (service: ServiceName, specHash: string) => ServiceSpec | null;

export type RolloutPlan = {
  /** Every instance with the version that it should run now, and the instances on top of the pool. */
  desired: Desired;
  rollouts: Rollouts;
  /** When a roll-out could move on, or fail, by the passing of time alone. */
  wakeAtMs: number | null;
};

/** One instance of a pool in a roll-out. */
export type PoolMember = {
  id: InstanceId;
  slot: Slot | undefined;
  /** `old`: still to be replaced; `moving`: on its way; `good`: there, ready for long enough. */
  progress: 'old' | 'moving' | 'good';
  /** It serves, in whatever version. */
  isAvailable: boolean;
  /** Why it is old. */
  because: string;
};

/** @param base what the file and the overrides say. It is returned as it is where nothing is rolled out. */
export function planRollouts(
  base: Desired,
  slots: Slots,
  { rollouts, findVersion }: { rollouts: Rollouts; findVersion: FindVersion },
  nowMs: number,
): RolloutPlan {
  const dependencies = viewDependencies(base, slots);
  const services = new Set<ServiceName>([...rollouts.keys(), ...staleServices(base, slots, dependencies)]);
  if (services.size === 0) return { desired: base, rollouts, wakeAtMs: null };
  const staging: RolloutPass = {
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
  for (const service of services) planService(staging, service, rollouts.get(service) ?? null);
  const desired: Desired = { ...base, services: staging.services, instances: staging.instances };
  return { desired, rollouts: staging.rollouts, wakeAtMs: staging.wakeAtMs };
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
    const wish = base.instances.get(slot.id);
    if (wish?.run && isOccupied(slot) && staleReason(slot, wish.spec, dependencies) !== null) stale.push(slot.service);
  }
  return stale;
}

/** Why what runs in the slot, or is on its way there, is not what should; null when it is. */
function staleReason(slot: Slot, target: ServiceSpec, dependencies: DependencyView): string | null {
  // A run that has begun ends as it began; the next one is of the new version.
  if (slot.spec?.specHash !== target.specHash && target.schedule === null) return 'its configuration changed';
  const { phase, restartRequestedMs } = slot;
  // It may wait for a key or a hook, and go on as it began.
  if (phase.kind === 'starting') return restartRequestedMs === null ? null : 'restart requested';
  if (phase.kind !== 'alive') return null;
  if (restartRequestedMs !== null && phase.sinceMs <= restartRequestedMs) return 'restart requested';
  const renewed = dependencies.dependencyRestartedSince(target, phase.sinceMs);
  return renewed ? `${renewed}, which it depends on, was restarted` : null;
}

function planService(staging: RolloutPass, service: ServiceName, record: Rollout | null): void {
  const declared = staging.base.services.get(service);
  const ids = declared ? runningIds(staging.base, declared) : [];
  if (!declared || ids.length === 0) return;
  if (declared.schedule) {
    planScheduledService(staging, declared, ids);
    return;
  }
  const current = record?.specHash === declared.specHash ? record : null;
  const target = targetOf(staging, declared, current);
  const surge = surgeMembers(staging, declared, target);
  const members = ids.map((id) => memberOf(staging, id, target));
  const isOver = current?.verdict.kind !== 'rolledBack' && members.every(({ progress }) => progress === 'good');
  if (isOver) return;
  const rollout = judgeRollout(
    current ?? newRollout(staging, declared, members),
    declared,
    [...members, ...surge],
    staging,
  );
  staging.rollouts.set(service, rollout);
  const now = targetOf(staging, declared, rollout);
  // What was just judged to go back is looked at with the older version's eyes.
  if (now !== target) planAsRollback(staging, rollout, declared, now, ids);
  else assignSteps(staging, rollout, { declared, target, members, surge });
}

/** What comes and goes by the clock serves nobody: what is to begin anew does so at once, with no record and nobody on top. */
function planScheduledService(staging: RolloutPass, declared: ServiceSpec, ids: InstanceId[]): void {
  for (const id of ids) {
    const { progress, slot, because } = memberOf(staging, id, declared);
    if (progress === 'old' && isReplaceable(slot))
      staging.instances.set(id, { spec: declared, run: true, rolloutStep: { step: 'now', because } });
  }
}

function planAsRollback(
  staging: RolloutPass,
  rollout: Rollout,
  declared: ServiceSpec,
  target: ServiceSpec,
  ids: InstanceId[],
): void {
  const members = ids.map((id) => memberOf(staging, id, target));
  assignSteps(staging, rollout, { declared, target, members, surge: surgeMembers(staging, declared, target) });
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

/** The first of those that are there most often; null where there is none. */
function mostFrequent(hashes: string[]): string | null {
  const counts = new Map<string, number>();
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  let best: string | null = null;
  for (const [hash, count] of counts) if (best === null || count > counts.get(best)!) best = hash;
  return best;
}

/** The version that the pool should come to: the declared one, or after a failure the older one if it is remembered. */
function targetOf({ findVersion }: RolloutPass, declared: ServiceSpec, rollout: Rollout | null): ServiceSpec {
  if (rollout?.verdict.kind !== 'rolledBack' || rollout.olderHash === null) return declared;
  const older = findVersion(declared.name, rollout.olderHash);
  return older ? { ...older, pool: declared.pool, enabled: declared.enabled, rollout: declared.rollout } : declared;
}

function runningIds(base: Desired, { name, pool }: ServiceSpec): InstanceId[] {
  const ids = Array.from({ length: pool }, (_, index) => instanceId(name, index + 1));
  return ids.filter((id) => base.instances.get(id)?.run);
}

function memberOf(staging: RolloutPass, id: InstanceId, target: ServiceSpec): PoolMember {
  const slot = staging.slots.get(id);
  const isAvailable = slot !== undefined && isReady(slot.phase);
  const member = { id, slot, isAvailable };
  if (!slot || slot.spec === null) return { ...member, progress: 'moving', because: '' };
  const because = staleReason(slot, target, staging.dependencies);
  if (because !== null) {
    const isGoing = slot.phase.kind === 'ending' && slot.phase.cause === 'replaced';
    return { ...member, progress: isGoing ? 'moving' : 'old', because };
  }
  return { ...member, progress: isGood(staging, slot, target) ? 'good' : 'moving', because: '' };
}

function isGood(staging: RolloutPass, { phase }: Slot, { rollout }: ServiceSpec): boolean {
  if (phase.kind === 'completed') return true;
  if (!isReady(phase)) return false;
  const goodAtMs = phase.readinessSinceMs + rollout.minReadyMs;
  if (goodAtMs > staging.nowMs) wakeAt(staging, goodAtMs);
  return goodAtMs <= staging.nowMs;
}

/** Instances beyond the pool that run, or may run, the new version. */
function surgeMembers(staging: RolloutPass, declared: ServiceSpec, target: ServiceSpec): PoolMember[] {
  const { extra } = rolloutLimitsOf(declared.rollout, declared.pool);
  const ids = Array.from({ length: extra }, (_, index) => instanceId(declared.name, declared.pool + index + 1));
  return ids.map((id) => memberOf(staging, id, target));
}

function assignSteps(staging: RolloutPass, rollout: Rollout, stages: StagedPool): void {
  const { declared, target, members } = stages;
  if (rollout.verdict.kind === 'rolledBack') staging.services.set(declared.name, target);
  const isHalted = rollout.verdict.kind === 'paused' || (rollout.verdict.kind === 'rolledBack' && target === declared);
  const surge = isHalted ? surgeToKeep(stages) : chooseSurge(stages, staging.slots.values());
  const chosen = isHalted ? new Set<InstanceId>() : chooseReplacements(rollout, { ...stages, surge });
  for (const member of members)
    staging.instances.set(member.id, desiredInstanceOf(staging, rollout, stages, chosen, member));
  const because = 'On top of the pool while it is replaced; it goes afterwards.';
  const onTop: DesiredInstance = { spec: target, run: true, rolloutStep: { step: 'done', because, unblock: null } };
  for (const { id } of surge) staging.instances.set(id, onTop);
}

function desiredInstanceOf(
  staging: RolloutPass,
  rollout: Rollout,
  { declared, target }: StagedPool,
  chosen: Set<InstanceId>,
  { id, slot, progress, because }: PoolMember,
): DesiredInstance {
  if (chosen.has(id)) return { spec: target, run: true, rolloutStep: { step: 'now', because } };
  if (progress !== 'old') return { spec: target, run: true, rolloutStep: currentStep(rollout, declared) };
  const older = staging.findVersion(declared.name, slot?.spec?.specHash ?? '');
  return { spec: older ?? target, run: true, rolloutStep: { step: 'later', ...whyNotYet(rollout, declared) } };
}

function whyNotYet({ verdict }: Rollout, { name }: ServiceSpec): { because: string; unblock: string | null } {
  if (verdict.kind === 'going') {
    return { because: 'Runs an older configuration; its turn to be replaced comes.', unblock: null };
  }
  const unblock = `change procs.yaml, or run \`orch restart ${name}\` to go on`;
  return { because: `Runs an older configuration; the roll-out is paused: ${verdict.because}`, unblock };
}

function currentStep({ verdict }: Rollout, { name }: ServiceSpec): RolloutStep | null {
  if (verdict.kind !== 'rolledBack') return null;
  const because = `Rolled back to the version before: ${verdict.because}`;
  return { step: 'done', because, unblock: `change procs.yaml, or run \`orch restart ${name}\` to try again` };
}

function wakeAt(staging: RolloutPass, atMs: number): void {
  staging.wakeAtMs = staging.wakeAtMs === null ? atMs : Math.min(staging.wakeAtMs, atMs);
}

// A number of instances out of a share of a pool. Pure.

/** How many of `pool` may be missing and how many may be there on top. Never none of both: something must be able to move. */
export function rolloutLimitsOf(
  { maxUnavailable, maxSurge }: RolloutPolicy,
  pool: number,
): { missing: number; extra: number } {
  const extra = instanceCountOf(maxSurge, pool, Math.ceil);
  const missing = instanceCountOf(maxUnavailable, pool, Math.floor);
  return { missing: Math.min(pool, extra === 0 ? Math.max(1, missing) : missing), extra };
}

function instanceCountOf(portion: Portion, pool: number, round: (value: number) => number): number {
  return portion.kind === 'count' ? portion.count : round((pool * portion.percent) / 100);
}

// Whether a roll-out goes on, has to stop, or may go on again. Pure.

type RolloutClock = { nowMs: number; wakeAtMs: number | null };

/**
 * Takes in what the instances have come to. Rules, first match wins:
 * 1. More new instances are good than ever before: that is progress, and the deadline starts over.
 * 2. Paused, and every new instance is good after all: it goes on.
 * 3. Going, and a new instance has given up, or none got good for as long as the deadline: it fails.
 *
 * @param members of the pool and on top of it; `clock.wakeAtMs` is brought forward to the deadline.
 */
function judgeRollout(rollout: Rollout, declared: ServiceSpec, members: PoolMember[], clock: RolloutClock): Rollout {
  const { nowMs } = clock;
  const good = members.filter(({ progress }) => progress === 'good').length;
  const grown = good > rollout.good ? { ...rollout, good, progressMs: nowMs } : rollout;
  const { verdict } = grown;
  if (verdict.kind === 'rolledBack') return grown;
  const fresh = members.filter(
    ({ progress, slot }) => progress === 'moving' && slot?.spec?.specHash === declared.specHash,
  );
  if (verdict.kind === 'paused') {
    const isWell = fresh.length === 0 && good > 0;
    return isWell ? { ...grown, progressMs: nowMs, verdict: { kind: 'going' } } : grown;
  }
  const failure = failureReason(grown, declared, fresh, nowMs);
  if (failure) return { ...grown, verdict: failedVerdict(grown, declared, failure, nowMs) };
  const deadlineMs = grown.progressMs + declared.rollout.deadlineMs;
  clock.wakeAtMs = clock.wakeAtMs === null ? deadlineMs : Math.min(clock.wakeAtMs, deadlineMs);
  return grown;
}

/** The sentence, or null. */
function failureReason(
  rollout: Rollout,
  { rollout: policy }: ServiceSpec,
  fresh: PoolMember[],
  nowMs: number,
): string | null {
  for (const { id, slot } of fresh) if (slot?.phase.kind === 'failed') return `${id} ${slot.phase.reason}`;
  if (nowMs < rollout.progressMs + policy.deadlineMs) return null;
  const [first] = fresh;
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

/** Back to the older version only if that was in service; otherwise there is nothing better to go to. */
function failedVerdict(rollout: Rollout, declared: ServiceSpec, because: string, atMs: number): RolloutVerdict {
  const canGoBack = declared.rollout.onFailure === 'rollback' && rollout.olderHash !== null;
  return { kind: canGoBack ? 'rolledBack' : 'paused', atMs, because };
}

// Which instances of a roll-out move now: who of the pool is replaced, and who lives on top of it meanwhile. Pure.

/** A pool and what is on top of it; both are looked at as instances of `target`. */
type StagedPool = { declared: ServiceSpec; target: ServiceSpec; members: PoolMember[]; surge: PoolMember[] };

/**
 * As many as there are instances still to be replaced, who serves already first; never more live on top than may, who is
 * leaving counted in.
 */
function chooseSurge({ declared, target, members, surge }: StagedPool, slots: Iterable<Slot>): PoolMember[] {
  const missing = members.filter(({ progress }) => progress !== 'good').length;
  const isTarget = (slot: Slot): boolean => slot.spec?.specHash === target.specHash;
  const wanted = surge.toSorted((a, b) => surgeRank(a) - surgeRank(b)).slice(0, missing);
  const staying = wanted.filter(({ slot }) => slot && isOccupied(slot) && isTarget(slot));
  const living = [...slots].filter(
    (slot) => slot.service === declared.name && slot.index > declared.pool && isOccupied(slot),
  );
  const room = Math.max(0, surge.length - living.length);
  const starting = wanted.filter(({ slot }) => !slot || !isOccupied(slot)).slice(0, room);
  return [...staying, ...starting];
}

function surgeRank({ progress, slot }: PoolMember): number {
  if (progress !== 'moving') return progress === 'good' ? 0 : 2;
  return slot?.phase.kind === 'alive' || slot?.phase.kind === 'starting' ? 1 : 2;
}

/** While nothing moves nobody comes or goes on top: who has failed there must not be forgotten, it is why nothing moves. */
function surgeToKeep({ target, members, surge }: StagedPool): PoolMember[] {
  if (members.every(({ progress }) => progress === 'good')) return [];
  return surge.filter(({ slot }) => slot && slot.phase.kind !== 'idle' && slot.spec?.specHash === target.specHash);
}

/**
 * Which old instances may be replaced now. What does not serve anyway goes first; of what serves only so many that never
 * more than `missing` of the pool are gone; and never more on their way at once than `missing` and the good ones on top,
 * so that a version which does not get good ends with its first batch.
 *
 * @param stages `surge`: who is to stay on top
 */
function chooseReplacements(rollout: Rollout, { declared, members, surge }: StagedPool): Set<InstanceId> {
  const limits = rolloutLimitsOf(declared.rollout, members.length);
  const moving = members.filter(({ progress }) => progress === 'moving').length;
  const onTop = surge.filter(({ progress }) => progress === 'good').length;
  let room = limits.missing + onTop - moving;
  let spare =
    [...members, ...surge].filter(({ isAvailable }) => isAvailable).length - (members.length - limits.missing);
  const chosen = new Set<InstanceId>();
  const old = members.filter(({ progress, slot }) => progress === 'old' && isReplaceable(slot));
  for (const { id } of old.filter(({ isAvailable }) => !isAvailable)) {
    // Nothing served when it began: there is nothing to protect.
    if (room <= 0 && rollout.protected > 0) break;
    chosen.add(id);
    room--;
  }
  for (const { id } of old.filter(({ isAvailable }) => isAvailable)) {
    if (room <= 0 || spare <= 0) break;
    chosen.add(id);
    room--;
    spare--;
  }
  return chosen;
}

/** What ends is left to do so first; a start may be given up. */
function isReplaceable(slot: Slot | undefined): boolean {
  return slot?.phase.kind !== 'ending';
}
