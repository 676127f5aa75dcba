// Signals that can stop a program, by name and by number. Pure.

/** Linux and macOS have all of them. */
export const STOP_SIGNALS = (
  'SIGTERM SIGINT SIGHUP SIGQUIT SIGKILL SIGUSR1 SIGUSR2 SIGABRT SIGALRM SIGWINCH SIGPIPE SIGCONT SIGTTIN SIGTTOU ' +
  'SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGIO SIGURG SIGTRAP SIGSYS SIGBUS SIGFPE SIGILL SIGSEGV'
).split(' ');

/** The numbers that people write instead of a name. */
export const SIGNAL_NUMBERS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  9: 'SIGKILL',
  15: 'SIGTERM',
};

/** `TERM` and `SIGTERM` -> `SIGTERM`; null for a signal that cannot stop a program. */
export function stopSignalName(text: string): string | null {
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  return STOP_SIGNALS.includes(name) ? name : null;
}
