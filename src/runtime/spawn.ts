// Starts the process of an instance: own session, nothing inherited but stdin, stdout and stderr. The hot path of
// `up`: raw child_process, no wrapper, nothing looked up unless the start fails. Keeps no record of its children.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Exit } from '../core/model.ts';
import { contain, prepareCgroup } from './cgroup.ts';
import { noteSeen } from './child-exits.ts';
import { errnoOf, platform } from './host.ts';
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
  more?: readonly number[];
  /** Put it into a cgroup of its own where that is possible, by its ORCH_NONCE. Costs 0.2 ms (see cgroup.ts). */
  contain?: boolean;
};

export type SpawnResult =
  | { ok: true; pid: number }
  /** `detail`: a sentence for people. `transient`: the machine's fault, not the service's; try again later. */
  | { ok: false; errno: string; detail: string; transient: boolean };

/** Pressure on the machine (fork(2), execve(2)): says nothing about the command. */
const TRANSIENT = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Forks before it returns; libuv waits for the exec, so a pid means that the program runs.
 * @param onExit called once, when the process has been reaped; never before the promise is settled, never when the
 * start failed. From then on its pid may belong to a stranger.
 */
export async function spawnInstance(request: SpawnRequest, onExit: (exit: Exit) => void): Promise<SpawnResult> {
  try {
    const nonce = request.contain ? (request.env.ORCH_NONCE ?? '') : '';
    const contained = nonce !== '' && prepareCgroup(nonce);
    const child = fork(request);
    if (child.pid === undefined) return failed(request, errnoOf(await nextError(child)));
    // An error after a good start is one of sending signals, which nobody does through this object.
    child.on('error', () => undefined);
    const { pid } = child;
    child.once('exit', (code, signal) => {
      noteSeen(pid);
      onExit(signal === null ? { code: code ?? 0 } : { signal });
    });
    child.unref();
    if (contained) contain(pid, nonce);
    return { ok: true, pid };
  } catch (error) {
    return failed(request, errnoOf(error));
  }
}

/** How a command line is run: by the user's system shell. */
export function shellCommand(line: string): { file: string; args: string[] } {
  return shellCommandOn(platform, line);
}

export function shellCommandOn(system: string, line: string): { file: string; args: string[] } {
  if (system === 'win32') return { file: process.env.ComSpec ?? 'cmd.exe', args: ['/d', '/s', '/c', line] };
  return { file: '/bin/sh', args: ['-c', line] };
}

function fork(request: SpawnRequest): ChildProcess {
  return spawn(request.file, request.args, {
    cwd: request.cwd,
    env: request.env,
    stdio: [request.stdin, request.stdout, request.stderr, ...(request.more ?? [])],
    detached: true,
    windowsHide: true,
  });
}

function nextError(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('error', resolve));
}

function failed(request: SpawnRequest, errno: string): SpawnResult {
  return { ok: false, errno, detail: explainSpawnFailure(request, errno), transient: TRANSIENT.has(errno) };
}
