// Plain pid files as other programs write them: reads the pid, decides whether to trust it, writes our own. A pid file
// proves nothing by itself: it outlives its process, and another process may then get the pid.

import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Incarnation } from '../../core/slot.ts';
import { isResourceShortage } from '../descriptor-reserve.ts';
import { errnoOf } from '../errors.ts';
import { hasProc } from '../platform.ts';
import { bootId, currentTicks, liveStat } from '../process/identity.ts';
import { TICKS_PER_SECOND } from '../process/proc-stat.ts';

export type PidFileReading =
  | { kind: 'holder'; process: Incarnation; command: string }
  /** No file, no process with the pid, or one that cannot have written it: `why` is a sentence. No process may be ended. */
  | { kind: 'none'; why: string };

const MAX_PID_FILE_BYTES = 64;
/** The file's time and the process's are read from different clocks; a program needs longer than this to write it. */
const CLOCK_SLACK_MS = 50;
/** Words that run other programs: the program is the word after them and their options. */
const INTERPRETERS =
  /^(env|exec|nohup|nice|ionice|setsid|stdbuf|time|sudo|sh|bash|dash|zsh|ksh|node|nodejs|bun|deno|tsx|npx|python[\d.]*|pypy[\d.]*|uv|poetry|pipenv|ruby|bundle|perl|php[\d.]*|java|run|-m|-jar)$/;

/**
 * Trusts the file only if the process was started before the file was written, and runs the same program as `command`
 * (the words of the service's command, or its shell line as one word). Linux only: elsewhere it never names a process.
 */
export function readPidFile(path: string, command: readonly string[]): PidFileReading {
  const file = readPidAndAge(path);
  if ('why' in file) return { kind: 'none', why: file.why };
  const { pid, ageMs } = file;
  const stat = hasProc && pid > 1 && pid !== process.pid ? liveStat(pid) : null;
  if (stat === null) return { kind: 'none', why: `${path} names pid ${pid}, which is not running` };
  const livedMs = ((currentTicks() - Number(stat.startTime)) * 1000) / TICKS_PER_SECOND;
  if (livedMs + CLOCK_SLACK_MS < ageMs) {
    return { kind: 'none', why: `${path} is older than the process ${pid}: its writer is gone and the pid was reused` };
  }
  const running = commandLineOf(pid);
  const program = programOf(command);
  if (program === null || !running.some((word) => basename(word) === program)) {
    const found = running.join(' ').slice(0, 80);
    return { kind: 'none', why: `${path} names pid ${pid}, which runs ${found}, not ${program}` };
  }
  const named = { pid, startTime: stat.startTime, bootId: bootId(), nonce: '' };
  return { kind: 'holder', process: named, command: running.join(' ') };
}

/** The name by which a command is recognised: its script where it has one, else the program. Null: it has neither. */
export function programOf(command: readonly string[]): string | null {
  const words = command.length === 1 ? (command[0] as string).split(/[\s;&|]+/) : command;
  const candidates = words.filter((word) => word !== '' && !/^[A-Za-z_]\w*=/.test(word));
  const program = candidates.find((word) => !INTERPRETERS.test(basename(word)) && !word.startsWith('-'));
  return program === undefined ? null : basename(unquote(program));
}

/** Atomically, so that a reader never sees half a number. */
export async function writePidFile(path: string, pid: number): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644);
  try {
    await file.writeFile(`${pid}\n`);
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined); // ENOENT: it was not created
    throw error;
  }
}

/** Removes the file if it still names this pid. */
export function removePidFile(path: string, pid: number): void {
  const file = readPidAndAge(path);
  if ('why' in file || file.pid !== pid) return;
  try {
    unlinkSync(path);
  } catch {
    // removed meanwhile, or the directory is no longer writable: the file names a dead process, which is harmless
  }
}

function readPidAndAge(path: string): { pid: number; ageMs: number } | { why: string } {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isResourceShortage(error)) throw error; // the file may name a live process
    const errno = errnoOf(error);
    return { why: errno === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read (${errno})` };
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { why: `${path} is not a regular file` };
    const buffer = Buffer.alloc(MAX_PID_FILE_BYTES);
    const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
    // Some programs add lines of their own after the pid.
    const pid = /^\s*([1-9]\d{0,9})\s*(\n|$)/.exec(text)?.[1];
    return pid === undefined ? { why: `${path} holds no pid` } : { pid: Number(pid), ageMs: Date.now() - stat.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return []; // the process is gone: an empty command line matches nothing
  }
}

const unquote = (word: string): string => word.replace(/^(['"])(.*)\1$/, '$2');
