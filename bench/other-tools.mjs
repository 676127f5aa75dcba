// What the measurements of other tools share: where a program is, and the processes that it has started.
import { execFileSync } from 'node:child_process';
import { processes } from './orch.mjs';

/** @returns null: it is not on the PATH */
export function whereIs(name) {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** @param mark `NAME=value` of a variable that all of them inherit */
export const processesWith = (mark) => [...processes()].filter(({ environment }) => environment.includes(`${mark}\0`));

export function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}
