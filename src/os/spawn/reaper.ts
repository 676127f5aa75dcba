// Waits for processes that Node does not know of (see posix-spawn.ts), and only for them: Node waits for its own children
// one by one, so neither reaps a process of the other. In a container it also reaps orphans, without a report.

import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readlinkSync } from 'node:fs';
import type { Exit } from '../../core/slot.ts';
import { signalName } from '../platform.ts';
import { type PosixSpawn, posixSpawn } from './posix-spawn.ts';

type ReaperLibrary = Pick<PosixSpawn, 'reap' | 'ended'>;
type OnReaped = (exit: Exit) => void;

/** One for the whole process. */
let reaper: Reaper | null = null;

/**
 * Does not keep the event loop alive.
 * @param pid of a child that has not been waited for
 * @param onExit called once, never before this tick is over
 */
export function reapOnExit(pid: number, library: ReaperLibrary, onExit: OnReaped): void {
  sharedReaper(library).add(pid, onExit);
}

function sharedReaper(library: ReaperLibrary): Reaper {
  if (reaper !== null) return reaper;
  const first = new Reaper(library);
  reaper = first;
  process.on('SIGCHLD', () => first.reap());
  // A child that exited before we listened caused no signal for us.
  setImmediate(() => first.reap());
  return first;
}

/** Reaps children that exited without a signal to us. One system call where there are none. */
export const reapMissed = (): void => reaper?.reap();

/** Whether it is a child of ours that we have not waited for: it has its pid, and its exit will be reported. */
export const isAwaited = (pid: number): boolean => reaper?.awaits(pid) ?? false;

/** Limits the work of one tick when very many orphans end. */
const MAX_PER_TICK = 500;

export class Reaper {
  #library: ReaperLibrary;
  #children = new Map<number, OnReaped>();
  #isRetryScheduled = false;
  /** Null: orphans do not become our children. */
  #isChildOfNode: ((pid: number) => boolean) | null = null;

  constructor(library: ReaperLibrary) {
    this.#library = library;
  }

  add(pid: number, onExit: OnReaped): void {
    this.#children.set(pid, onExit);
  }

  awaits(pid: number): boolean {
    return this.#children.has(pid);
  }

  /** From now on every child that is neither known here nor started by Node is reaped as well. */
  reapOrphans(isChildOfNode: (pid: number) => boolean): void {
    this.#isChildOfNode = isChildOfNode;
  }

  /**
   * One signal may stand for many exits. The system names a child that has exited, so that the exit of a probe costs
   * nothing for each of a thousand instances; but it names one at a time, and a child of Node blocks the others until
   * Node has reaped it.
   */
  reap(): void {
    if (this.#reapFirst() || this.#library.ended() !== 0) this.#retryNextTick();
  }

  /** Before the next tick Node reaps its own children, too. */
  #retryNextTick(): void {
    if (this.#isRetryScheduled) return;
    this.#isRetryScheduled = true;
    setImmediate(() => {
      this.#isRetryScheduled = false;
      if (this.#reapFirst()) this.#retryNextTick();
      else if (this.#library.ended() !== 0) for (const pid of [...this.#children.keys()]) this.#reapOne(pid);
    });
  }

  /** As long as the child that the system names is ours to reap. @returns whether there may be more of them. */
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

  /** @returns whether it was a child of ours that had exited */
  #reapOne(pid: number): boolean {
    const onExit = this.#children.get(pid);
    const status = onExit ? this.#library.reap(pid) : null;
    if (status === null) return false;
    this.#children.delete(pid);
    onExit!(exitOf(status));
    return true;
  }
}

/** @param status of wait(2): a signal in the low seven bits, else a code in the next eight */
export function exitOf(status: number): Exit {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal: signalName(signal) ?? `SIG${signal}` };
}

/** @param code as Node reports the exit of a child */
export function exitOfNode(code: number | null, signal: NodeJS.Signals | null): Exit {
  return signal === null ? { code: code ?? 0 } : { signal };
}

/** PROC_PID_INIT_INO of the kernel (include/linux/proc_ns.h): the namespace of the machine's own init. */
const INIT_PID_NAMESPACE = 'pid:[4026531836]';

/**
 * In a container, process 1 often does not wait for children: each orphan of an instance would stay a zombie and keep a
 * pid. The supervisor asks the kernel to make the orphans below it its own children, and reaps them. Call before anything
 * is started. Does nothing where a real init reaps, or without the library.
 */
export function reapContainerOrphans(): void {
  const library = isContained() ? posixSpawn() : null;
  if (library?.becomeSubreaper()) sharedReaper(library).reapOrphans(followChildrenOfNode());
}

function isContained(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') !== INIT_PID_NAMESPACE;
  } catch {
    return false; // not Linux, or no /proc
  }
}

/** @returns whether a pid is a child that Node has not waited for yet: Node must reap it itself */
function followChildrenOfNode(): (pid: number) => boolean {
  const children = new Set<ChildProcess>();
  subscribe('child_process', (message) => {
    const child = (message as { process: ChildProcess }).process; // without a pid yet
    children.add(child);
    child.once('exit', () => children.delete(child));
  });
  return (pid) => {
    for (const child of children) {
      if (child.pid === pid) return true;
      if (child.pid === undefined) children.delete(child); // the start failed
    }
    return false;
  };
}
