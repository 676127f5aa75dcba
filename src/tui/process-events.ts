// What comes from outside: signals, a window that changes, a terminal that is gone, a bug of ours. Decides nothing.

export type ProcessEventHandlers = {
  /** SIGTERM and the like: after the terminal is restored the process ends by that signal, as it would have. */
  onSignal(signal: NodeJS.Signals): void;
  /** Ctrl-C from outside: the same as the key. */
  onInterrupt(): void;
  onSuspend(): void;
  /** The window has another size, or had one in between: the terminal may have dropped rows. */
  onWindowChange(): void;
  /** The process was stopped and goes on. */
  onContinue(): void;
  onError(error: unknown): void;
  /** The terminal went away without a signal. */
  onHangUp(): void;
};

const TERMINATING_SIGNALS: NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** @returns takes all listeners back. */
export function listenToProcess(
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  watch: ProcessEventHandlers,
): () => void {
  const removers: (() => void)[] = [];
  const listen = (target: NodeJS.EventEmitter, event: string, listener: (...args: never[]) => void) => {
    target.on(event, listener as (...args: unknown[]) => void);
    removers.push(() => target.off(event, listener as (...args: unknown[]) => void));
  };
  for (const signal of TERMINATING_SIGNALS) listen(process, signal, () => watch.onSignal(signal));
  listen(process, 'SIGINT', () => watch.onInterrupt());
  if (process.platform !== 'win32') {
    listen(process, 'SIGTSTP', () => watch.onSuspend());
    listen(process, 'SIGCONT', () => watch.onContinue());
    // Not only `resize`: that is silent when two changes end where they began.
    listen(process, 'SIGWINCH', () => watch.onWindowChange());
  }
  listen(process, 'uncaughtException', (error: Error) => watch.onError(error));
  listen(process, 'unhandledRejection', (reason: unknown) => watch.onError(reason));
  listen(stdout, 'resize', () => watch.onWindowChange());
  listen(stdin, 'end', () => watch.onHangUp());
  listen(stdin, 'error', () => watch.onHangUp());
  listen(stdout, 'error', () => watch.onHangUp());
  return () => {
    for (const remove of removers) remove();
  };
}

/** Ends this process by `signal` now that nothing catches it any more. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
}
