// Programs that say by themselves when they run (c/mark.c): no look at /proc, which would cost what is measured.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('c/mark.c', import.meta.url));
const binary = fileURLToPath(new URL('.build/mark', import.meta.url));
const PATIENCE_MS = 60_000;
const POLL_MS = 1;

export const NO_COMPILER = 'no C compiler';

/** @returns {boolean} false: there is no C compiler, and nothing of this can be measured */
export function prepareMarks() {
  try {
    mkdirSync(new URL('.build/', import.meta.url), { recursive: true });
    execFileSync('cc', ['-O2', '-o', binary, source], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** On the clock of the programs: CLOCK_MONOTONIC, ms. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** @param directory where its two FIFOs go */
export function openMarks(directory) {
  const [starts, alive] = ['starts', 'alive'].map((name) => join(directory, name));
  execFileSync('mkfifo', [starts, alive]);
  const startsFd = openSync(starts, constants.O_RDWR | constants.O_NONBLOCK);
  const aliveFd = openSync(alive, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(64 * 1024);
  const seen = [];
  let rest = '';

  function readStarts() {
    for (let text = readNow(startsFd, buffer); text; text = readNow(startsFd, buffer)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const [name, pid, ns] = line.split(' ');
        seen.push({ name, pid: Number(pid), atMs: Number(ns) / 1e6 });
      }
    }
    return seen;
  }

  async function until(what, holds) {
    const deadlineMs = nowMs() + PATIENCE_MS;
    while (!holds()) {
      if (nowMs() > deadlineMs)
        throw new Error(`after ${PATIENCE_MS} ms still not: ${what}; ${seen.length} were started`);
      await pause(POLL_MS);
    }
  }

  return {
    /** What has started, oldest first: { name, pid, atMs }. */
    started: readStarts,
    argv: (name, ...mode) => [binary, name, starts, alive, ...mode],
    /** @returns when the last of them was started */
    async untilStarted(count) {
      await until(`${count} were started`, () => readStarts().length >= count);
      return seen[count - 1].atMs;
    },
    /** @returns when the last one was gone */
    async untilGone() {
      await until('all are gone', () => readNow(aliveFd, buffer) === '');
      return nowMs();
    },
    close: () => [startsFd, aliveFd].forEach(closeSync),
  };
}

/** @returns null: nothing is there now; empty: no process has it open for writing */
function readNow(fd, buffer) {
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch (error) {
    if (error.code === 'EAGAIN') return null;
    throw error;
  }
}
