// For programs in a namespace: runs the built command, and looks at /proc, which shows this namespace only.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export const parameters = JSON.parse(process.argv[2]);

export function orch(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [parameters.main, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

export function mustOrch(cwd, ...args) {
  const outcome = orch(cwd, ...args);
  if (outcome.status !== 0)
    throw new Error(`orch ${args.join(' ')}: ${outcome.status} ${outcome.stdout}${outcome.stderr}`);
  return outcome.stdout;
}

export const ps = (cwd) => JSON.parse(mustOrch(cwd, 'ps', '--json'));

/** pid -> instance, of all that carry a nonce and live. */
export function instances() {
  const found = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environ = read(`/proc/${name}/environ`);
    const id = /(?:^|\0)ORCH_INSTANCE_ID=([^\0]*)/.exec(environ)?.[1];
    if (id && stateOf(name) !== 'Z') found.set(Number(name), id);
  }
  return found;
}

export function stateOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? null : stat[stat.lastIndexOf(')') + 2];
}

export async function until(what, holds, deadlineMs = 15_000) {
  for (const endMs = performance.now() + deadlineMs; !(await holds()); await pause(20)) {
    if (performance.now() > endMs) throw new Error(`after ${deadlineMs} ms still not: ${what}`);
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone
  }
}
