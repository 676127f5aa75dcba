// The kernel's bound on the memory of one cgroup (cgroup v2, "Memory Interface Files"): who goes over it, and cannot be
// shrunk, is killed with all others in it at once. Works on a directory; whose that is, others know.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** @returns null: it stands. Otherwise why not, as a clause. */
export function setMemoryLimit(directory: string, maxBytes: number): string | null {
  try {
    write(directory, 'memory.max', String(maxBytes));
    write(directory, 'memory.oom.group', '1');
    // Absent where the kernel has no swap. Without it what does not fit would only become slow.
    if (existsSync(join(directory, 'memory.swap.max'))) write(directory, 'memory.swap.max', '0');
    return null;
  } catch (error) {
    return `the kernel did not take memory.max (${errnoOf(error)})`;
  }
}

/** @returns the bound in bytes, which the kernel rounds down to whole pages; null where none stands. */
export function memoryLimitOf(directory: string): number | null {
  const max = Number(read(directory, 'memory.max'));
  return Number.isFinite(max) && max > 0 ? max : null;
}

/**
 * Whether the kernel killed for this very bound. `oom_kill` alone counts also those that died for want of memory elsewhere,
 * and `memory.events` also what happened at bounds further down, which the program may have put up itself.
 */
export function wasMemoryLimitHit(directory: string): boolean {
  // Since Linux 5.2.
  const own = read(directory, 'memory.events.local') || read(directory, 'memory.events');
  return countOf(own, 'oom') > 0 && countOf(read(directory, 'memory.events'), 'oom_kill') > 0;
}

function countOf(events: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(events)?.[1] ?? 0);
}

/** What may not be killed for want of memory (-1000, inherited by children) would just wait at the wall. */
export function isExemptFromOom(scoreAdjustment: string): boolean {
  return Number(scoreAdjustment) === -1000;
}

/** Never makes a file. */
function write(directory: string, file: string, text: string): void {
  writeFileSync(join(directory, file), text, { flag: 'r+' });
}

function read(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), 'latin1').trim();
  } catch {
    return ''; // no such controller, or the cgroup is gone
  }
}
