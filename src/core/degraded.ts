// Which instances will not come up by themselves, and why: what `ps` calls degraded, and what `wait` gives up on. Pure.

import { type DependencyView, type Slots, viewDependencies } from './dependencies.ts';
import type { Desired, DesiredInstance } from './desired.ts';
import { explain } from './explain.ts';
import { type Outlook, outlookOfSlot } from './outlook.ts';
import { describeExit } from './restart-policy.ts';
import { emptySlotOf, type Slot } from './slot.ts';
import type { InstanceId } from './spec.ts';

export type DegradedInstance = { instance: InstanceId; reason: string };

/** In file order; those that wait for another degraded one are listed as well. */
export function degradedInstances(desired: Desired, slots: Slots, nowMs: number): DegradedInstance[] {
  const dependencies = viewDependencies(desired, slots);
  const degraded: DegradedInstance[] = [];
  for (const [id, wanted] of desired.instances) {
    const slot = slots.get(id) ?? emptySlotOf(id, wanted.spec.name);
    const outlook = outlookOf(slot, wanted, dependencies);
    if (outlook === 'open') continue;
    const reason = outlook === 'hopeless' ? explain(slot, wanted, dependencies, nowMs).reason : null;
    degraded.push({ instance: id, reason: reason ?? loopReason(slot, dependencies, wanted) });
  }
  return degraded;
}

/** Its slot, its roll-out and what it depends on taken together. */
export function outlookOf(slot: Slot, wanted: DesiredInstance, dependencies: DependencyView): Outlook {
  if (!wanted.run) return 'open';
  const { spec, rolloutStep } = wanted;
  // A roll-out that is halted continues only after a command or an edit.
  if (rolloutStep && rolloutStep.step !== 'now' && rolloutStep.unblock !== null) return 'hopeless';
  const isCurrent = slot.spec === null || slot.spec.specHash === spec.specHash;
  const own = isCurrent ? outlookOfSlot(slot) : 'open';
  if (own !== 'open' || !isNextStart(slot, isCurrent)) return own;
  return dependencies.blockerOf(spec, wanted.isOlder)?.outlook ?? 'open';
}

/** Whether the slot is empty and its next start waits only for its dependencies. */
function isNextStart({ phase }: Slot, isCurrent: boolean): boolean {
  if (phase.kind === 'idle' || phase.kind === 'backoff') return true;
  return !isCurrent && (phase.kind === 'completed' || phase.kind === 'failed' || phase.kind === 'blocked');
}

/** The present start of a crash loop, its own or that of a dependency. */
function loopReason(slot: Slot, dependencies: DependencyView, wanted: DesiredInstance): string {
  const isOlder = wanted.run && wanted.isOlder;
  const blocker = outlookOfSlot(slot) === 'open' ? dependencies.blockerOf(wanted.spec, isOlder) : null;
  if (blocker) return `Waits for ${blocker.dependency.service} (${blocker.dependency.condition}): ${blocker.because}.`;
  const last = slot.lastExit ? describeExit(slot.lastExit) : 'unknown';
  return `Failed ${slot.failures} times in a row, last: ${last}.`;
}
