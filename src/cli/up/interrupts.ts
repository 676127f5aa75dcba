// Ctrl-C and its kin while `up` runs: noted from the first moment on, so that none ends the command halfway and leaves a
// supervisor behind that nobody wanted.

export type Interrupts = {
  /** So far. */
  readonly count: number;
  /** Resolves with the next one. */
  next(): Promise<void>;
  /** From now on they do again what they do by default. */
  stop(): void;
  /** From now on they are noted again. */
  resume(): void;
};

/** SIGHUP too: the terminal is gone, and the order of stopping shall be kept. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function listenForInterrupts(): Interrupts {
  let count = 0;
  let waiting: (() => void)[] = [];
  const listener = () => {
    count++;
    for (const resolve of waiting.splice(0)) resolve();
  };
  const stop = () => {
    waiting = [];
    for (const signal of SIGNALS) process.removeListener(signal, listener);
  };
  const resume = () => {
    for (const signal of SIGNALS) if (!process.listeners(signal).includes(listener)) process.on(signal, listener);
  };
  resume();
  return {
    get count() {
      return count;
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
    stop,
    resume,
  };
}
