// Learns of the end of processes that Node does not know of (see posix-spawn.ts), and of them only: Node waits for its
// own children one by one, so neither takes the other's.
import type { Exit } from '../core/model.ts';
import type { PosixSpawn } from './posix-spawn.ts';
import { signalName } from './signal-name.ts';

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
  if (reaper === null) {
    const first = new Reaper(library);
    reaper = first;
    process.on('SIGCHLD', () => first.reap());
    // One that ended before we listened made no signal for us.
    setImmediate(() => first.reap());
  }
  reaper.add(pid, onExit);
}

export class Reaper {
  #library: Library;
  #children = new Map<number, OnExit>();
  #looksAgain = false;

  constructor(library: Library) {
    this.#library = library;
  }

  add(pid: number, onExit: OnExit): void {
    this.#children.set(pid, onExit);
  }

  /**
   * One signal may stand for many ends. The system names who has ended, so that the end of a probe costs nothing for each
   * of a thousand instances; but it names one at a time, and a child of Node stands in the way until Node has reaped it.
   */
  reap(): void {
    while (this.#reapOne(this.#library.ended()));
    if (this.#library.ended() !== 0) this.#reapBehind();
  }

  /** In this turn of the event loop Node, too, has its turn. */
  #reapBehind(): void {
    if (this.#looksAgain) return;
    this.#looksAgain = true;
    setImmediate(() => {
      this.#looksAgain = false;
      while (this.#reapOne(this.#library.ended()));
      if (this.#library.ended() !== 0) for (const pid of [...this.#children.keys()]) this.#reapOne(pid);
    });
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
