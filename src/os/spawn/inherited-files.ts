// Descriptors that we inherited unasked: a lock of the calling script, a make job server. Left open, every instance would
// inherit them and keep them open forever. Linux only; elsewhere Node closes those that it finds.
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { hasProc } from '../platform.ts';

/** In the octal `flags` of /proc/PID/fdinfo. */
const O_CLOEXEC = 0o2000000;

/**
 * Closes every descriptor above 2 that a child would inherit. Call it first in a process of ours: files that Node opens
 * are close-on-exec, and Node (libuv) handles inherited ones only up to the first gap above 15.
 * @param kept stay open and inheritable: see `reopenCloseOnExec`.
 * @returns the descriptors that were closed
 */
export function closeInheritedFiles(kept: readonly number[] = []): number[] {
  if (!hasProc) return [];
  const inherited = readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && !kept.includes(fd) && isInheritable(fd));
  for (const fd of inherited) closeSync(fd);
  return inherited;
}

/** Moves an inherited descriptor for writing to one that no child of ours inherits. @returns the new one. */
export function reopenCloseOnExec(fd: number): number {
  if (!hasProc) return fd;
  const own = openSync(`/proc/self/fd/${fd}`, 'w');
  closeSync(fd);
  return own;
}

function isInheritable(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // the descriptor of the listing itself, closed by now
  }
}
