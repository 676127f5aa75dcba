// Waits for conditions of the kernel. For the end of what is being stopped it does not wait for ever: what outlives SIGKILL
// (uninterruptible sleep, another user's process) is named. In a `down` it is given up, so that all others still stop in
// their order.
import type { InstanceId, Phase, Slot } from '../../core/model.ts';
import { isOccupied } from '../../core/transition.ts';
import type { Leftover } from '../succession/strays.ts';
import type { Supervisor } from '../supervisor.ts';

type StuckSlot = Slot & { phase: Extract<Phase, { kind: 'stopping' }> };

/** How soon after a step a condition is looked at. */
const LOOK_AFTER_MS = 3;
/** SIGKILL takes milliseconds; design promises that a stop is over 2 s after it. */
const KILLED_FOR_MS = 1_500;
const LOOK_EVERY_MS = 250;

/**
 * @returns whether `holds` came true before the time was over (null: no limit) and the caller was still there. Rejects with
 * what `holds` throws.
 */
export async function until(
  supervisor: Supervisor,
  holds: () => boolean,
  signal: AbortSignal,
  timeoutMs: number | null,
): Promise<boolean> {
  // Wishes are folded at the next turn of the loop: what holds now may be what was true before them.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  if (holds()) return true;
  return await new Promise<boolean>((resolve, reject) => {
    const leave = (): void => {
      end();
      clearTimeout(timer);
      clearTimeout(look);
      signal.removeEventListener('abort', onAbort);
    };
    const finish = (held: boolean): void => {
      leave();
      resolve(held);
    };
    const onAbort = (): void => finish(false);
    // Thrown in a timer it would end the supervisor.
    const judge = (isLast: boolean): void => {
      try {
        const held = holds();
        if (held || isLast) finish(held);
      } catch (error) {
        leave();
        reject(error);
      }
    };
    // A burst of steps is looked at once.
    let look: NodeJS.Timeout | undefined;
    const end = supervisor.onStep(() => {
      look ??= setTimeout(() => {
        look = undefined;
        judge(false);
      }, LOOK_AFTER_MS);
    });
    const timer = timeoutMs === null ? undefined : setTimeout(() => judge(true), timeoutMs);
    signal.addEventListener('abort', onAbort);
  });
}

/** @returns who could not be ended; empty: all is stopped, or the caller has left. */
export async function untilStopped(
  supervisor: Supervisor,
  isMeant: (id: InstanceId) => boolean,
  signal: AbortSignal,
): Promise<StuckSlot[]> {
  const left = (): Slot[] =>
    [...supervisor.kernel.slots.values()].filter((slot) => isMeant(slot.id) && isOccupied(slot));
  const killedSince = new Map<string, number>();
  for (;;) {
    if (await until(supervisor, () => left().length === 0, signal, LOOK_EVERY_MS)) return [];
    if (signal.aborted) return [];
    const stuck = left().filter((slot) => isStuck(slot, killedSince));
    // Who lives on without being stopped waits for one of them.
    if (stuck.length > 0 && left().every((slot) => isStuck(slot, killedSince) || slot.phase.kind === 'alive'))
      return stuck;
  }
}

/**
 * After `shutDown`: everything has stopped or was given up.
 * @param timeoutMs after this, what is left is killed; null: each has its own grace period.
 */
export async function untilDown(supervisor: Supervisor, timeoutMs: number | null): Promise<void> {
  // Whoever asked may go away; what was begun is finished.
  const { signal } = new AbortController();
  const isLate = timeoutMs !== null && !(await until(supervisor, () => supervisor.isEmpty(), signal, timeoutMs));
  if (isLate) supervisor.kernel.killAll();
  for (;;) {
    const stuck = await untilStopped(supervisor, () => true, signal);
    if (stuck.length === 0) return;
    await supervisor.giveUp(stuck);
  }
}

export function leftoverOf({ id, phase }: StuckSlot): Leftover {
  return { pid: phase.process.pid, instance: id };
}

function isStuck(slot: Slot, killedSince: Map<string, number>): slot is StuckSlot {
  const { phase } = slot;
  if (phase.kind !== 'stopping' || phase.step !== 'kill') return false;
  const { nonce } = phase.process;
  const nowMs = performance.now();
  if (!killedSince.has(nonce)) killedSince.set(nonce, nowMs);
  return nowMs - killedSince.get(nonce)! >= KILLED_FOR_MS;
}
