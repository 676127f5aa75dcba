// Reads /proc/PID/stat: the cheapest truth about a process (about 15 µs, synchronous). Linux only.
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
  /** Null: kernel threads, processes that we may not look into, and for an instant everybody who calls execve. */
  environBytes: number | null;
};

// proc(5), counted from the field after `comm`, which may itself hold spaces and parentheses.
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

/** Null where there is no such process. A zombie still has one: see `isDeadState`. */
export function readStat(pid: number): ProcStat | null {
  const text = readSmallFile(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

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
  };
}

/** Zombie or dead: it has ended, although `kill(pid, 0)` still succeeds. */
export function isDeadState(state: string): boolean {
  return state === 'Z' || state === 'X' || state === 'x';
}

/** Every pid that /proc shows, zombies included. */
export function listPids(): number[] {
  return listDirectory('/proc').map(Number).filter(Number.isInteger);
}

/** First 4 KiB as latin1, or null when it cannot be read. */
function readSmallFile(path: string): string | null {
  return withFile(path, (fd) => buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0)));
}

// How large a page of memory is: /proc counts in pages.

let cachedPageBytes: number | null = null;
/** 4, 16 or 64 KiB, by kernel: what Node counts in bytes of ourselves, /proc counts in pages. */
export function pageBytes(): number {
  if (cachedPageBytes !== null) return cachedPageBytes;
  try {
    const pages = hasProc ? (readStat(process.pid)?.rssPages ?? 0) : 0;
    const ratio = pages === 0 ? 4096 : process.memoryUsage.rss() / pages;
    cachedPageBytes = 2 ** Math.round(Math.log2(ratio));
    return cachedPageBytes;
  } catch {
    return 4096; // no descriptor left: the next sample tries again
  }
}

// The children of a process as the kernel lists them: with the thread that forked each. Linux only.

const smallFileBuffer = Buffer.allocUnsafe(4096);

/** Of all its threads: runtimes with thread pools fork from any of them. Empty where the process is gone; about 10 µs a thread. */
export function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) => numbersIn(readProcText(`/proc/${pid}/task/${thread}/children`)));
}

/** As latin1; empty where it cannot be read. Half of what `readFileSync` costs for the few bytes of such files. */
export function readProcText(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const length = readSync(fd, smallFileBuffer, 0, smallFileBuffer.length, 0);
      return length < smallFileBuffer.length
        ? smallFileBuffer.toString('latin1', 0, length)
        : readFileSync(path, 'latin1');
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
