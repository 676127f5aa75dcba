// Ends a command of orch at once, with everything in its process group.
import type { ChildProcess } from 'node:child_process';
import { platform } from '../platform.ts';

/** Only until it is reaped: then another process may have its pid. The sweep by nonce finds the rest of its tree. */
export function killChild({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) killGroup(pid);
}

export function killGroup(pid: number): void {
  try {
    process.kill(platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // ESRCH: it has exited meanwhile
  }
}
