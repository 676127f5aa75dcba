// Processes of systems without /proc (macOS, the BSDs, Windows), by their own tools: 5 ms a call and more, and `ps` is
// exact to a second only. The interface is that of proc-stat.ts.
import { execFileSync } from 'node:child_process';
import type { Platform } from '../platform.ts';
import { type ProcStat, TICKS_PER_SECOND } from './proc-stat.ts';

/** pid, ppid, group, state, rss in KiB, CPU time, then the start in five words: `Mon Jan  1 00:00:00 2026`. */
const PS_FIELDS = 'pid=,ppid=,pgid=,stat=,rss=,time=,lstart=';
const PAGE_KIB = 4;

/** Null where the process does not exist. */
export function statByTool(pid: number, platform: Platform): ProcStat | null {
  if (platform === 'win32') return parseWindowsProcess(powershell(windowsProcessScript(pid)));
  return parsePsLine(run('ps', ['-o', PS_FIELDS, '-p', String(pid)]));
}

/** One `ps` for all; processes that do not live are missing. Empty on Windows: there a call costs more than it is worth. */
export function statsByTool(pids: readonly number[], platform: Platform): Map<number, ProcStat> {
  if (pids.length === 0 || platform === 'win32') return new Map();
  const lines = run('ps', ['-o', PS_FIELDS, '-p', pids.join(',')]).split('\n');
  return new Map(lines.flatMap((line) => parsePsLine(line) ?? []).map((stat) => [stat.pid, stat]));
}

/** The words of their command lines: `ps` shows them with single blanks between. Empty on Windows. */
export function commandLinesByTool(pids: readonly number[], platform: Platform): Map<number, string[]> {
  if (pids.length === 0 || platform === 'win32') return new Map();
  return parseCommandLines(run('ps', ['-ww', '-o', 'pid=,command=', '-p', pids.join(',')]));
}

/** Lines of `ps -o pid=,command=`. */
export function parseCommandLines(text: string): Map<number, string[]> {
  const found = text.split('\n').map((line) => line.trim().split(' '));
  return new Map(found.filter(([pid]) => pid !== '').map(([pid, ...words]) => [Number(pid), words.filter(Boolean)]));
}

/** Stable while the system is up. */
export function bootIdByTool(platform: Platform): string {
  if (platform === 'win32') {
    return powershell('(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()').trim();
  }
  return parseBootTime(run('sysctl', ['-n', 'kern.boottime']));
}

/** `{ sec = 1700000000, usec = 5 } Tue …` -> `boot-1700000000`. */
export function parseBootTime(text: string): string {
  return `boot-${/sec\s*=\s*(\d+)/.exec(text)?.[1] ?? text.trim()}`;
}

/** One line of `ps -o` with PS_FIELDS; null for any other text (an empty one: the process does not exist). */
export function parsePsLine(line: string): ProcStat | null {
  const words = line.trim().split(/\s+/);
  if (words.length < 11) return null;
  const [pid, ppid, pgid, state, rss, time, ...start] = words as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    // `sess` is a kernel address on macOS: our instances lead their session, so the group stands for it.
    ...statOf(pid, ppid, pgid),
    state: state.charAt(0),
    cpuTicks: Math.round(parseCpuSeconds(time) * TICKS_PER_SECOND),
    startTime: start.slice(0, 5).join(' '),
    rssPages: Math.round(Number(rss) / PAGE_KIB),
  };
}

/** `1-02:03:04`, `02:03:04`, `3:04.56` -> seconds. */
export function parseCpuSeconds(text: string): number {
  const [, days = '0', clock = '0'] = /^(?:(\d+)-)?(.*)$/.exec(text) as RegExpExecArray;
  return clock.split(':').reduce((total, part) => total * 60 + Number(part), 0) + Number(days) * 86_400;
}

/** `pid ppid filetime workingset cpu100ns`; null for any other text (an empty one: the process does not exist). */
export function parseWindowsProcess(text: string): ProcStat | null {
  const words = text.trim().split(/\s+/);
  if (words.length !== 5) return null;
  const [pid, ppid, startTime, workingSet, cpu] = words as [string, string, string, string, string];
  return {
    ...statOf(pid, ppid, pid),
    state: 'R',
    cpuTicks: Math.round(Number(cpu) / (10_000_000 / TICKS_PER_SECOND)),
    startTime,
    rssPages: Math.round(Number(workingSet) / (PAGE_KIB * 1024)),
  };
}

function statOf(pid: string, ppid: string, group: string) {
  const pgid = Number(group);
  return { pid: Number(pid), comm: '', ppid: Number(ppid), pgid, session: pgid, environBytes: null, environAt: '0' };
}

function windowsProcessScript(pid: number): string {
  return (
    `$p = Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}'; if ($p) { ` +
    '"$($p.ProcessId) $($p.ParentProcessId) $($p.CreationDate.ToFileTimeUtc()) $($p.WorkingSetSize) ' +
    '$($p.UserModeTime + $p.KernelModeTime)" }'
  );
}

function powershell(script: string): string {
  return run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script]);
}

/** @returns what it printed; empty where it fails: `ps -p` exits with 1 for a process that does not exist */
function run(file: string, args: string[]): string {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true, env });
  } catch {
    return '';
  }
}
