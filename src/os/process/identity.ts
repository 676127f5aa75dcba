// Who a process is: boot, pid and kernel start time. Every signal to a process that is not our direct child goes
// through here first, because a pid alone may by now be a stranger's. Synchronous, about 30 µs by /proc.
import { readFileSync, statSync } from 'node:fs';
import type { Incarnation } from '../../core/model.ts';
import { withFile } from '../descriptor-reserve.ts';
import { hasProc, platform } from '../platform.ts';
import { isDeadState, type ProcStat, readStat } from './proc-stat.ts';
import { bootIdByTool, statByTool } from './system-tools.ts';

let cachedBootId: string | null = null;

/**
 * Names this boot and, on Linux, our pid namespace: a pid means nothing outside both (a restarted container keeps the
 * boot id of its host but counts its pids anew).
 */
export function bootId(): string {
  cachedBootId ??= hasProc ? procBootId() : bootIdByTool(platform);
  return cachedBootId;
}

function procBootId(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${boot}:${statSync('/proc/self/ns/pid').ino}`;
}

/** Clock ticks since boot on Linux, elsewhere what the system calls the start; null: no such process, or it has ended. */
export function readStartTime(pid: number): string | null {
  return liveStat(pid)?.startTime ?? null;
}

/** The incarnation of whatever has the pid now, a zombie included (our child that ended at once); null: nobody. */
export function identify(pid: number, nonce: string): Incarnation | null {
  const stat = readStatAnywhere(pid);
  return stat === null ? null : { pid, startTime: stat.startTime, bootId: bootId(), nonce };
}

/** True only if this very process still runs: same boot, same start time, neither zombie nor dead. */
export function isAlive(incarnation: Pick<Incarnation, 'pid' | 'startTime' | 'bootId'>): boolean {
  return incarnation.bootId === bootId() && isSameProcess(incarnation);
}

/** As `isAlive` for what was seen during this boot. */
export function isSameProcess(seen: { pid: number; startTime: string }): boolean {
  return seen.pid > 0 && readStartTime(seen.pid) === seen.startTime;
}

/** The process's stat if it lives (no zombie); null otherwise. */
export function liveStat(pid: number): ProcStat | null {
  const stat = readStatAnywhere(pid);
  return stat === null || isDeadState(stat.state) ? null : stat;
}

function readStatAnywhere(pid: number): ProcStat | null {
  return hasProc ? readStat(pid) : statByTool(pid, platform);
}

/** Now, on the clock that Linux start times are counted on (100 ticks a second); 0 elsewhere. @throws as `withFile` */
export function currentTicks(): number {
  if (!hasProc) return 0;
  // Whole hundredths of a second: 0.29 * 100 is not 29 to a computer.
  const uptime = withFile('/proc/uptime', (fd) => readFileSync(fd, 'latin1'));
  return Math.round(Number.parseFloat(uptime ?? '0') * TICKS_PER_SECOND);
}

/** USER_HZ: fixed at 100 for user space on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

// Remembers until when the pid of a process of ours was in use by it. That proves later that what still lives in its
// session is ours, although its leader is gone and its environment cleared (see sweep.ts). Bounded; holds no process.

const MAX_REMEMBERED = 4096;
const lastSeenTicks = new Map<number, number>();

/** The process lives, or is our child and was not reaped before this turn of the event loop. */
export function recordSeenAlive(pid: number): void {
  lastSeenTicks.delete(pid);
  try {
    lastSeenTicks.set(pid, currentTicks());
  } catch {
    return; // no descriptor left, not even the reserve: less is known later, which harms nobody
  }
  if (lastSeenTicks.size > MAX_REMEMBERED) lastSeenTicks.delete(lastSeenTicks.keys().next().value as number);
}

/** On the clock of start times; 0 where nothing is known. */
export function lastSeenAliveTicks(pid: number): number {
  return lastSeenTicks.get(pid) ?? 0;
}
