// Whether a roll-out continues, is paused, or is rolled back. Pure; the facts about each instance come from `rollout-members.ts`.
import type { Blocker } from './dependencies.ts';
import { failureOf, type MemberContext, type PoolMember } from './rollout-members.ts';
import { earlier, isOccupied, phaseWord, type Rollout, type RolloutVerdict, type Slot } from './slot.ts';
import type { ServiceSpec } from './spec.ts';

/**
 * Updates the record by the state of the instances. Rules, first match wins:
 * 1. More new instances are good than ever before: that is progress, and the deadline starts over. The time during which a
 *    dependency keeps the version from starting does not count.
 * 2. Halted, and a restart was requested since: it is tried again.
 * 3. Held, and every new instance is good after all: it resumes.
 * 4. Going, and a new instance has failed, or none got ready within the deadline: it fails.
 *
 * @param members of the pool and on top of it
 * @param blocker why the version cannot start at present
 */
export function judgeRollout(
  rollout: Rollout,
  declared: ServiceSpec,
  { members, blocker }: { members: PoolMember[]; blocker: Blocker | null },
  context: MemberContext,
): Rollout {
  const { nowMs } = context;
  if (rollout.isHealth) return rollout;
  const good = members.filter(({ progress }) => progress === 'current').length;
  const waitingSinceMs = blocker === null ? null : (rollout.waitingSinceMs ?? nowMs);
  const waitedMs = blocker === null && rollout.waitingSinceMs !== null ? nowMs - rollout.waitingSinceMs : 0;
  const progressMs = good > rollout.good ? nowMs : rollout.progressMs + waitedMs;
  const grown = { ...rollout, good: Math.max(good, rollout.good), waitingSinceMs, progressMs };
  const { verdict } = grown;
  if (verdict.kind !== 'going' && members.some((member) => isRequestedSince(member, verdict.atMs)))
    return { ...grown, sinceMs: nowMs, progressMs: nowMs, verdict: { kind: 'going' } };
  if (verdict.kind === 'rolledBack') return grown;
  const updating = members.filter(
    ({ progress, slot }) => progress === 'updating' && slot?.spec?.specHash === declared.specHash,
  );
  const failed = failedMember(grown, declared, members, context);
  if (verdict.kind === 'paused') {
    const isWell = updating.length === 0 && good > 0 && failed === null;
    return isWell ? { ...grown, progressMs: nowMs, verdict: { kind: 'going' } } : grown;
  }
  if (failed !== null && isWorthHalting(grown, declared, members))
    return { ...grown, verdict: failedVerdict(grown, declared, failed, nowMs) };
  if (blocker !== null) return grown;
  const deadlineMs = grown.progressMs + declared.rollout.deadlineMs;
  if (nowMs >= deadlineMs)
    return { ...grown, verdict: failedVerdict(grown, declared, describeDelay(declared, updating), nowMs) };
  context.wakeAtMs = earlier(context.wakeAtMs, deadlineMs);
  return grown;
}

const isRequestedSince = ({ slot }: PoolMember, atMs: number): boolean =>
  slot !== undefined && slot.restartRequestedMs !== null && slot.restartRequestedMs > atMs;

/** A sentence part; null: no new instance has failed. */
function failedMember(
  rollout: Rollout,
  declared: ServiceSpec,
  members: PoolMember[],
  context: MemberContext,
): string | null {
  for (const member of members) {
    const failure = failureOf(context, member, declared, rollout);
    if (failure !== null) return `${member.id} ${failure}`;
  }
  return null;
}

/** Where no older instance is left, a pause would protect none. */
function isWorthHalting(rollout: Rollout, declared: ServiceSpec, members: PoolMember[]): boolean {
  return canGoBack(rollout, declared) || members.some(({ progress }) => progress === 'old');
}

function describeDelay({ rollout }: ServiceSpec, updating: PoolMember[]): string {
  const [first] = updating;
  const seconds = Math.round(rollout.deadlineMs / 100) / 10;
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
  return { kind: canGoBack(rollout, declared) ? 'rolledBack' : 'paused', atMs, because };
}

const canGoBack = ({ olderHash }: Rollout, { rollout }: ServiceSpec): boolean =>
  rollout.onFailure === 'rollback' && olderHash !== null;

/** Whether every instance of the pool is as it should be, or nothing more will become of it. */
export function isOver(rollout: Rollout | null, members: readonly PoolMember[]): boolean {
  if (rollout?.verdict.kind === 'rolledBack') return false;
  return members.every(({ progress, slot }) => {
    const isDone = progress === 'updating' && slot !== undefined && slot.phase.kind === 'completed';
    return progress === 'current' || progress === 'gone' || isDone;
  });
}

/** Instances that were stopped for the version and have not started in it. */
export function stillReplacing(
  rollout: Rollout,
  target: ServiceSpec,
  members: PoolMember[],
  chosen: ReadonlySet<string>,
) {
  const isStarted = (slot: Slot | undefined): boolean => slot?.spec?.specHash === target.specHash;
  const remains = ({ id, slot }: PoolMember): boolean =>
    chosen.has(id) || (rollout.replacing.includes(id) && (!slot || !isOccupied(slot) || slot.phase.kind === 'ending'));
  return members.filter((member) => !isStarted(member.slot) && remains(member)).map(({ id }) => id);
}
