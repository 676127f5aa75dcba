// Starts the process of an instance: own session, inherits only the descriptors that the request names. The hot path of
// `up`: posix_spawn where the C library has it, else raw child_process; explains nothing unless the start fails.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Exit } from '../../core/slot.ts';
import { moveIntoCgroup, prepareCgroup, releaseCgroup } from '../cgroup/cgroup.ts';
import { errnoOf } from '../errors.ts';
import { findProgram, platform } from '../platform.ts';
import { recordSeenAlive } from '../process/identity.ts';
import { type PosixSpawnRequest, posixSpawn } from './posix-spawn.ts';
import { exitOfNode, reapOnExit } from './reaper.ts';
import { explainSpawnFailure } from './spawn-failure.ts';

export type SpawnRequest = {
  file: string;
  args: string[];
  cwd: string;
  /** The whole environment of the child. */
  env: Record<string, string>;
  /** A descriptor, or `ignore` for the null device. */
  stdin: 'ignore' | number;
  stdout: number;
  stderr: number;
  /** Further descriptors, which the child gets from 3 on. */
  extraFds?: readonly number[];
  /** Put it into a cgroup of its own where that is possible, by its ORCH_NONCE. Costs 0.2 ms (see cgroup.ts). */
  inOwnCgroup?: boolean;
};

export type SpawnResult = { ok: true; pid: number } | SpawnFailure;
/** `detail`: a sentence for people. `transient`: the machine lacks something, the service is not at fault; try again. */
export type SpawnFailure = { ok: false; errno: string; detail: string; transient: boolean };

/** Of a machine under pressure (fork(2), execve(2)), whatever the command is. */
const TRANSIENT = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);
export const isTransient = (errno: string): boolean => TRANSIENT.has(errno);

/**
 * Both ways wait for the exec of the program, so a pid means that it runs.
 * @param onExit called once, when the process has been reaped; never before the promise is settled, never when the
 * start failed. From then on another process may get its pid.
 */
export async function spawnInstance(request: SpawnRequest, onExit: (exit: Exit) => void): Promise<SpawnResult> {
  try {
    const nonce = request.inOwnCgroup ? (request.env.ORCH_NONCE ?? '') : '';
    const contained = nonce !== '' && prepareCgroup(nonce);
    const ended = (pid: number, exit: Exit): void => {
      recordSeenAlive(pid);
      onExit(exit);
    };
    const { stdin, stdout, stderr, extraFds = [] } = request;
    let pid = startDirectly(request, ended);
    if (pid === null) {
      const child = forkProcess(request, [stdin, stdout, stderr, ...extraFds]);
      if (child.pid === undefined) {
        if (contained) releaseCgroup(nonce);
        return failed(request, errnoOf(await nextError(child)));
      }
      pid = child.pid;
      followNodeChild(child, pid, ended);
    }
    if (contained) moveIntoCgroup(pid, nonce);
    return { ok: true, pid };
  } catch (error) {
    return failed(request, errnoOf(error));
  }
}

/** @returns the command by which the system's shell runs a line */
export function shellCommand(line: string, system: string = platform): { file: string; args: string[] } {
  if (system === 'win32') return { file: process.env.ComSpec ?? 'cmd.exe', args: ['/d', '/s', '/c', line] };
  return { file: '/bin/sh', args: ['-c', line] };
}

type OnProcessExit = (pid: number, exit: Exit) => void;

/** Without fork(2). @returns the pid; null where that is impossible or failed: fork(2) then finds the reason. */
export function startDirectly(request: SpawnRequest, ended: OnProcessExit): number | null {
  const plain = plainStart(request);
  const library = plain && posixSpawn();
  const pid = library ? library.start(plain) : null;
  if (pid !== null) reapOnExit(pid, library!, (exit) => ended(pid, exit));
  return pid;
}

/** @returns null for a request that posix_spawn cannot carry out, or that is not valid */
function plainStart({
  file,
  args,
  cwd,
  env,
  stdin,
  stdout,
  stderr,
  extraFds = [],
}: SpawnRequest): PosixSpawnRequest | null {
  // Duplicated one after the other, one could replace another.
  if (extraFds.some((fd) => fd < 3 + extraFds.length)) return null;
  const path = file.includes('/') ? file : findProgramCached(file, env.PATH ?? '');
  if (!path?.includes('/')) return null;
  const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const argv = [file, ...args];
  if (hasNul(file) || hasNul(cwd) || argv.some(hasNul) || pairs.some(hasNul)) return null;
  const stdio = { stdin: stdin === 'ignore' ? null : stdin, stdout, stderr, more: extraFds };
  return { file: path, argv, cwd, env: pairs, ...stdio };
}

/** A pool starts the same program many times in a row; where it has vanished meanwhile, fork(2) searches again. */
const PROGRAM_CACHE_MS = 250;
const programCache = { path: '', untilMs: 0, programs: new Map<string, string | null>() };

function findProgramCached(name: string, path: string): string | null {
  if (programCache.path !== path || performance.now() > programCache.untilMs) {
    programCache.programs.clear();
    programCache.path = path;
    programCache.untilMs = performance.now() + PROGRAM_CACHE_MS;
  }
  const known = programCache.programs.get(name);
  if (known !== undefined) return known;
  const program = findProgram(name, path);
  programCache.programs.set(name, program);
  return program;
}

/** A C string would end there. */
function hasNul(text: string): boolean {
  return text.includes('\0');
}

function followNodeChild(child: ChildProcess, pid: number, ended: OnProcessExit): void {
  // Errors after a successful start concern signals, which orch does not send through this object.
  child.on('error', () => undefined);
  child.once('exit', (code, signal) => ended(pid, exitOfNode(code, signal)));
  child.unref();
}

/** By fork(2), as the leader of a session and process group of its own. */
export function forkProcess(
  { file, args, cwd, env }: Pick<SpawnRequest, 'file' | 'args' | 'cwd' | 'env'>,
  stdio: StdioOptions,
): ChildProcess {
  return spawn(file, args, { cwd, env, stdio, detached: true, windowsHide: true });
}

function nextError(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('error', resolve));
}

function failed(request: SpawnRequest, errno: string): SpawnResult {
  return { ok: false, errno, detail: explainSpawnFailure(request, errno), transient: isTransient(errno) };
}
