// Ctrl-C and other interrupts while `up` runs: counted from the first moment, so that none ends the command halfway and
// leaves an unwanted supervisor behind.
import { isatty } from 'node:tty';

/** SIGHUP too: the terminal is gone, and services must still stop in order. */
const INTERRUPT_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `nohup` takes the terminal away and ignores SIGHUP; Node undoes the latter. Without a terminal, none can be gone. */
const isIgnored = (signal: NodeJS.Signals): boolean => signal === 'SIGHUP' && ![0, 1, 2].some((fd) => isatty(fd));

/** Listens from its construction until `stop`. */
export class Interrupts {
  #count = 0;
  #waiting: (() => void)[] = [];
  #isPaused = false;

  constructor() {
    this.resume();
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  /** Resolves with the next one. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Another part of this process handles signals from now on. SIGINT keeps its listener, so that one that arrives between
   * the two does not end the process.
   */
  pause(): void {
    this.#unlisten(['SIGTERM', 'SIGHUP']);
  }

  /** Counts again, also a SIGINT that arrived before and was not delivered yet. */
  resume(): void {
    this.#isPaused = false;
    for (const signal of INTERRUPT_SIGNALS)
      if (!process.listeners(signal).includes(this.#listener)) process.on(signal, this.#listener);
  }

  /** Restores the default effect of the signals. */
  stop(): void {
    this.#unlisten(INTERRUPT_SIGNALS);
  }

  readonly #listener = (signal: NodeJS.Signals): void => {
    if (this.#isPaused || isIgnored(signal)) return;
    this.#count++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  #unlisten(signals: readonly NodeJS.Signals[]): void {
    this.#waiting = [];
    this.#isPaused = true;
    for (const signal of signals) process.removeListener(signal, this.#listener);
  }
}
