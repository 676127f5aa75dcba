// Roll-outs: how a pool goes over to another version, a few instances at a time, and what happens when the new ones do
// not get good. Pure and level-triggered: it looks at the slots and at one small record for each service, and says for
// every instance which version it should run now. The reconciler then does the rest.
import { type DependencyView, type Slots, viewDependencies } from './dependencies.ts';
import type { Desired, Stage, Wish } from './desired.ts';
import { type InstanceId, instanceId, type Rollout, type ServiceName, type ServiceSpec, type Slot } from './model.ts';
import { limitsOf } from './portion.ts';
import { isReady } from './readiness.ts';
import { chooseNext, chooseSurge, isReplaceable, keepSurge, type Stages } from './rollout-choice.ts';
import { judgeRollout } from './rollout-verdict.ts';
import { isOccupied } from './transition.ts';

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
export type Member = {
  id: InstanceId;
  slot: Slot | undefined;
  /** `old`: still to be replaced; `moving`: on its way; `good`: there, ready for long enough. */
  standing: 'old' | 'moving' | 'good';
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
  const staging: Staging = {
    base,
    slots,
    dependencies,
    findVersion,
    nowMs,
    services: new Map(base.services),
    wishes: new Map(base.wishes),
    rollouts: new Map(),
    wakeAtMs: null,
  };
  for (const service of services) stageService(staging, service, rollouts.get(service) ?? null);
  const desired = { ...base, services: staging.services, wishes: staging.wishes };
  return { desired, rollouts: staging.rollouts, wakeAtMs: staging.wakeAtMs };
}

type Staging = {
  base: Desired;
  slots: Slots;
  dependencies: DependencyView;
  findVersion: FindVersion;
  nowMs: number;
  services: Map<ServiceName, ServiceSpec>;
  wishes: Map<InstanceId, Wish>;
  rollouts: Map<ServiceName, Rollout>;
  wakeAtMs: number | null;
};

function staleServices(base: Desired, slots: Slots, dependencies: DependencyView): ServiceName[] {
  const stale: ServiceName[] = [];
  for (const slot of slots.values()) {
    const wish = base.wishes.get(slot.id);
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
  const renewed = dependencies.renewedSince(target, phase.sinceMs);
  return renewed ? `${renewed}, which it depends on, was restarted` : null;
}

function stageService(staging: Staging, service: ServiceName, record: Rollout | null): void {
  const declared = staging.base.services.get(service);
  const ids = declared ? runningIds(staging.base, declared) : [];
  if (!declared || ids.length === 0) return;
  if (declared.schedule) {
    stageRuns(staging, declared, ids);
    return;
  }
  const current = record?.specHash === declared.specHash ? record : null;
  const target = targetOf(staging, declared, current);
  const surge = surgeMembers(staging, declared, target);
  const members = ids.map((id) => memberOf(staging, id, target));
  const isOver = current?.verdict.kind !== 'rolledBack' && members.every(({ standing }) => standing === 'good');
  if (isOver) return;
  const rollout = judgeRollout(current ?? begin(staging, declared, members), declared, [...members, ...surge], staging);
  staging.rollouts.set(service, rollout);
  const now = targetOf(staging, declared, rollout);
  // What was just judged to go back is looked at with the older version's eyes.
  if (now !== target) stageAgain(staging, rollout, declared, now, ids);
  else stage(staging, rollout, { declared, target, members, surge });
}

/** What comes and goes by the clock serves nobody: what is to begin anew does so at once, with no record and nobody on top. */
function stageRuns(staging: Staging, declared: ServiceSpec, ids: InstanceId[]): void {
  for (const id of ids) {
    const { standing, slot, because } = memberOf(staging, id, declared);
    if (standing === 'old' && isReplaceable(slot))
      staging.wishes.set(id, { spec: declared, run: true, stage: { turn: 'now', because } });
  }
}

function stageAgain(
  staging: Staging,
  rollout: Rollout,
  declared: ServiceSpec,
  target: ServiceSpec,
  ids: InstanceId[],
): void {
  const members = ids.map((id) => memberOf(staging, id, target));
  stage(staging, rollout, { declared, target, members, surge: surgeMembers(staging, declared, target) });
}

function begin({ nowMs }: Staging, declared: ServiceSpec, members: Member[]): Rollout {
  const older = members.filter(({ standing, isAvailable }) => standing === 'old' && isAvailable);
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
function targetOf({ findVersion }: Staging, declared: ServiceSpec, rollout: Rollout | null): ServiceSpec {
  if (rollout?.verdict.kind !== 'rolledBack' || rollout.olderHash === null) return declared;
  const older = findVersion(declared.name, rollout.olderHash);
  return older ? { ...older, pool: declared.pool, enabled: declared.enabled, rollout: declared.rollout } : declared;
}

function runningIds(base: Desired, { name, pool }: ServiceSpec): InstanceId[] {
  const ids = Array.from({ length: pool }, (_, index) => instanceId(name, index + 1));
  return ids.filter((id) => base.wishes.get(id)?.run);
}

function memberOf(staging: Staging, id: InstanceId, target: ServiceSpec): Member {
  const slot = staging.slots.get(id);
  const isAvailable = slot !== undefined && isReady(slot.phase);
  const member = { id, slot, isAvailable };
  if (!slot || slot.spec === null) return { ...member, standing: 'moving', because: '' };
  const because = staleReason(slot, target, staging.dependencies);
  if (because !== null) {
    const isGoing = slot.phase.kind === 'stopping' && slot.phase.cause === 'replaced';
    return { ...member, standing: isGoing ? 'moving' : 'old', because };
  }
  return { ...member, standing: isGood(staging, slot, target) ? 'good' : 'moving', because: '' };
}

function isGood(staging: Staging, { phase }: Slot, { rollout }: ServiceSpec): boolean {
  if (phase.kind === 'completed') return true;
  if (!isReady(phase)) return false;
  const goodAtMs = phase.readinessSinceMs + rollout.minReadyMs;
  if (goodAtMs > staging.nowMs) wakeAt(staging, goodAtMs);
  return goodAtMs <= staging.nowMs;
}

/** Instances beyond the pool that run, or may run, the new version. */
function surgeMembers(staging: Staging, declared: ServiceSpec, target: ServiceSpec): Member[] {
  const { extra } = limitsOf(declared.rollout, declared.pool);
  const ids = Array.from({ length: extra }, (_, index) => instanceId(declared.name, declared.pool + index + 1));
  return ids.map((id) => memberOf(staging, id, target));
}

function stage(staging: Staging, rollout: Rollout, stages: Stages): void {
  const { declared, target, members } = stages;
  if (rollout.verdict.kind === 'rolledBack') staging.services.set(declared.name, target);
  const isHalted = rollout.verdict.kind === 'paused' || (rollout.verdict.kind === 'rolledBack' && target === declared);
  const surge = isHalted ? keepSurge(stages) : chooseSurge(stages, staging.slots.values());
  const chosen = isHalted ? new Set<InstanceId>() : chooseNext(rollout, { ...stages, surge });
  for (const member of members) staging.wishes.set(member.id, wishOf(staging, rollout, stages, chosen, member));
  const because = 'On top of the pool while it is replaced; it goes afterwards.';
  const onTop: Wish = { spec: target, run: true, stage: { turn: 'done', because, unblock: null } };
  for (const { id } of surge) staging.wishes.set(id, onTop);
}

function wishOf(
  staging: Staging,
  rollout: Rollout,
  { declared, target }: Stages,
  chosen: Set<InstanceId>,
  { id, slot, standing, because }: Member,
): Wish {
  if (chosen.has(id)) return { spec: target, run: true, stage: { turn: 'now', because } };
  if (standing !== 'old') return { spec: target, run: true, stage: doneStage(rollout, declared) };
  const older = staging.findVersion(declared.name, slot?.spec?.specHash ?? '');
  return { spec: older ?? target, run: true, stage: { turn: 'later', ...waitingFor(rollout, declared) } };
}

function waitingFor({ verdict }: Rollout, { name }: ServiceSpec): { because: string; unblock: string | null } {
  if (verdict.kind === 'going') {
    return { because: 'Runs an older configuration; its turn to be replaced comes.', unblock: null };
  }
  const unblock = `change procs.yaml, or run \`orch restart ${name}\` to go on`;
  return { because: `Runs an older configuration; the roll-out is paused: ${verdict.because}`, unblock };
}

function doneStage({ verdict }: Rollout, { name }: ServiceSpec): Stage | null {
  if (verdict.kind !== 'rolledBack') return null;
  const because = `Rolled back to the version before: ${verdict.because}`;
  return { turn: 'done', because, unblock: `change procs.yaml, or run \`orch restart ${name}\` to try again` };
}

function wakeAt(staging: Staging, atMs: number): void {
  staging.wakeAtMs = staging.wakeAtMs === null ? atMs : Math.min(staging.wakeAtMs, atMs);
}
