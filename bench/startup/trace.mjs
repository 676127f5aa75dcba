// The stages of a start before the first program, as the kernel sees them: `strace` stops processes only at the few system calls
// that tell of a stage. It makes starts of programs slow: when they run is measured without it.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN, untilTrue } from '../orch.mjs';

/** In the order in which they are reached. */
export const STAGES = [
  { key: 'command', what: 'the command has its first statement' },
  { key: 'launched', what: 'the supervisor is launched' },
  { key: 'read', what: 'procs.yaml is read' },
  { key: 'supervisor', what: 'the supervisor has its first statement' },
  { key: 'locked', what: 'the project is locked' },
];

const CALLS = 'trace=execve,openat,open,flock';

/**
 * @param project that is not up yet. @param program what each of its `count` services runs
 * @returns {Promise<Record<string, number | null> | null>} ms since the command was started, null where a stage was not seen;
 *   null: there is no strace
 */
export async function traceStart(project, program, count) {
  const { root } = project;
  const path = join(root, 'trace');
  const args = [
    '-f',
    '--seccomp-bpf',
    '-ttt',
    '-s',
    '512',
    '-e',
    CALLS,
    '-o',
    path,
    process.execPath,
    MAIN,
    'up',
    '-d',
  ];
  const strace = spawn('strace', args, { cwd: root, env: { ...process.env, BENCH_ROOT: root }, stdio: 'ignore' });
  const ended = new Promise((resolve) => strace.once('exit', resolve).once('error', resolve));
  if (strace.pid === undefined) return null;
  let stages = null;
  try {
    await untilTrue('the start is traced', () => {
      stages = existsSync(path) ? stagesIn(readFileSync(path, 'utf8'), program) : null;
      return stages !== null && stages.starts === count;
    });
    return stages;
  } finally {
    // It ends with the last process that it traces; without it, their system calls would fail.
    await project.run(['down'], [0, 3]);
    await ended;
  }
}

/** @param text lines `PID SECONDS call(…) = result`. @returns null: nothing has begun */
export function stagesIn(text, program) {
  const calls = text.split('\n').flatMap((line) => {
    const [, pid, seconds, call] = /^(\d+) +([\d.]+) (.*)$/.exec(line) ?? [];
    return call === undefined ? [] : [{ pid, atMs: Number(seconds) * 1000, call }];
  });
  const from = calls.find(({ call }) => call.startsWith('execve('));
  if (from === undefined) return null;
  const at = (found) => (found === undefined ? null : found.atMs - from.atMs);
  const first = (pattern) => at(calls.find(({ call }) => pattern.test(call)));
  return {
    command: first(/^open(at)?\(.*\/orch\.cjs"/),
    launched: first(/^execve\(.*"[^"]*supervisor\.cjs"/),
    read: first(/^open(at)?\(.*procs\.yaml"/),
    supervisor: first(/^open(at)?\(.*supervisor\.cjs"/),
    locked: first(/^flock\(\d+, LOCK_EX/),
    starts: calls.filter(({ call }) => call.startsWith(`execve("${program}"`)).length,
  };
}
