// The project lock and the locks of singletons: held by the simulated kernel, freed when the process ends.
import type { Lock, LockAttempt, LockOptions } from '../../../src/os/lock/lock.ts';

export type { Lock, LockAttempt, LockHolder, LockOptions } from '../../../src/os/lock/lock.ts';

/** As the real one. */
const RETRY_MS = 50;

export async function acquireLock(path: string, { waitMs = 0, abort }: LockOptions = {}): Promise<LockAttempt> {
  const { guest, machine } = bridge;
  const deadlineMs = machine.schedule.nowMs + waitMs;
  for (;;) {
    const lock = await guest.pooled(() => attempt(path));
    if (lock !== null) return lock;
    if (abort?.aborted || machine.schedule.nowMs >= deadlineMs) return { heldBy: { pid: 0, since: '' } };
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Opening creates the file, which is all that a loser does. */
function attempt(path: string): Lock | null {
  const { guest, machine } = bridge;
  const { ino } = machine.files.get(path) ?? machine.files.create(path);
  if (machine.locks.has(ino)) return null;
  guest.effect(`lock ${path}`);
  machine.locks.set(ino, guest);
  const { isReplaced, isInPlace } = watchPlace(path, ino);
  return {
    release: () => {
      if (machine.locks.get(ino) === guest) machine.locks.delete(ino);
    },
    isReplaced,
    isTakenOver: () => isReplaced() && machine.locks.has(machine.files.get(path)!.ino),
    isInPlace: () => machine.locks.get(ino) === guest && isInPlace(),
  };
}

function watchPlace(path: string, ino: number): Pick<Lock, 'isReplaced' | 'isInPlace'> {
  const { files } = bridge.machine;
  const isInPlace = (): boolean => files.get(path)?.ino === ino;
  return { isInPlace, isReplaced: () => !isInPlace() && files.get(path) !== undefined };
}

/** The simulated lock records no holder. */
export const readLockHolder = (): null => null;

export function holdDirectory(path: string): Lock {
  const { ino } = bridge.machine.files.get(path)!;
  return { ...watchPlace(path, ino), release: () => undefined, isTakenOver: () => false };
}
