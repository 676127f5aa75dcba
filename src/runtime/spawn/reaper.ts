// Learns of the end of processes that Node does not know of (see posix-spawn.ts), and of them only: Node waits for its
// own children one by one, so neither takes the other's. Orphans that came to us (see orphans.ts) are reaped untold.
import type { Exit } from '../../core/model.ts';
import { signalName } from '../tree/signal-name.ts';
import type { PosixSpawn } from './posix-spawn.ts';

type Library = Pick<PosixSpawn, 'reap' | 'ended'>;
type OnExit = (exit: Exit) => void;

/** Of the only library there is. */
let reaper: Reaper | null = null;

/**
 * Does not keep the event loop alive.
 * @param pid of a child that has not been waited for
 * @param onExit called once, never before this turn of the event loop is over
 */
export function reapLater(pid: number, library: Library, onExit: OnExit): void {
  theReaper(library).add(pid, onExit);
}

/** From now on whoever is neither known here nor a child of Node is reaped as well. */
export function reapOrphans(library: Library, isNodes: (pid: number) => boolean): void {
  theReaper(library).reapOrphans(isNodes);
}

function theReaper(library: Library): Reaper {
  if (reaper !== null) return reaper;
  const first = new Reaper(library);
  reaper = first;
  process.on('SIGCHLD', () => first.reap());
  // One that ended before we listened made no signal for us.
  setImmediate(() => first.reap());
  return first;
}

/** Of a storm of orphans, a turn of the event loop takes no more. */
const MOST_IN_ONE_TURN = 500;

export class Reaper {
  #library: Library;
  #children = new Map<number, OnExit>();
  #looksAgain = false;
  /** Null: orphans do not come to us. */
  #isNodes: ((pid: number) => boolean) | null = null;

  constructor(library: Library) {
    this.#library = library;
  }

  add(pid: number, onExit: OnExit): void {
    this.#children.set(pid, onExit);
  }

  reapOrphans(isNodes: (pid: number) => boolean): void {
    this.#isNodes = isNodes;
  }

  /**
   * One signal may stand for many ends. The system names who has ended, so that the end of a probe costs nothing for each
   * of a thousand instances; but it names one at a time, and a child of Node stands in the way until Node has reaped it.
   */
  reap(): void {
    if (this.#reapFirst() || this.#library.ended() !== 0) this.#reapBehind();
  }

  /** In this turn of the event loop Node, too, has its turn. */
  #reapBehind(): void {
    if (this.#looksAgain) return;
    this.#looksAgain = true;
    setImmediate(() => {
      this.#looksAgain = false;
      if (this.#reapFirst()) this.#reapBehind();
      else if (this.#library.ended() !== 0) for (const pid of [...this.#children.keys()]) this.#reapOne(pid);
    });
  }

  /** As long as the one that the system names is for us to reap. @returns whether there may be more of them. */
  #reapFirst(): boolean {
    for (let count = 0; count < MOST_IN_ONE_TURN; count++) {
      const pid = this.#library.ended();
      if (!this.#reapOne(pid) && !this.#reapOrphan(pid)) return false;
    }
    return true;
  }

  #reapOrphan(pid: number): boolean {
    if (pid === 0 || this.#children.has(pid) || !this.#isNodes || this.#isNodes(pid)) return false;
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
