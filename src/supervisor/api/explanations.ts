// `orch why`: the chain of causes of each instance, from its state down to the first cause, and what would unblock it. Reads
// only.
import type { Explanation } from '../../api/protocol.ts';
import type { DependencyView } from '../../core/dependencies.ts';
import { explain, type StateExplanation } from '../../core/explain.ts';
import { shownPort } from '../../core/ports.ts';
import { isSuccess } from '../../core/restart-policy.ts';
import { emptySlot, isOccupied, type Slot } from '../../core/slot.ts';
import { type InstanceId, parseInstanceId, type ServiceSpec, serviceOf } from '../../core/spec.ts';
import type { Edits } from '../config/edits.ts';
import type { Instances } from '../instances/instances.ts';
import { memoryNote } from '../instances/memory-guard.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { FollowControl } from './follow-control.ts';
import { resolveInstances } from './instance-names.ts';

/** States in which the number of starts is worth a sentence. */
const TROUBLED_STATES: ReadonlySet<string> = new Set(['running', 'unready', 'backoff', 'failed']);

/** What a person should know of an instance in addition to its state. */
export type NoteSources = { edits: Pick<Edits, 'noteOn'>; following: Pick<FollowControl, 'trouble'> };

export function explanationsOf(
  kernel: Kernel,
  instances: Pick<Instances, 'waitReasonOf' | 'notesOf' | 'memory'>,
  name: string,
  nowMs: number,
  { edits, following }: NoteSources,
): Explanation[] {
  return resolveInstances(kernel, [name]).map((id) => {
    const { state, unblock, ...explained } = explainInstance(kernel, id, nowMs);
    const reason = instances.waitReasonOf(id) ?? explained.reason;
    const slot = kernel.slots.get(id);
    const chain = slot && isOccupied(slot) ? [] : dependencyChain(kernel, id, nowMs);
    const causes = [...(reason ? [reason] : []), ...chain.map(({ sentence }) => sentence)];
    if (TROUBLED_STATES.has(state) && slot?.lastExit && !isSuccess(slot.lastExit) && slot.restarts > 0)
      causes.push(`It was started ${slot.restarts + 1} times so far.`);
    // Unblocking the first cause unblocks every instance that waits for it.
    const unblockFirst = chain.findLast((link) => link.unblock !== null)?.unblock ?? unblock;
    const limit = slot ? instances.memory.statusOf(slot) : null;
    const spec = kernel.desired.services.get(serviceOf(id));
    const port = spec ? shownPort(slotFor(kernel, id), spec, kernel.desired.ports) : null;
    const chosen = port !== null && spec?.port === 'auto' ? [`Its port is ${port}, chosen by orch (port: auto).`] : [];
    const held = edits.noteOn(serviceOf(id));
    const notes = [
      ...[held, following.trouble].filter((note) => note !== null),
      ...chosen,
      ...(limit ? [memoryNote(limit)] : []),
      ...(spec ? instances.notesOf(spec, id) : []),
    ];
    const title = spec?.title ? { title: spec.title } : {};
    return { id, ...title, state, causes, unblock: unblockFirst, notes };
  });
}

type CauseLink = { sentence: string; unblock: string | null };

/** The unready instances that each dependency waits for in turn, down to the first cause. */
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
  const ids = [...kernel.desired.instances].filter(([, { spec }]) => spec.name === name).map(([id]) => id);
  return ids.flatMap((id) => {
    const { state, reason, unblock } = explainInstance(kernel, id, nowMs);
    return state === 'ready' ? [] : [{ sentence: `${id} is ${state}${reason ? `: ${reason}` : '.'}`, unblock }];
  });
}

/** @returns the state of an instance, why it is in it, and what would unblock it. */
export function explainInstance(
  kernel: Kernel,
  id: InstanceId,
  nowMs: number,
  dependencies: DependencyView = kernel.dependencies(),
): StateExplanation {
  return explain(slotFor(kernel, id), kernel.desired.instances.get(id) ?? null, dependencies, nowMs);
}

/** @returns the slot of an instance; an empty one for an instance that never started. */
export function slotFor({ slots }: Kernel, id: InstanceId): Slot {
  const slot = slots.get(id);
  if (slot) return slot;
  const { service, index } = parseInstanceId(id)!;
  return emptySlot(id, service, index);
}
