// The kernel's memory limit of one cgroup (cgroup v2, "Memory Interface Files"): where memory above it cannot be reclaimed,
// the kernel kills all processes of the cgroup at once. Works on a directory; does not know whose it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** @returns null: the limit is set. Otherwise why not, as a clause. */
export function setMemoryLimit(directory: string, maxBytes: number): string | null {
  try {
    write(directory, 'memory.max', String(maxBytes));
    write(directory, 'memory.oom.group', '1');
    // Absent where the kernel has no swap. Without it a program above the limit would only become slow.
    if (existsSync(join(directory, 'memory.swap.max'))) write(directory, 'memory.swap.max', '0');
    return null;
  } catch (error) {
    return `the kernel rejected memory.max (${errnoOf(error)})`;
  }
}

/** @returns the limit in bytes, which the kernel rounds down to whole pages; null where none is set. */
export function memoryLimitOf(directory: string): number | null {
  const max = Number(read(directory, 'memory.max'));
  return Number.isFinite(max) && max > 0 ? max : null;
}

/**
 * Whether the kernel killed because of this limit. `oom_kill` alone also counts kills for lack of memory elsewhere, and
 * `memory.events` also the events of limits further down, which the program may have set itself.
 */
export function wasMemoryLimitHit(directory: string): boolean {
  // Since Linux 5.2.
  const own = read(directory, 'memory.events.local') || read(directory, 'memory.events');
  return countOf(own, 'oom') > 0 && countOf(read(directory, 'memory.events'), 'oom_kill') > 0;
}

function countOf(events: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(events)?.[1] ?? 0);
}

/** A process that the kernel may not kill for memory (-1000, inherited by children) would only wait at the limit. */
export function isExemptFromOom(scoreAdjustment: string): boolean {
  return Number(scoreAdjustment) === -1000;
}

/** Never creates a file. */
function write(directory: string, file: string, text: string): void {
  writeFileSync(join(directory, file), text, { flag: 'r+' });
}

function read(directory: string, file: string): string {
  try {
    return readFileSync(join(directory, file), 'latin1').trim();
  } catch {
    return ''; // the controller is off, or the cgroup is gone
  }
}
