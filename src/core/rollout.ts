// Roll-outs: a pool is moved to another version, or restarted, a few instances at a time, and the roll-out is held or rolled
// back when a new instance fails or none gets ready. Pure and level-triggered: from the slots and one small record for each
// service it says which version every instance should run now. The reconciler does the rest.

import { type Slots, viewDependencies } from './dependencies.ts';
import type { Desired, DesiredInstance, RolloutStep } from './desired.ts';
import {
  chooseReplacements,
  chooseSurge,
  isReplaceable,
  type PoolInRollout,
  type Replacements,
  rolloutLimitsOf,
  surgeToKeep,
} from './rollout-batch.ts';
import { currentBlocker, memberBlocker, replacementBlocker } from './rollout-blockers.ts';
import { type MemberContext, memberOf, type PoolMember, runningIds, stalenessOf, tasksOf } from './rollout-members.ts';
import { isOver, judgeRollout, stillReplacing } from './rollout-verdict.ts';
import { isOccupied, type Rollout } from './slot.ts';
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
  const services = new Set<ServiceName>([...rollouts.keys(), ...staleServices({ base, slots, dependencies })]);
  if (services.size === 0) return { desired: base, rollouts, wakeAtMs: null };
  const pass: RolloutPass = {
    base,
    slots,
    dependencies,
    tasks: tasksOf(base.services.values()),
    findVersion,
    before: rollouts,
    nowMs,
    services: new Map(base.services),
    instances: new Map(base.instances),
    rollouts: new Map(),
    wakeAtMs: null,
  };
  for (const service of dependenciesFirst(services, base)) planService(pass, service, rollouts.get(service) ?? null);
  const desired: Desired = { ...base, services: pass.services, instances: pass.instances };
  return { desired, rollouts: pass.rollouts, wakeAtMs: pass.wakeAtMs };
}

type RolloutPass = MemberContext & {
  findVersion: FindVersion;
  before: Rollouts;
  services: Map<ServiceName, ServiceSpec>;
  instances: Map<InstanceId, DesiredInstance>;
  rollouts: Map<ServiceName, Rollout>;
};

function staleServices(context: Pick<MemberContext, 'base' | 'slots' | 'dependencies'>): ServiceName[] {
  const stale: ServiceName[] = [];
  for (const slot of context.slots.values()) {
    const wanted = context.base.instances.get(slot.id);
    if (wanted?.run && isOccupied(slot) && stalenessOf(slot, wanted.spec, context) !== null) stale.push(slot.service);
  }
  return stale;
}

/** A roll-out may wait for that of a dependency, which is judged before. */
function dependenciesFirst(services: ReadonlySet<ServiceName>, { services: declared }: Desired): Set<ServiceName> {
  const ordered = new Set<ServiceName>();
  const visit = (service: ServiceName): void => {
    for (const dependency of declared.get(service)?.dependsOn ?? [])
      if (services.has(dependency.service) && !ordered.has(dependency.service)) visit(dependency.service);
    ordered.add(service);
  };
  for (const service of services) visit(service);
  return ordered;
}

function planService(pass: RolloutPass, service: ServiceName, record: Rollout | null): void {
  const declared = pass.base.services.get(service);
  const ids = declared ? runningIds(pass.base, declared) : [];
  if (!declared || ids.length === 0) return;
  if (declared.schedule) {
    planScheduledService(pass, declared, ids);
    return;
  }
  const same = record?.specHash === declared.specHash ? record : null;
  const pool = poolFor(pass, declared, ids, same);
  const { members, surge } = pool;
  const isMore =
    (same?.isHealth ?? false) && members.some(({ staleness }) => staleness && staleness.kind !== 'unhealthy');
  const current = isMore ? null : same;
  if (isOver(current, members)) return;
  const began = current ?? newRollout(pass, declared, members);
  const blocker = currentBlocker(pass, began, pool);
  const rollout = judgeRollout(began, declared, { members: [...members, ...surge], blocker }, pass);
  pass.rollouts.set(service, rollout);
  // Just rolled back: judge the instances again by the older version.
  const isTurned = rollout.verdict.kind !== began.verdict.kind || isMore;
  assignSteps(pass, rollout, isTurned ? poolFor(pass, declared, ids, rollout) : pool);
}

/** Scheduled services need no roll-out: a run that is to be replaced is replaced at once, without a record or a surge. */
function planScheduledService(pass: RolloutPass, declared: ServiceSpec, ids: InstanceId[]): void {
  for (const id of ids) {
    const { progress, slot, staleness } = memberOf(pass, id, declared, null);
    if (progress === 'old' && staleness && isReplaceable(slot))
      pass.instances.set(id, { spec: declared, run: true, rolloutStep: { step: 'now', because: staleness.because } });
  }
}

function poolFor(pass: RolloutPass, declared: ServiceSpec, ids: InstanceId[], rollout: Rollout | null): PoolInRollout {
  const target = targetOf(pass, declared, rollout);
  const members = ids.map((id) => memberOf(pass, id, target, rollout));
  return { declared, target, members, surge: surgeMembers(pass, declared, target, rollout) };
}

function newRollout({ nowMs }: RolloutPass, declared: ServiceSpec, members: PoolMember[]): Rollout {
  const old = members.filter(({ progress }) => progress === 'old');
  const older = old.filter(({ isAvailable, mayServe }) => isAvailable || mayServe);
  const hashes = older.map(({ slot }) => slot?.spec?.specHash ?? '').filter((hash) => hash !== declared.specHash);
  return {
    service: declared.name,
    specHash: declared.specHash,
    sinceMs: nowMs,
    progressMs: nowMs,
    good: 0,
    protected: older.length,
    olderHash: mostFrequent(hashes),
    replacing: [],
    waitingSinceMs: null,
    isHealth: old.every(({ staleness }) => staleness?.kind === 'unhealthy'),
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

/** Instances beyond the pool that run, or may run, the target version. */
function surgeMembers(
  pass: RolloutPass,
  declared: ServiceSpec,
  target: ServiceSpec,
  rollout: Rollout | null,
): PoolMember[] {
  const { extra } = rolloutLimitsOf(declared.rollout, declared.pool);
  const ids = Array.from({ length: extra }, (_, index) => instanceId(declared.name, declared.pool + index + 1));
  return ids.map((id) => memberOf(pass, id, target, rollout));
}

function assignSteps(pass: RolloutPass, rollout: Rollout, pool: PoolInRollout): void {
  const { declared, target, members } = pool;
  if (rollout.verdict.kind === 'rolledBack') pass.services.set(declared.name, target);
  const isHalted = rollout.verdict.kind === 'paused' || (rollout.verdict.kind === 'rolledBack' && target === declared);
  const surge = isHalted ? surgeToKeep(pool) : chooseSurge(rollout, pool, pass.slots.values());
  const chosen = chooseReplacements(
    rollout,
    { ...pool, surge },
    {
      isHalted,
      mayReplace: (member) => replacementBlocker(pass, rollout, pool, member) === null,
      mayRestart: ({ slot }) => {
        const older = pass.findVersion(declared.name, slot?.spec?.specHash ?? '');
        return older !== null && pass.dependencies.blockerOf(older, older.specHash !== declared.specHash) === null;
      },
    },
  );
  for (const member of members) pass.instances.set(member.id, desiredInstanceOf(pass, rollout, pool, chosen, member));
  const because = 'An extra instance of the roll-out; it is removed afterwards.';
  const done: RolloutStep = { step: 'done', because, unblock: null };
  for (const { id, staleness } of surge) {
    const rolloutStep = chosen.replaced.has(id) ? { step: 'now' as const, because: staleness?.because ?? '' } : done;
    pass.instances.set(id, { spec: target, run: true, rolloutStep });
  }
  const replacing = stillReplacing(rollout, target, members, chosen.replaced);
  pass.rollouts.set(declared.name, { ...rollout, replacing });
}

function desiredInstanceOf(
  pass: RolloutPass,
  rollout: Rollout,
  pool: PoolInRollout,
  { replaced, restarted }: Replacements,
  member: PoolMember,
): DesiredInstance {
  const { declared, target } = pool;
  const { id, slot, progress, staleness } = member;
  const isOlder = target === declared ? {} : ({ isOlder: true } as const);
  if (replaced.has(id))
    return { spec: target, run: true, rolloutStep: { step: 'now', because: staleness?.because ?? '' }, ...isOlder };
  const isNew = !slot || slot.spec === null;
  const hash = isNew && rollout.verdict.kind === 'paused' ? (rollout.olderHash ?? '') : (slot?.spec?.specHash ?? '');
  const older = pass.findVersion(declared.name, hash);
  // A pool that grows while its roll-out is held grows by the version that serves.
  const isLater = progress === 'old' || (isNew && rollout.verdict.kind === 'paused' && older !== null);
  if (!isLater) return { spec: target, run: true, rolloutStep: currentStep(rollout, declared), ...isOlder };
  const spec = older ?? target;
  const from = spec.specHash === declared.specHash ? {} : ({ isOlder: true } as const);
  if (restarted.has(id) && slot?.phase.kind === 'alive')
    return { spec, run: true, rolloutStep: { step: 'now', because: slot.phase.unhealthy ?? '' }, ...from };
  return { spec, run: true, rolloutStep: { step: 'later', ...whyNotYet(pass, rollout, pool, member) }, ...from };
}

export const howToResume = (service: ServiceName): string =>
  `change procs.yaml, or run \`orch restart ${service}\` to continue`;

function whyNotYet(
  pass: RolloutPass,
  rollout: Rollout,
  pool: PoolInRollout,
  member: PoolMember,
): { because: string; unblock: string | null } {
  const { verdict } = rollout;
  const { name } = pool.declared;
  const { staleness } = member;
  const state =
    staleness?.kind === 'restart' || staleness?.kind === 'unhealthy'
      ? `Is to be restarted (${staleness.because})`
      : 'Runs an older configuration';
  if (verdict.kind !== 'going') {
    const unblock = howToResume(name);
    return { because: `${state}; the roll-out is paused: ${verdict.because}`, unblock };
  }
  const blocker = memberBlocker(pass, rollout, pool, member);
  if (!blocker)
    return {
      because: `${state}; ${staleness?.kind === 'version' ? 'the roll-out will replace it' : 'it waits for its turn'}.`,
      unblock: null,
    };
  const { service, condition } = blocker.dependency;
  return {
    because: `${state}; it waits for ${service} (${condition}): ${blocker.because}`,
    unblock: blocker.outlook === 'hopeless' ? `\`orch why ${service}\` tells more` : null,
  };
}

function currentStep({ verdict }: Rollout, { name }: ServiceSpec): RolloutStep | null {
  if (verdict.kind !== 'rolledBack') return null;
  const because = `Rolled back to the version before: ${verdict.because}`;
  return { step: 'done', because, unblock: `change procs.yaml, or run \`orch restart ${name}\` to try again` };
}
