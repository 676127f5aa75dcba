// Ctrl-C and its kin while `up` runs: noted from the first moment on, so that none ends the command halfway and leaves a
// supervisor behind that nobody wanted.

export type Interrupts = {
  /** So far. */
  readonly count: number;
  /** Resolves with the next one. */
  next(): Promise<void>;
  /** They are somebody else's now, who listens already; SIGINT is still kept from ending the process. */
  pause(): void;
  /** From now on they are noted again, also a SIGINT that came before and was not told to anybody yet. */
  resume(): void;
  /** From now on they do again what they do by default. */
  stop(): void;
};

/** SIGHUP too: the terminal is gone, and the order of stopping shall be kept. */
const INTERRUPT_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function listenForInterrupts(): Interrupts {
  let count = 0;
  let waiting: (() => void)[] = [];
  let isOurs = true;
  const listener = () => {
    if (!isOurs) return;
    count++;
    for (const resolve of waiting.splice(0)) resolve();
  };
  // Where nobody listened in between, one that is on its way would be dropped: SIGINT keeps its listener all the time.
  const unlisten = (signals: readonly NodeJS.Signals[]) => {
    waiting = [];
    isOurs = false;
    for (const signal of signals) process.removeListener(signal, listener);
  };
  const resume = () => {
    isOurs = true;
    for (const signal of INTERRUPT_SIGNALS)
      if (!process.listeners(signal).includes(listener)) process.on(signal, listener);
  };
  resume();
  return {
    get count() {
      return count;
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
    pause: () => unlisten(['SIGTERM', 'SIGHUP']),
    resume,
    stop: () => unlisten(INTERRUPT_SIGNALS),
  };
}
