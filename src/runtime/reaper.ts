// Learns of the end of processes that Node does not know of (see posix-spawn.ts), and of them only: Node waits for its
// own children one by one, so neither takes the other's.
import { constants } from 'node:os';
import type { Exit } from '../core/model.ts';
import type { PosixSpawn } from './posix-spawn.ts';

type Reap = PosixSpawn['reap'];
type Child = { reap: Reap; onExit: (exit: Exit) => void };

const children = new Map<number, Child>();
let listens = false;

/**
 * Does not keep the event loop alive.
 * @param pid of a child that has not been waited for
 * @param onExit called once, never before this turn of the event loop is over
 */
export function reapLater(pid: number, reap: Reap, onExit: (exit: Exit) => void): void {
  children.set(pid, { reap, onExit });
  if (listens) return;
  listens = true;
  process.on('SIGCHLD', reapAll);
  // One that ended before we listened made no signal for us.
  setImmediate(reapAll);
}

/** One signal may stand for many ends. */
function reapAll(): void {
  for (const [pid, { reap, onExit }] of children) {
    const status = reap(pid);
    if (status === null) continue;
    children.delete(pid);
    onExit(exitOf(status));
  }
}

/** @param status as wait(2) tells it: a signal in the low seven bits, else a code in the next eight. */
export function exitOf(status: number): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal: nameOf(signal) };
}

/** The first name counts where there are two, as Node has it: SIGABRT, not SIGIOT. */
function nameOf(signal: number): string {
  const named = Object.entries(constants.signals).find(([, number]) => number === signal);
  return named?.[0] ?? `SIG${signal}`;
}
