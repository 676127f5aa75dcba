// What the log writer does when there is little to do: how late a line is, and what many idle producers cost.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOrch } from './paths.mjs';
import { cpuSeconds } from './run.mjs';

const LINES = 500;
const SETTLED_MS = 1000;
/** V8 collects garbage once, 8 s after the last work. */
const AT_REST_MS = 10_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** From a child's write to the stamped line in the file, read back as soon as the file grows. */
export async function measureLatency() {
  return withWriter(1, async ({ fifos, file }) => {
    const fd = openSync(fifos[0], constants.O_WRONLY);
    const samples = [];
    for (let number = 0; number < LINES; number += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2 + (number % 7)));
      const began = performance.now();
      writeSync(fd, `line ${number}\n`);
      const wanted = `line ${number}\n`;
      while (!endsWith(file, wanted)) await new Promise((resolve) => setImmediate(resolve));
      samples.push(performance.now() - began);
    }
    closeSync(fd);
    samples.sort((a, b) => a - b);
    const at = (share) => samples[Math.floor(samples.length * share)];
    return [
      { what: 'latency from write to file, p50', samples: [at(0.5)], unit: 'ms' },
      { what: 'latency from write to file, p99', samples: [at(0.99)], unit: 'ms', target: '≤ 20' },
    ];
  });
}

/** @param {number} count instances that write nothing */
export async function measureIdle(count, forMs) {
  const few = await withWriter(10, async ({ pid }) => {
    await sleep(SETTLED_MS);
    return rssMb(pid);
  });
  const flooded = await withWriter(10, async ({ pid, fifos }) => {
    await flood(fifos);
    await sleep(SETTLED_MS);
    return rssMb(pid);
  });
  return withWriter(count, async ({ pid }) => {
    await sleep(AT_REST_MS);
    const before = cpuSeconds(pid);
    await sleep(forMs);
    const percent = ((cpuSeconds(pid) - before) * 1000 * 100) / forMs;
    return [
      { what: `CPU of ${count} idle instances`, samples: [percent], unit: '%', target: '0.0' },
      { what: 'memory, 10 idle instances', samples: [few], unit: 'MB', target: '≤ 48' },
      { what: `memory, ${count} idle instances`, samples: [rssMb(pid)], unit: 'MB', target: '≤ 48' },
      { what: 'memory, 10 idle instances after a flood', samples: [flooded], unit: 'MB' },
    ];
  });
}

/** 32 MiB of each, of 100-byte lines. */
async function flood(fifos) {
  const lines = Buffer.from(`${'x'.repeat(99)}\n`.repeat(640));
  await Promise.all(
    fifos.map(async (fifo) => {
      const file = await open(fifo, 'w');
      for (let mib = 0; mib < 32; mib += 1 / 16) await file.write(lines);
      await file.close();
    }),
  );
}

async function withWriter(count, act) {
  const dir = mkdtempSync(join(tmpdir(), 'orch-bench-'));
  const fifos = Array.from({ length: count }, (_, index) => join(dir, `f${index + 1}`));
  execFileSync('mkfifo', fifos);
  const held = fifos.map((fifo) => openSync(fifo, constants.O_RDWR));
  try {
    const writer = await startOrch('text', {}, { fifos, dir });
    const result = await act({ fifos, file: writer.file, pid: writer.pids[0] });
    await writer.finish(() => undefined);
    await writer.stop();
    return result;
  } finally {
    for (const fd of held) closeSync(fd);
    rmSync(dir, { recursive: true, force: true });
  }
}

function endsWith(file, text) {
  try {
    return readFileSync(file, 'latin1').endsWith(text);
  } catch {
    return false; // not there yet
  }
}

function rssMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}
