// Passes a signal on to the program on the terminal. The library reaps that program, and tells us up to 200 ms later: by then
// the pid may be a stranger's, so each signal goes out after a look at who has it.
import { isSameProcess } from '../tree/identity.ts';

/** To the program and what it runs with it; a shell has its jobs in groups of their own, which it ends itself. To nobody once
 * it has ended. */
export function forward(program: { pid: number; startTime: string }, signal: NodeJS.Signals): void {
  if (!isSameProcess(program)) return;
  try {
    process.kill(-program.pid, signal);
  } catch {
    // ESRCH: it has ended in this moment.
  }
}
