// `orch why`: the chain of causes of each instance, from what is seen down to the first cause, and what would unblock it.
// Reads only.

import type { Explanation } from '../../api/protocol.ts';
import { explain, type StateExplanation } from '../../core/explain.ts';
import { isSuccess } from '../../core/restart-policy.ts';
import { emptySlot, isOccupied, type Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { resolveInstances } from './instance-names.ts';

/** Where the number of starts tells something. */
const TROUBLED_STATES: ReadonlySet<string> = new Set(['running', 'unready', 'backoff', 'failed']);

/** What the kernel does not know of an instance. */
export type InstanceNotes = {
  /** Of a start that waits, a sentence; null: nothing holds it up. */
  waitReasonOf(id: InstanceId): string | null;
  /** What is to be said as well, one sentence each. */
  notesOf(slot: Slot): string[];
};

export function explanationsOf(
  kernel: Kernel,
  name: string,
  nowMs: number,
  { waitReasonOf: heldUpBy, notesOf }: InstanceNotes,
): Explanation[] {
  return resolveInstances(kernel, [name]).map((id) => {
    const { state, unblock, ...explained } = explainInstance(kernel, id, nowMs);
    const reason = heldUpBy(id) ?? explained.reason;
    const slot = kernel.slots.get(id);
    const chain = slot && isOccupied(slot) ? [] : dependencyChain(kernel, id, nowMs);
    const causes = [...(reason ? [reason] : []), ...chain.map(({ sentence }) => sentence)];
    if (TROUBLED_STATES.has(state) && slot?.lastExit && !isSuccess(slot.lastExit) && slot.restarts > 0)
      causes.push(`It was started ${slot.restarts + 1} times so far.`);
    // What unblocks the first cause unblocks all that wait for it.
    const unblockFirst = chain.findLast((link) => link.unblock !== null)?.unblock ?? unblock;
    return { id, state, causes, unblock: unblockFirst, notes: slot ? notesOf(slot) : [] };
  });
}

type CauseLink = { sentence: string; unblock: string | null };

/** What each dependency waits for in turn, down to the first cause. */
function dependencyChain(kernel: Kernel, id: InstanceId, nowMs: number): CauseLink[] {
  const dependencies = kernel.dependencies();
  const chain: CauseLink[] = [];
  const seen = new Set<string>();
  let spec: ServiceSpec | undefined = kernel.desired.instances.get(id)?.spec;
  while (spec && !seen.has(spec.name)) {
    seen.add(spec.name);
    const blocker = dependencies.blockerOf(spec);
    if (!blocker) break;
    spec = kernel.desired.services.get(blocker.dependency.service);
    if (spec) chain.push(...unreadyInstances(kernel, spec, nowMs));
  }
  return chain;
}

function unreadyInstances(kernel: Kernel, { name }: ServiceSpec, nowMs: number): CauseLink[] {
  const ids = [...kernel.desired.instances].filter(([, wish]) => wish.spec.name === name).map(([id]) => id);
  return ids.flatMap((id) => {
    const { state, reason, unblock } = explainInstance(kernel, id, nowMs);
    return state === 'ready' ? [] : [{ sentence: `${id} is ${state}${reason ? `: ${reason}` : '.'}`, unblock }];
  });
}

function explainInstance(kernel: Kernel, id: InstanceId, nowMs: number): StateExplanation {
  const wish = kernel.desired.instances.get(id) ?? null;
  const slot = kernel.slots.get(id) ?? emptySlot(id, wish!.spec.name, 1);
  return explain(slot, wish, kernel.dependencies(), nowMs);
}
