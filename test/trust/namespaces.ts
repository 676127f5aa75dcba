// Programs of tests that run in namespaces of their own: a small disk, recycled pids. They print one JSON value.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../rig/orch.ts';

export const mayUnshare = spawnSync('unshare', ['-mpf', '--mount-proc', 'true']).status === 0;

/** A shell comes first: process 1 has to reap what is orphaned, which Node does not. */
const REAPING = ['sh', '-c', '"$@" & wait $!', 'init'];

/**
 * @param name of a file in `inside/`.
 * @param init what is process 1, as a command before another; empty: the program itself
 * @returns what it printed. Whatever it leaves behind ends with its namespace.
 */
export function runInside(name: string, parameters: object, timeoutMs: number, init = REAPING): unknown {
  const program = fileURLToPath(new URL(`./inside/${name}.mjs`, import.meta.url));
  const run = [process.execPath, program, JSON.stringify({ main: MAIN, ...parameters })];
  const args = ['-mpf', '--kill-child', '--mount-proc', ...init, ...run];
  const { stdout, stderr, status, signal } = spawnSync('unshare', args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  if (status !== 0) throw new Error(`${name} ended with ${signal ?? status}\n${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}
