// Waits for conditions of the kernel. Does not wait forever for a process that survives SIGKILL (uninterruptible sleep, another
// user's process): it is named, and `down` gives it up, so that all others still stop in order.

import type { Leftover, WireError } from '../../api/protocol.ts';
import { type EndingSlot, isOccupied, type Slot } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';

/** A condition is checked this long after a step: a burst of steps is one check. */
const COALESCE_MS = 3;
/** SIGKILL takes milliseconds; a stop must be over 2 s after it. */
const KILLED_FOR_MS = 1_500;
const STUCK_CHECK_MS = 250;

/**
 * @param signal aborts when the caller is gone
 * @param timeoutMs null: no limit
 * @returns whether `holds` came true in time. Rejects with what `holds` throws.
 */
export async function until(
  supervisor: Pick<Supervised, 'onStep'>,
  holds: () => boolean,
  signal: AbortSignal,
  timeoutMs: number | null,
): Promise<boolean> {
  // The next step of the kernel applies the request of the caller: a condition that holds now may be outdated.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  if (holds()) return true;
  return await new Promise<boolean>((resolve, reject) => {
    const cleanUp = (): void => {
      unsubscribe();
      clearTimeout(timer);
      clearTimeout(check);
      signal.removeEventListener('abort', onAbort);
    };
    const finish = (held: boolean): void => {
      cleanUp();
      resolve(held);
    };
    const onAbort = (): void => finish(false);
    // An error thrown in a timer would end the supervisor.
    const judge = (isLast: boolean): void => {
      try {
        const held = holds();
        if (held || isLast) finish(held);
      } catch (error) {
        cleanUp();
        reject(error);
      }
    };
    let check: NodeJS.Timeout | undefined;
    const unsubscribe = supervisor.onStep(() => {
      check ??= setTimeout(() => {
        check = undefined;
        judge(false);
      }, COALESCE_MS);
    });
    const timer = timeoutMs === null ? undefined : setTimeout(() => judge(true), timeoutMs);
    signal.addEventListener('abort', onAbort);
  });
}

/** @returns the instances that could not be ended; empty: all have stopped, or the caller is gone. */
export async function untilStopped(
  supervisor: Pick<Supervised, 'onStep' | 'kernel'>,
  isMeant: (id: InstanceId) => boolean,
  signal: AbortSignal,
): Promise<EndingSlot[]> {
  const left = (): Slot[] =>
    [...supervisor.kernel.slots.values()].filter((slot) => isMeant(slot.id) && isOccupied(slot));
  const killedSince = new Map<string, number>();
  for (;;) {
    if (await until(supervisor, () => left().length === 0, signal, STUCK_CHECK_MS)) return [];
    if (signal.aborted) return [];
    const stuck = left().filter((slot) => isStuck(slot, killedSince));
    // A live instance that is not being stopped waits for a stuck one.
    if (stuck.length > 0 && left().every((slot) => isStuck(slot, killedSince) || slot.phase.kind === 'alive'))
      return stuck;
  }
}

/**
 * After `shutDown`: resolves when every instance has stopped or was given up.
 * @param timeoutMs after this, what is left is killed; null: each has its own grace period.
 */
export async function untilDown(supervisor: Supervised, timeoutMs: number | null): Promise<void> {
  // Continues without the caller: a `down` always finishes.
  const { signal } = new AbortController();
  const isLate = timeoutMs !== null && !(await until(supervisor, () => supervisor.isEmpty(), signal, timeoutMs));
  if (isLate) supervisor.kernel.killAll();
  for (;;) {
    const stuck = await untilStopped(supervisor, () => true, signal);
    if (stuck.length === 0) return;
    await supervisor.giveUpOn(stuck);
  }
}

export function leftoverOf({ id, phase }: EndingSlot): Leftover {
  return { pid: phase.process.pid, instance: id };
}

function isStuck(slot: Slot, killedSince: Map<string, number>): slot is EndingSlot {
  const { phase } = slot;
  if (phase.kind !== 'ending' || phase.step !== 'kill') return false;
  const { nonce } = phase.process;
  const nowMs = performance.now();
  if (!killedSince.has(nonce)) killedSince.set(nonce, nowMs);
  return nowMs - killedSince.get(nonce)! >= KILLED_FOR_MS;
}

/** A message names at most this many instances. */
const MAX_NAMED = 5;

/**
 * `orch stop`: waits until no process of these instances is left. Does not wait for an instance that was started again: it
 * never shows up as gone, since the next start follows in the same step.
 *
 * @param ids of instances that are being stopped
 * @param timeoutMs null: as long as it takes
 * @throws RequestError `failed` where an instance survives SIGKILL or was started again; `timeout`
 */
export async function awaitStopped(
  supervisor: Supervised,
  ids: readonly InstanceId[],
  timeoutMs: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { kernel } = supervisor;
  const meant = new Set(ids);
  const isWanted = (id: InstanceId): boolean => kernel.desired.instances.get(id)?.run === true;
  const isLeft = (id: InstanceId): boolean => meant.has(id) && !isWanted(id);
  const stuck = await withTimeout(timeoutMs, signal, (deadline) => untilStopped(supervisor, isLeft, deadline));
  if (stuck.length > 0) throw new RequestError(notEnded(stuck.map(leftoverOf)));
  const late = ids.filter((id) => isLeft(id) && isLiving(supervisor, id));
  if (late.length > 0) {
    const hint = '`orch why` shows what holds it up; it is still being stopped';
    throw new RequestError({ code: 'timeout', message: `not stopped in time: ${nameList(late)}`, hint });
  }
  const again = ids.filter(isWanted);
  if (again.length > 0) {
    const verb = again.length === 1 ? 'was' : 'were';
    throw new RequestError({ code: 'failed', message: `${nameList(again)} ${verb} started again meanwhile` });
  }
}

const isLiving = ({ kernel }: Supervised, id: InstanceId): boolean => {
  const slot = kernel.slots.get(id);
  return slot !== undefined && isOccupied(slot);
};

/** The signal that `wait` gets aborts with the caller's, or when the time is over. */
async function withTimeout<T>(
  timeoutMs: number | null,
  signal: AbortSignal,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === null) return await wait(signal);
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end);
  try {
    return await wait(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function notEnded(leftovers: readonly Leftover[]): WireError {
  const named = leftovers.map(({ pid, instance }) => `${instance} (pid ${pid})`).join(', ');
  const hint =
    'SIGKILL did not end it: it sleeps uninterruptibly, or belongs to another user; `orch why` shows when it is gone';
  return { code: 'failed', message: `still alive: ${named}`, hint };
}

function nameList(ids: readonly InstanceId[]): string {
  const named = ids.slice(0, MAX_NAMED).join(', ');
  return ids.length > MAX_NAMED ? `${named} and ${ids.length - MAX_NAMED} more` : named;
}
