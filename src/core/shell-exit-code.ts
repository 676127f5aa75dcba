// One number for each way in which a program can end: `success_codes`, and the exit codes of commands. Pure.
import type { Exit } from './slot.ts';

/** The exit code by which a POSIX shell reports it: 128 + signal, 127 for an unknown program, 126 for one that may not be run. */
export function shellExitCode(exit: Exit): number {
  if ('code' in exit) return exit.code;
  if ('signal' in exit) return 128 + (SIGNAL_NUMBERS[exit.signal] ?? 0);
  if ('spawnError' in exit) return exit.spawnError === 'ENOENT' ? 127 : exit.spawnError === 'EACCES' ? 126 : 1;
  return 1;
}

/** Of Linux, signal(7); a few differ elsewhere. */
const SIGNAL_NUMBERS: Record<string, number> = {
  ...{ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9 },
  ...{ SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGXCPU: 24, SIGXFSZ: 25 },
  ...{ SIGVTALRM: 26, SIGPROF: 27, SIGIO: 29, SIGPWR: 30, SIGSYS: 31 },
};
