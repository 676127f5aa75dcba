// Who a process is: boot, pid and kernel start time. Every signal to a process that is not our direct child goes
// through here first, because a pid alone may by now be a stranger's. Synchronous, about 30 µs by /proc.
import { readFileSync, statSync } from 'node:fs';
import type { Incarnation } from '../../core/model.ts';
import { hasProc, platform } from '../host.ts';
import { withFile } from '../spare-file.ts';
import { foreignBootId, foreignStat } from './foreign-process.ts';
import { isDeadState, type ProcStat, readStat } from './proc-stat.ts';

let cachedBootId: string | null = null;

/**
 * Names this boot and, on Linux, our pid namespace: a pid means nothing outside both (a restarted container keeps the
 * boot id of its host but counts its pids anew).
 */
export function bootId(): string {
  cachedBootId ??= hasProc ? procBootId() : foreignBootId(platform);
  return cachedBootId;
}

function procBootId(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${boot}:${statSync('/proc/self/ns/pid').ino}`;
}

/** Clock ticks since boot on Linux, elsewhere what the system calls the start; null: no such process, or it has ended. */
export function readStartTime(pid: number): string | null {
  return lookUp(pid)?.startTime ?? null;
}

/** The incarnation of whatever has the pid now, a zombie included (our child that ended at once); null: nobody. */
export function identify(pid: number, nonce: string): Incarnation | null {
  const stat = readAny(pid);
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
export function lookUp(pid: number): ProcStat | null {
  const stat = readAny(pid);
  return stat === null || isDeadState(stat.state) ? null : stat;
}

function readAny(pid: number): ProcStat | null {
  return hasProc ? readStat(pid) : foreignStat(pid, platform);
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
