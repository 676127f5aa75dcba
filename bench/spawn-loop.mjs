// The reference of `start`: a bare C loop of posix_spawn where a compiler exists, else a loop of the shell.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProgram, statOf, untilTrue } from './orch.mjs';

const source = fileURLToPath(new URL('spawn-loop.c', import.meta.url));
const binary = fileURLToPath(new URL('.build/spawn-loop', import.meta.url));

/** @returns {{ name: string, start: (count: number, argv: string[]) => Promise<number> }} `start` gives milliseconds */
export function prepareSpawnLoop() {
  const compiled = compile();
  return {
    name: compiled ? 'C posix_spawn' : 'sh loop',
    start: async (count, argv) => {
      const { stdout, durationMs } = compiled
        ? await runProgram(binary, [String(count), ...argv], '/')
        : await runProgram('sh', ['-c', shellLoop(count, argv)], '/');
      await endAll(stdout.trim().split('\n').map(Number));
      return durationMs;
    },
  };
}

function compile() {
  try {
    mkdirSync(new URL('.build/', import.meta.url), { recursive: true });
    execFileSync('cc', ['-O2', '-o', binary, source], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // no compiler on this machine: the shell serves as the reference
  }
}

function shellLoop(count, argv) {
  return `n=0; while [ $n -lt ${count} ]; do setsid ${argv.join(' ')} </dev/null >/dev/null 2>&1 & echo $!; n=$((n+1)); done`;
}

async function endAll(pids) {
  const alive = pids.filter((pid) => statOf(pid) !== null);
  for (const pid of alive) process.kill(pid, 'SIGKILL');
  await untilTrue('the reference is gone', () => alive.every((pid) => statOf(pid) === null));
}
