// Reads what /proc tells about one process: its stat line (about 15 µs, synchronous), its children. Linux only.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { listDirectory, withFile } from '../descriptor-reserve.ts';
import { hasProc } from '../platform.ts';

export type ProcStat = {
  pid: number;
  /** Name of the program, at most 15 bytes. */
  comm: string;
  /** R S D T t Z X I … (proc(5)). */
  state: string;
  ppid: number;
  /** Process group. */
  pgid: number;
  session: number;
  /** User and system time of the whole process, in clock ticks. */
  cpuTicks: number;
  /** Since boot, in clock ticks. A string: it is only ever compared. */
  startTime: string;
  rssPages: number;
  /**
   * Null: a kernel thread, a process that we may not inspect, and for an instant every process that calls execve. That one
   * also shows 0 for an instant, as does a process without any variable.
   */
  environBytes: number | null;
  /** Address of its environment: another one after each execve. */
  environAt: string;
};

/** USER_HZ: fixed at 100 for user space on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;

// proc(5), counted from the field after `comm`, which may itself contain spaces and parentheses.
const STATE = 0;
const PPID = 1;
const PGRP = 2;
const SESSION = 3;
const UTIME = 11;
const STIME = 12;
const STARTTIME = 19;
const RSS = 21;
const ENV_START = 47;
const ENV_END = 48;

const buffer = Buffer.allocUnsafe(4096);

/** Null where the process does not exist. A zombie still has a stat: see `isDeadState`. @throws as `withFile` */
export function readStat(pid: number): ProcStat | null {
  const text = withFile(`/proc/${pid}/stat`, readStart);
  return text === null ? null : parseStat(text);
}

const readStart = (fd: number): string => buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));

/** Null for text that is not a stat line. */
export function parseStat(text: string): ProcStat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < 0) return null;
  const fields = text.slice(close + 2).split(' ');
  const startTime = fields[STARTTIME];
  if (startTime === undefined) return null;
  return {
    pid: Number.parseInt(text, 10),
    comm: text.slice(open + 1, close),
    state: fields[STATE] as string,
    ppid: Number(fields[PPID]),
    pgid: Number(fields[PGRP]),
    session: Number(fields[SESSION]),
    cpuTicks: Number(fields[UTIME]) + Number(fields[STIME]),
    startTime,
    rssPages: Number(fields[RSS]),
    environBytes: Number(fields[ENV_END] ?? 0) === 0 ? null : Number(fields[ENV_END]) - Number(fields[ENV_START]),
    environAt: fields[ENV_START] ?? '0',
  };
}

/** Zombie or dead: it has ended, although `kill(pid, 0)` still succeeds. */
export function isDeadState(state: string): boolean {
  return state === 'Z' || state === 'X' || state === 'x';
}

/** Every pid that /proc shows, zombies included; ascending: libuv sorts names, so that 100 comes before 99. */
export function listPids(): number[] {
  return listDirectory('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
}

let cachedPageBytes: number | null = null;
/** 4, 16 or 64 KiB, by kernel: the same memory of ourselves, which Node counts in bytes and /proc in pages. */
export function pageBytes(): number {
  if (cachedPageBytes !== null) return cachedPageBytes;
  try {
    const pages = hasProc ? (readStat(process.pid)?.rssPages ?? 0) : 0;
    const ratio = pages === 0 ? 4096 : process.memoryUsage.rss() / pages;
    cachedPageBytes = 2 ** Math.round(Math.log2(ratio));
    return cachedPageBytes;
  } catch {
    return 4096; // no descriptor is left: the next call tries again
  }
}

/** Of all its threads, as runtimes with thread pools fork from any of them; empty where it is gone. About 10 µs a thread. */
export function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) => numbersIn(readProcText(`/proc/${pid}/task/${thread}/children`)));
}

/** As latin1; empty on any error, also without a descriptor. Half the cost of `readFileSync` for such short files. */
export function readProcText(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const text = readStart(fd);
      return text.length < buffer.length ? text : readFileSync(path, 'latin1');
    } finally {
      closeSync(fd);
    }
  } catch {
    return ''; // the process is gone
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // the process is gone
  }
}

function numbersIn(text: string): number[] {
  return text === '' ? [] : text.split(' ').filter(Boolean).map(Number);
}
