// Signals and what the terminal reports, as one union of events. Decides nothing.

export type ProcessEvent =
  /** SIGTERM and the like: once the terminal is restored, the process must end by that signal. */
  | { kind: 'signal'; signal: NodeJS.Signals }
  /** SIGINT from another process: the same as the key Ctrl-C. */
  | { kind: 'interrupt' }
  | { kind: 'suspend' }
  /** The process continues after a stop. */
  | { kind: 'continue' }
  /** The window has another size, or had one in between: the terminal may have dropped rows. */
  | { kind: 'windowChange' }
  /** An uncaught exception or an unhandled rejection. */
  | { kind: 'error'; error: unknown }
  /** The terminal disappeared without a signal. */
  | { kind: 'hangUp' };

const TERMINATING_SIGNALS: NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** @returns removes all listeners. */
export function listenToProcess(
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  onEvent: (event: ProcessEvent) => void,
): () => void {
  const removers: (() => void)[] = [];
  const listen = (target: NodeJS.EventEmitter, name: string, eventOf: (argument: unknown) => ProcessEvent) => {
    const listener = (argument: unknown) => onEvent(eventOf(argument));
    target.on(name, listener);
    removers.push(() => target.off(name, listener));
  };
  for (const signal of TERMINATING_SIGNALS) listen(process, signal, () => ({ kind: 'signal', signal }));
  listen(process, 'SIGINT', () => ({ kind: 'interrupt' }));
  if (process.platform !== 'win32') {
    listen(process, 'SIGTSTP', () => ({ kind: 'suspend' }));
    listen(process, 'SIGCONT', () => ({ kind: 'continue' }));
    // Not only `resize`, which is silent when two changes end at the first size.
    listen(process, 'SIGWINCH', () => ({ kind: 'windowChange' }));
  }
  for (const name of ['uncaughtException', 'unhandledRejection'])
    listen(process, name, (error) => ({ kind: 'error', error }));
  listen(stdout, 'resize', () => ({ kind: 'windowChange' }));
  listen(stdin, 'end', () => ({ kind: 'hangUp' }));
  listen(stdin, 'error', () => ({ kind: 'hangUp' }));
  listen(stdout, 'error', () => ({ kind: 'hangUp' }));
  return () => {
    for (const remove of removers) remove();
  };
}

/** Our own listener would swallow the signal that must stop this process: `stop` sends it. */
export function withDefaultSuspend(stop: () => void): void {
  const listeners = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  stop();
  for (const listener of listeners) process.on('SIGTSTP', listener);
}

/** Ends this process by `signal`; its listeners must be removed before. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
}
