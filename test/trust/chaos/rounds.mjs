// Runs one round of a seed in a process of its own: with its own pids and mounts where that is allowed, so that nothing can
// outlive it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const MAIN = process.env.ORCH_RIG_MAIN ?? fileURLToPath(new URL('../../../dist/orch.cjs', import.meta.url));
const ROUND = fileURLToPath(new URL('./round.mjs', import.meta.url));
const PATIENCE_MS = 180_000;

const WAYS = [['-mpf'], ['-rmpf']];
const way = WAYS.find((flags) => spawnSync('unshare', [...flags, '--mount-proc', 'true']).status === 0) ?? null;
export const isIsolated = way !== null;

/** @returns {Promise<{seed, faults, lines, worstMs, violations: string[], story: string[]}>} */
export async function playRound(seed, faults) {
  const directory = mkdtempSync(join(tmpdir(), 'chaos-'));
  const parameters = JSON.stringify({ seed, faults, main: MAIN, directory, isolated: isIsolated });
  const round = [process.execPath, ROUND, parameters];
  // A shell comes first: process 1 has to reap what is orphaned, which Node does not.
  const [file, ...args] = isIsolated
    ? ['unshare', ...way, '--kill-child', '--mount-proc', 'sh', '-c', '"$@" & wait $!', 'init', ...round]
    : round;
  try {
    const { output, complaint } = await run(file, args);
    const broken = { seed, faults, lines: 0, worstMs: 0, violations: [`rig: ${complaint.slice(-2000)}`], story: [] };
    return output.startsWith('{') ? JSON.parse(output) : broken;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(file, args) {
  const options = {
    stdin: 'ignore',
    reject: false,
    stripFinalNewline: false,
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  };
  const { stdout = '', stderr = '', timedOut, shortMessage } = await execa(file, args, options);
  const complaint = timedOut ? `${stderr}not over after ${PATIENCE_MS / 1000} s` : stderr || `${shortMessage}`;
  return { output: stdout, complaint };
}
