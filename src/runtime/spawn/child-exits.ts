// Remembers until when the pid of a process of ours was in use by it. That proves later that what still lives in its
// session is ours, although its leader is gone and its environment cleared (see sweep.ts). Bounded; holds no process.
import { currentTicks } from '../tree/identity.ts';

const MAX_REMEMBERED = 4096;
const lastSeenTicks = new Map<number, number>();

/** The process lives, or is our child and was not reaped before this turn of the event loop. */
export function noteSeen(pid: number): void {
  lastSeenTicks.delete(pid);
  try {
    lastSeenTicks.set(pid, currentTicks());
  } catch {
    return; // no descriptor left, not even the reserve: less is known later, which harms nobody
  }
  if (lastSeenTicks.size > MAX_REMEMBERED) lastSeenTicks.delete(lastSeenTicks.keys().next().value as number);
}

/** On the clock of start times; 0 where nothing is known. */
export function lastSeen(pid: number): number {
  return lastSeenTicks.get(pid) ?? 0;
}
