// The end of the supervisor's process: its socket closes a moment before it is really gone, and `down` promises that
// nothing is left when it returns.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const POLL_INTERVAL_MS = 10;
const PATIENCE_MS = 5000;

/** Only looks, never signals. Returns after 5 s in any case. */
export async function untilGone(pid: number): Promise<void> {
  for (const startMs = performance.now(); isAlive(pid) && performance.now() - startMs < PATIENCE_MS; ) {
    await pause(POLL_INTERVAL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // ESRCH: gone. EPERM: the pid is another user's by now.
  }
  return !isZombie(pid);
}

/** Nobody may be there to reap it: a container without an init. proc(5): the state follows the last `)`. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] === 'Z';
  } catch {
    return false; // no /proc here, or gone meanwhile: the next look tells
  }
}
