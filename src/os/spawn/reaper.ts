// Learns of the end of processes that Node does not know of (see posix-spawn.ts), and of them only: Node waits for its
// own children one by one, so neither takes the other's. Orphans that came to us (see orphans.ts) are reaped untold.

import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readlinkSync } from 'node:fs';
import type { Exit } from '../../core/model.ts';
import { signalName } from '../platform.ts';
import { type PosixSpawn, posixSpawn } from './posix-spawn.ts';

type ReaperLibrary = Pick<PosixSpawn, 'reap' | 'ended'>;
type OnReaped = (exit: Exit) => void;

/** Of the only library there is. */
let reaper: Reaper | null = null;

/**
 * Does not keep the event loop alive.
 * @param pid of a child that has not been waited for
 * @param onExit called once, never before this turn of the event loop is over
 */
export function reapOnExit(pid: number, library: ReaperLibrary, onExit: OnReaped): void {
  sharedReaper(library).add(pid, onExit);
}

/** From now on whoever is neither known here nor a child of Node is reaped as well. */
export function reapOrphans(library: ReaperLibrary, isNodes: (pid: number) => boolean): void {
  sharedReaper(library).reapOrphans(isNodes);
}

function sharedReaper(library: ReaperLibrary): Reaper {
  if (reaper !== null) return reaper;
  const first = new Reaper(library);
  reaper = first;
  process.on('SIGCHLD', () => first.reap());
  // One that ended before we listened made no signal for us.
  setImmediate(() => first.reap());
  return first;
}

/** Of a storm of orphans, a turn of the event loop takes no more. */
const MAX_PER_TICK = 500;

export class Reaper {
  #library: ReaperLibrary;
  #children = new Map<number, OnReaped>();
  #isRetryScheduled = false;
  /** Null: orphans do not come to us. */
  #isChildOfNode: ((pid: number) => boolean) | null = null;

  constructor(library: ReaperLibrary) {
    this.#library = library;
  }

  add(pid: number, onExit: OnReaped): void {
    this.#children.set(pid, onExit);
  }

  reapOrphans(isNodes: (pid: number) => boolean): void {
    this.#isChildOfNode = isNodes;
  }

  /**
   * One signal may stand for many ends. The system names who has ended, so that the end of a probe costs nothing for each
   * of a thousand instances; but it names one at a time, and a child of Node stands in the way until Node has reaped it.
   */
  reap(): void {
    if (this.#reapFirst() || this.#library.ended() !== 0) this.#retryNextTick();
  }

  /** In this turn of the event loop Node, too, has its turn. */
  #retryNextTick(): void {
    if (this.#isRetryScheduled) return;
    this.#isRetryScheduled = true;
    setImmediate(() => {
      this.#isRetryScheduled = false;
      if (this.#reapFirst()) this.#retryNextTick();
      else if (this.#library.ended() !== 0) for (const pid of [...this.#children.keys()]) this.#reapOne(pid);
    });
  }

  /** As long as the one that the system names is for us to reap. @returns whether there may be more of them. */
  #reapFirst(): boolean {
    for (let count = 0; count < MAX_PER_TICK; count++) {
      const pid = this.#library.ended();
      if (!this.#reapOne(pid) && !this.#reapOrphan(pid)) return false;
    }
    return true;
  }

  #reapOrphan(pid: number): boolean {
    if (pid === 0 || this.#children.has(pid) || !this.#isChildOfNode || this.#isChildOfNode(pid)) return false;
    return this.#library.reap(pid) !== null;
  }

  /** @returns whether it was one of ours, and had ended. */
  #reapOne(pid: number): boolean {
    const onExit = this.#children.get(pid);
    const status = onExit ? this.#library.reap(pid) : null;
    if (status === null) return false;
    this.#children.delete(pid);
    onExit!(exitOf(status));
    return true;
  }
}

/** @param status as wait(2) tells it: a signal in the low seven bits, else a code in the next eight. */
export function exitOf(status: number): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal: signalName(signal) ?? `SIG${signal}` };
}

// In a container, process 1 is often a program that waits for nobody: what an instance leaves behind as an orphan stays a
// zombie there for ever, and each takes a pid. There the supervisor asks the kernel for the orphans below it, and reaps them.

/** PROC_PID_INIT_INO of the kernel (include/linux/proc_ns.h): the namespace that the machine's own init is in. */
const INIT_PID_NAMESPACE = 'pid:[4026531836]';

/** Call before anything is started. Does nothing where a real init reaps, or without the library. */
export function reapContainerOrphans(): void {
  if (!isContained() || !posixSpawn()?.becomeSubreaper()) return;
  const children = childrenOfNode();
  reapOrphans(posixSpawn()!, (pid) => hasChild(children, pid));
}

function isContained(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== INIT_PID_NAMESPACE;
  } catch {
    return false; // no Linux, or no /proc
  }
}

/** Those that Node has yet to wait for; it must find them. They are named before they have a pid. */
function childrenOfNode(): Set<ChildProcess> {
  const children = new Set<ChildProcess>();
  subscribe('child_process', (message) => {
    const child = (message as { process: ChildProcess }).process;
    children.add(child);
    child.once('exit', () => children.delete(child));
  });
  return children;
}

function hasChild(children: Set<ChildProcess>, pid: number): boolean {
  for (const child of children) {
    if (child.pid === pid) return true;
    if (child.pid === undefined) children.delete(child); // could not be started
  }
  return false;
}
