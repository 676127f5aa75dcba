// When the end of one service ends the whole project (`on_end`, `on_failure`), and the exit code that stands for it. Pure.
import type { Slots } from './dependencies.ts';
import type { Desired } from './desired.ts';
import { describeExit } from './restart-policy.ts';
import { shellExitCode } from './shell-exit-code.ts';
import type { Slot } from './slot.ts';
import type { InstanceId, ServiceName } from './spec.ts';

/** `because`: a sentence part. `exitCode`: what commands that show the project exit with. */
export type ProjectEnd = { instance: InstanceId; because: string; exitCode: number };

/**
 * Level-triggered: whether what has ended by now ends the project. An instance counts by the keys that held when it ended, so
 * that an edit never ends a project.
 *
 * @returns null while it runs on: the failure of one instance, or the completion of all wanted ones, is what counts
 */
export function projectEndOf(desired: Desired, slots: Slots): ProjectEnd | null {
  if (desired.shuttingDown || !mayEnd(slots)) return null;
  /** The last instance of each service that has completed; null: another one has not. */
  const completed = new Map<ServiceName, Slot | null>();
  for (const [id, wanted] of desired.instances) {
    if (!wanted.run) continue;
    const slot = slots.get(id);
    const { phase, spec } = slot ?? {};
    const endsAll = spec?.onEnd === 'down';
    if (slot && phase?.kind === 'failed' && (endsAll || spec?.onFailure === 'down'))
      return endBy(slot, endsAll ? 'on_end' : 'on_failure');
    const hasCompleted = endsAll && phase?.kind === 'completed' && spec?.specHash === wanted.spec.specHash;
    const { name } = wanted.spec;
    completed.set(name, hasCompleted && completed.get(name) !== null ? slot! : null);
  }
  const last = [...completed.values()].find((slot) => slot !== null);
  return last ? endBy(last, 'on_end') : null;
}

/** Few projects have a service with such a key: asked after every event. */
function mayEnd(slots: Slots): boolean {
  for (const { spec } of slots.values()) if (spec?.onEnd === 'down' || spec?.onFailure === 'down') return true;
  return false;
}

function endBy(slot: Slot, key: 'on_end' | 'on_failure'): ProjectEnd {
  const { id, phase, lastExit } = slot;
  const how = phase.kind === 'failed' ? phase.reason : `ended with ${describeExit(lastExit ?? { code: 0 })}`;
  return { instance: id, because: `${id} ${how} (${key}: down)`, exitCode: exitCodeOfEnd(slot) };
}

/** Of an instance that has completed (0) or failed. A failure is never 0: it may have been ended as unhealthy. */
export function exitCodeOfEnd({ phase, lastExit }: Pick<Slot, 'phase' | 'lastExit'>): number {
  return phase.kind === 'failed' ? (lastExit && shellExitCode(lastExit)) || 1 : 0;
}
