// What has become of each instance of a pool in a roll-out: still to be replaced, on its way, or good; and whether the version
// that it is to run may start. Pure.
import { type DependencyView, isOfTasks, type Slots } from './dependencies.ts';
import type { Desired } from './desired.ts';
import { whyPortsDiffer } from './ports.ts';
import { isReady } from './readiness.ts';
import { describeExit } from './restart-policy.ts';
import { earlier, isOccupied, type Rollout, type Slot } from './slot.ts';
import { type InstanceId, instanceId, type ServiceName, type ServiceSpec } from './spec.ts';

/**
 * Why an instance is to be replaced. `version`: it runs another version; `restart`: a restart is requested, or follows from a
 * dependency; `unhealthy`: it is unhealthy and still serves.
 */
export type Staleness = { kind: 'version' | 'restart' | 'unhealthy'; because: string };

/** One instance of a pool in a roll-out. */
export type PoolMember = {
  id: InstanceId;
  slot: Slot | undefined;
  /**
   * `old`: still to be replaced; `updating`: its start or stop is under way; `current`: good for long enough; `gone`: given up
   * before the roll-out began, so that the roll-out does not wait for it.
   */
  progress: 'old' | 'updating' | 'current' | 'gone';
  /** It serves, in any version. */
  isAvailable: boolean;
  /** It was adopted a moment ago, and may serve: what it was remembered as may be older than that. */
  mayServe: boolean;
  /** Of an old one. */
  staleness: Staleness | null;
};

/** What the members are judged by. */
export type MemberContext = {
  base: Desired;
  slots: Slots;
  dependencies: DependencyView;
  /** Services that another one waits for to complete. */
  tasks: ReadonlySet<ServiceName>;
  nowMs: number;
  /** Narrowed to when a member could count because time has passed. */
  wakeAtMs: number | null;
};

/** @returns why the process in the slot, or the start under way, is to be replaced; null: it is as it should be. */
export function stalenessOf(
  slot: Slot,
  target: ServiceSpec,
  { base, dependencies }: Pick<MemberContext, 'base' | 'dependencies'>,
): Staleness | null {
  // A scheduled run keeps the version it began with; the next one is of the new version.
  if (slot.spec?.specHash !== target.specHash && target.schedule === null)
    return { kind: 'version', because: 'its configuration changed' };
  const { phase, restartRequestedMs } = slot;
  const isGivenPorts = (phase.kind === 'starting' || phase.kind === 'alive') && target.schedule === null;
  const moved = isGivenPorts ? whyPortsDiffer(slot, target, base) : null;
  if (moved !== null) return { kind: 'restart', because: moved };
  // The start may wait for a singleton or a hook, and continues as it began.
  if (phase.kind === 'starting') return restartRequestedMs === null ? null : RESTART_REQUESTED;
  if (phase.kind !== 'alive') return null;
  if (restartRequestedMs !== null && phase.sinceMs <= restartRequestedMs) return RESTART_REQUESTED;
  const renewed = dependencies.dependencyRestartedSince(target, phase.sinceMs);
  if (renewed) return { kind: 'restart', because: `${renewed}, which it depends on, was restarted` };
  // One that is never restarted needs no turn, and no other on top meanwhile: it just ends.
  if (target.restart.policy === 'never') return null;
  return isUnhealthyServer(slot) ? { kind: 'unhealthy', because: phase.unhealthy! } : null;
}

/** One that serves has answered a probe by then. */
const FIRST_ANSWER_MS = 1_000;
const RESTART_REQUESTED: Staleness = { kind: 'restart', because: 'restart requested' };

/** It is to be restarted, but serves meanwhile: the pool decides when. One that does not serve is restarted at once. */
export function isUnhealthyServer({ phase }: Slot): boolean {
  return phase.kind === 'alive' && phase.unhealthy !== null && isReady(phase);
}

/** @param rollout null: none is under way */
export function memberOf(
  context: MemberContext,
  id: InstanceId,
  target: ServiceSpec,
  rollout: Rollout | null,
): PoolMember {
  const slot = context.slots.get(id);
  const isAvailable = slot !== undefined && isReady(slot.phase);
  const mayServe = slot !== undefined && isJustAdopted(context, slot);
  const member = { id, slot, isAvailable, mayServe, staleness: null };
  if (!slot || slot.spec === null) return { ...member, progress: 'updating' };
  const staleness = stalenessOf(slot, target, context);
  if (staleness === null) return { ...member, progress: progressOf(context, slot, target, rollout) };
  const isGoing = slot.phase.kind === 'ending' && slot.phase.cause === 'replaced';
  const isStopped = !isOccupied(slot) && (rollout?.replacing.includes(id) ?? false);
  return { ...member, staleness, progress: isGoing || isStopped ? 'updating' : 'old' };
}

/** And was not ready as far as is remembered; a probe has not said since whether it is. */
function isJustAdopted(context: MemberContext, { phase }: Slot): boolean {
  if (phase.kind !== 'alive' || !phase.adopted || phase.readiness !== 'pending' || phase.because !== null) return false;
  const knownAtMs = phase.readinessSinceMs + FIRST_ANSWER_MS;
  if (knownAtMs > context.nowMs) context.wakeAtMs = earlier(context.wakeAtMs, knownAtMs);
  return knownAtMs > context.nowMs;
}

/** Of an instance that is, or becomes, what it should be. */
function progressOf(
  context: MemberContext,
  slot: Slot,
  target: ServiceSpec,
  rollout: Rollout | null,
): PoolMember['progress'] {
  const { phase } = slot;
  if (phase.kind === 'completed' && runsToCompletion(target, context.tasks)) return 'current';
  if (phase.kind === 'failed' || phase.kind === 'completed')
    return rollout && !rollout.isHealth && phase.atMs >= rollout.sinceMs ? 'updating' : 'gone';
  return isGood(context, slot, target, rollout) ? 'current' : 'updating';
}

/** Whether its process is expected to end by itself. */
export function runsToCompletion({ name, restart }: ServiceSpec, tasks: ReadonlySet<ServiceName>): boolean {
  return restart.policy === 'never' || tasks.has(name);
}

/** Services that another one waits for to run to completion. */
export function tasksOf(services: Iterable<ServiceSpec>): Set<ServiceName> {
  const dependencies = [...services].flatMap(({ dependsOn }) => dependsOn);
  return new Set(dependencies.filter(isOfTasks).map(({ service }) => service));
}

function isGood(
  context: MemberContext,
  { phase }: Slot,
  { rollout: { minReadyMs } }: ServiceSpec,
  rollout: Rollout | null,
): boolean {
  if (!isReady(phase) || phase.unhealthy !== null) return false;
  // The version has proved itself before.
  const goodAtMs = phase.readinessSinceMs + (rollout?.isHealth ? 0 : minReadyMs);
  if (goodAtMs > context.nowMs) context.wakeAtMs = earlier(context.wakeAtMs, goodAtMs);
  return goodAtMs <= context.nowMs;
}

/**
 * The end of a new instance in this roll-out, as long as it has not been healthy for a while since.
 *
 * @returns a sentence part that follows the name of the instance; null: it has not failed
 */
export function failureOf(
  context: MemberContext,
  { progress, slot }: PoolMember,
  target: ServiceSpec,
  rollout: Rollout,
) {
  if (progress === 'old' || progress === 'gone' || slot?.spec?.specHash !== target.specHash) return null;
  const { phase, lastEnd } = slot;
  if (phase.kind === 'completed')
    return progress === 'updating' ? 'has completed, which does not count as ready' : null;
  if (phase.kind === 'failed') return phase.reason;
  if (lastEnd === null || lastEnd.atMs < rollout.sinceMs) return null;
  // Where the version stays, the instance that ended may have been one that was still to be restarted.
  if (rollout.olderHash === null && lastEnd.startedMs < rollout.sinceMs) return null;
  if (isHealthyAgain(context, slot, target)) return null;
  return describeEnd(slot);
}

function isHealthyAgain(context: MemberContext, { phase }: Slot, { restart }: ServiceSpec): boolean {
  if (!isReady(phase) || phase.unhealthy !== null) return false;
  const atMs = phase.sinceMs + restart.healthyAfterMs;
  if (atMs > context.nowMs) context.wakeAtMs = earlier(context.wakeAtMs, atMs);
  return atMs <= context.nowMs;
}

function describeEnd(slot: Slot): string {
  const { phase, lastExit } = slot;
  if (phase.kind === 'backoff' && phase.isTimeout) return phase.because ?? 'timed out';
  if (phase.kind === 'backoff' && phase.because !== null) return `was ended as unhealthy (${phase.because})`;
  if (lastExit && 'spawnError' in lastExit) return `could not be started: ${lastExit.detail}`;
  return `ended with ${lastExit ? describeExit(lastExit) : 'an unknown exit status'}`;
}

/** Of a service that is rolled out: those that are to run. */
export function runningIds(base: Desired, { name, pool }: ServiceSpec): InstanceId[] {
  const ids = Array.from({ length: pool }, (_, index) => instanceId(name, index + 1));
  return ids.filter((id) => base.instances.get(id)?.run);
}
