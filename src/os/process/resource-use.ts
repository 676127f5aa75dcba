// CPU and memory of the instances' main processes, as `ps` shows them. Keeps /proc/PID/stat open and re-reads it: 7 µs
// a process, and such a descriptor answers ESRCH once its process is gone, whoever got the pid then.
import { closeSync, openSync, readSync } from 'node:fs';
import { hasProc, platform } from '../platform.ts';
import { currentTicks, TICKS_PER_SECOND } from './identity.ts';
import { childrenOf, isDeadState, type ProcStat, pageBytes, parseStat, readProcText } from './proc-stat.ts';
import { statsByTool } from './system-tools.ts';

export type ResourceUse = {
  /** Of one core, since the previous sample; the first one: since the process started. */
  cpuPercent: number;
  rssBytes: number;
};
export type ResourceSampler = {
  /** Those that have ended, or were replaced by a stranger with their pid, are missing from the result. */
  sample(processes: readonly { pid: number; startTime: string }[]): Map<number, ResourceUse>;
  /** Descriptors that are held open now. */
  openFiles(): number;
  close(): void;
};

type SampledProcess = { fd: number | null; startTime: string; cpuTicks: number; atMs: number };

/** Beyond this many the file is opened anew each time, so that descriptors remain for the rest. */
const MAX_OPEN_FILES = 1024;

const buffer = Buffer.allocUnsafe(1024);

export function createResourceSampler(maxOpenFiles: number = MAX_OPEN_FILES): ResourceSampler {
  const watched = new Map<number, SampledProcess>();
  let openFiles = 0;

  const forget = (pid: number) => {
    const { fd = null } = watched.get(pid) ?? {};
    if (fd !== null) closeSync(fd);
    if (fd !== null) openFiles--;
    watched.delete(pid);
  };
  const keep = (pid: number, startTime: string): SampledProcess => {
    const known = watched.get(pid);
    if (known?.startTime === startTime) return known;
    forget(pid);
    const fd = hasProc && openFiles < maxOpenFiles ? openStat(pid) : null;
    if (fd !== null) openFiles++;
    const entry = { fd, startTime, cpuTicks: 0, atMs: startedAtMs(startTime) };
    watched.set(pid, entry);
    return entry;
  };

  return {
    sample(processes) {
      const wanted = new Set(processes.map(({ pid }) => pid));
      for (const pid of [...watched.keys()]) if (!wanted.has(pid)) forget(pid);
      const stats = hasProc ? null : statsByTool([...wanted], platform);
      const uses = new Map<number, ResourceUse>();
      for (const { pid, startTime } of processes) {
        const entry = keep(pid, startTime);
        const stat = stats === null ? readOpenStat(pid, entry.fd) : (stats.get(pid) ?? null);
        if (stat === null || stat.startTime !== startTime || isDeadState(stat.state)) forget(pid);
        else uses.set(pid, measure(entry, stat));
      }
      return uses;
    },
    openFiles: () => openFiles,
    close: () => {
      for (const pid of [...watched.keys()]) forget(pid);
    },
  };
}

/** Updates the entry. */
function measure(entry: SampledProcess, stat: ProcStat): ResourceUse {
  const nowMs = performance.now();
  const usedMs = ((stat.cpuTicks - entry.cpuTicks) * 1000) / TICKS_PER_SECOND;
  // A tick is 10 ms: over a shorter span the percentage would mean nothing.
  const spanMs = Math.max(nowMs - entry.atMs, 1000 / TICKS_PER_SECOND);
  entry.cpuTicks = stat.cpuTicks;
  entry.atMs = nowMs;
  return { cpuPercent: Math.max(0, Math.round((usedMs / spanMs) * 1000) / 10), rssBytes: stat.rssPages * pageBytes() };
}

/** On the scale of `performance.now()`, so mostly negative; off Linux, or where it cannot be read: now. */
function startedAtMs(startTime: string): number {
  if (!hasProc) return performance.now();
  try {
    return performance.now() - ((currentTicks() - Number(startTime)) * 1000) / TICKS_PER_SECOND;
  } catch {
    return performance.now(); // no descriptor left
  }
}

function openStat(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}/stat`, 'r');
  } catch {
    return null; // gone, or no descriptor to be had: the reading will tell
  }
}

function readOpenStat(pid: number, kept: number | null): ProcStat | null {
  const fd = kept ?? openStat(pid);
  if (fd === null) return null;
  try {
    return parseStat(buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0)));
  } catch {
    return null; // ESRCH: the process is gone
  } finally {
    if (kept === null) closeSync(fd);
  }
}

// Resident memory of a process and its descendants: what is mapped by several of them counts several times. Linux only;
// elsewhere null. Those that left the tree (their parent ended) are not found.

/** No tree of an instance is larger; beyond that it is left at what was counted. */
const MAX_PROCESSES = 10_000;

/** @returns bytes; null where the process is gone, or this system does not tell. */
export function treeMemoryBytes(pid: number): number | null {
  if (!hasProc) return null;
  const pending = [pid];
  let bytes: number | null = null;
  for (let seen = 0; pending.length > 0 && seen < MAX_PROCESSES; seen++) {
    const next = pending.pop()!;
    const own = residentBytes(next);
    if (own === null) continue;
    bytes = (bytes ?? 0) + own;
    for (const child of childrenOf(next)) pending.push(child);
  }
  return bytes;
}

function residentBytes(pid: number): number | null {
  const [, resident] = readProcText(`/proc/${pid}/statm`).split(' ');
  return resident === undefined ? null : Number(resident) * pageBytes();
}
