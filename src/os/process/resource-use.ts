// CPU and memory of processes. Keeps /proc/PID/stat open and re-reads it: 7 µs a process, and such a descriptor answers
// ESRCH once its process is gone, even where another process has the pid.
import { closeSync, openSync, readSync } from 'node:fs';
import { hasProc, platform } from '../platform.ts';
import { agesNow } from './identity.ts';
import {
  childrenOf,
  isDeadState,
  type ProcStat,
  pageBytes,
  parseStat,
  readProcText,
  TICKS_PER_SECOND,
} from './proc-stat.ts';
import { statsByTool } from './system-tools.ts';

export type ResourceUse = {
  /** Of one core, since the previous sample; in the first sample: since the process started. */
  cpuPercent: number;
  rssBytes: number;
};
type SampledProcess = { fd: number | null; startTime: string; cpuTicks: number; atMs: number };

/** Beyond this many the file is reopened each time, so that descriptors remain for other uses. */
const MAX_OPEN_FILES = 1024;

const buffer = Buffer.allocUnsafe(1024);

/** CPU and memory of the instances' main processes, as `orch ps` shows them. */
export class ResourceSampler {
  readonly #watched = new Map<number, SampledProcess>();
  readonly #maxOpenFiles: number;
  #openFiles = 0;

  constructor(maxOpenFiles = MAX_OPEN_FILES) {
    this.#maxOpenFiles = maxOpenFiles;
  }

  /** @returns nothing for a process that has ended, or whose pid another process has by now */
  sample(processes: readonly { pid: number; startTime: string }[]): Map<number, ResourceUse> {
    const pids = new Set(processes.map(({ pid }) => pid));
    for (const pid of [...this.#watched.keys()]) if (!pids.has(pid)) this.#forget(pid);
    const stats = hasProc ? null : statsByTool([...pids], platform);
    const uses = new Map<number, ResourceUse>();
    const ages = agesNow();
    for (const { pid, startTime } of processes) {
      const entry = this.#watch(pid, startTime, ages);
      const stat = stats === null ? readOpenStat(pid, entry.fd) : (stats.get(pid) ?? null);
      if (stat === null || stat.startTime !== startTime || isDeadState(stat.state)) this.#forget(pid);
      else uses.set(pid, measure(entry, stat));
    }
    return uses;
  }

  get openFiles(): number {
    return this.#openFiles;
  }

  close(): void {
    for (const pid of [...this.#watched.keys()]) this.#forget(pid);
  }

  #watch(pid: number, startTime: string, ages: ReturnType<typeof agesNow>): SampledProcess {
    const known = this.#watched.get(pid);
    if (known?.startTime === startTime) return known;
    this.#forget(pid);
    const fd = hasProc && this.#openFiles < this.#maxOpenFiles ? openStat(pid) : null;
    if (fd !== null) this.#openFiles++;
    const entry = { fd, startTime, cpuTicks: 0, atMs: performance.now() - (ages(startTime) ?? 0) };
    this.#watched.set(pid, entry);
    return entry;
  }

  #forget(pid: number): void {
    const fd = this.#watched.get(pid)?.fd ?? null;
    if (fd !== null) {
      closeSync(fd);
      this.#openFiles--;
    }
    this.#watched.delete(pid);
  }
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

function openStat(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}/stat`, 'r');
  } catch {
    return null; // the process is gone, or no descriptor is left
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

/** The tree of an instance is smaller; the count stops here. */
const MAX_TREE_PROCESSES = 10_000;

/**
 * Resident memory of a process and its descendants: pages that several of them map count several times. Processes that
 * left the tree (their parent ended) are not counted.
 * @returns bytes; null if the process is gone, or without /proc
 */
export function treeMemoryBytes(pid: number): number | null {
  if (!hasProc) return null;
  const pending = [pid];
  let bytes: number | null = null;
  for (let seen = 0; pending.length > 0 && seen < MAX_TREE_PROCESSES; seen++) {
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
