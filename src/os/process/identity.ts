// The identity of a process: boot, pid and kernel start time. Checked before each signal to a process that is not our
// direct child, because another process may have its pid by now. Synchronous, about 30 µs by /proc.

import { readFileSync, statSync } from 'node:fs';
import type { Incarnation } from '../../core/slot.ts';
import { withFile } from '../descriptor-reserve.ts';
import { hasProc, platform } from '../platform.ts';
import { isDeadState, type ProcStat, readStat, TICKS_PER_SECOND } from './proc-stat.ts';
import { bootIdByTool, statByTool } from './system-tools.ts';

let cachedBootId: string | null = null;

/**
 * Names this boot and, on Linux, our pid namespace: a pid means nothing outside both (a restarted container keeps the
 * boot id of its host, but its pids start over).
 */
export function bootId(): string {
  cachedBootId ??= hasProc ? procBootId() : bootIdByTool(platform);
  return cachedBootId;
}

function procBootId(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${boot}:${statSync('/proc/self/ns/pid').ino}`;
}

/** Clock ticks since boot on Linux, elsewhere the start as the system prints it; null: not found, or it has ended. */
export function readStartTime(pid: number): string | null {
  return liveStat(pid)?.startTime ?? null;
}

/** The incarnation of the process that has the pid now, also of a zombie (our child that exited at once); null: none. */
export function identify(pid: number, nonce: string): Incarnation | null {
  const stat = readStatAnywhere(pid);
  return stat === null ? null : { pid, startTime: stat.startTime, bootId: bootId(), nonce };
}

/** True only if this very process still runs: same boot, same start time, neither zombie nor dead. */
export function isAlive(incarnation: Pick<Incarnation, 'pid' | 'startTime' | 'bootId'>): boolean {
  return incarnation.bootId === bootId() && isSameProcess(incarnation);
}

/** As `isAlive`, for a process that was seen during this boot. */
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

/** The time now, on the clock of Linux start times (100 ticks a second); 0 elsewhere. @throws as `withFile` */
export function currentTicks(): number {
  if (!hasProc) return 0;
  // Whole hundredths of a second: in floating point 0.29 * 100 is not 29.
  const uptime = withFile('/proc/uptime', (fd) => readFileSync(fd, 'latin1'));
  return Math.round(Number.parseFloat(uptime ?? '0') * TICKS_PER_SECOND);
}

/** How long a live process has run at least, to a clock tick (10 ms); null: off Linux, or no descriptor is left. */
export function ageMs(startTime: string): number | null {
  return agesNow()(startTime);
}

/** @returns `ageMs` of many processes, for as long as the time that it takes does not matter: the clock is read once */
export function agesNow(): (startTime: string) => number | null {
  let nowTicks: number | null | undefined;
  return (startTime) => {
    if (nowTicks === undefined) nowTicks = ticksOrNothing();
    return nowTicks === null ? null : Math.max(0, ((nowTicks - Number(startTime) - 1) * 1000) / TICKS_PER_SECOND);
  };
}

function ticksOrNothing(): number | null {
  try {
    return hasProc ? currentTicks() : null;
  } catch {
    return null;
  }
}

const MAX_REMEMBERED = 4096;
const lastSeenTicks = new Map<number, number>();

/**
 * Remembers that the process still has its pid: it lives, or is our child and was not reaped before this tick. That proves
 * later that processes in its session are ours, although the leader is gone and their environment cleared (see sweep.ts).
 */
export function recordSeenAlive(pid: number): void {
  lastSeenTicks.delete(pid);
  try {
    lastSeenTicks.set(pid, currentTicks());
  } catch {
    return; // no descriptor is left, not even the reserve: less is known later, which is harmless
  }
  if (lastSeenTicks.size > MAX_REMEMBERED) lastSeenTicks.delete(lastSeenTicks.keys().next().value as number);
}

/** On the clock of start times; 0 for an unknown pid. */
export function lastSeenAliveTicks(pid: number): number {
  return lastSeenTicks.get(pid) ?? 0;
}
