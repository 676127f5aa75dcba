// Runs a command of the configuration for its exit code: a probe, a drain, a stop. In a process group of its own, which is
// killed as a whole when the time is over; of its output only the end is kept, for the reason.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Exit, Outcome } from '../../core/model.ts';
import { errnoOf, platform } from '../host.ts';
import { posixSpawn } from '../spawn/posix-spawn.ts';
import { startDirectly } from '../spawn/spawn.ts';
import { explainSpawnFailure } from '../spawn/spawn-failure.ts';
import { maskSecrets } from './mask-secrets.ts';
import { PipeTail } from './pipe-tail.ts';
import { type Running, runCheck } from './running.ts';

export type ExecRequest = {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Values that the reason of a failure must not repeat. */
  secrets?: readonly string[];
};

type Settle = (outcome: Outcome) => void;

const KEPT_BYTES = 512;

/** Succeeds with exit code 0. */
export function runExec(request: ExecRequest): Running {
  return runCheck((settle) => {
    try {
      return runDirectly(request, settle) ?? watch(fork(request), request, settle);
    } catch (error) {
      settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) });
      return () => undefined;
    }
  });
}

/** A third of the cost of a fork. @returns what ends it; null: not here, or not this program. */
function runDirectly(request: ExecRequest, settle: Settle): (() => void) | null {
  const pipe = posixSpawn()?.openPipe();
  if (!pipe) return null;
  const tail = new PipeTail(pipe.read, KEPT_BYTES);
  let isOver = false;
  const ended = (_: number, exit: Exit): void => {
    isOver = true;
    settle('code' in exit && exit.code === 0 ? { ok: true } : failure(exit, tail.text(), request.secrets));
  };
  const pid = startDirectly({ ...request, stdin: 'ignore', stdout: pipe.write, stderr: pipe.write }, ended);
  closeSync(pipe.write);
  if (pid === null) {
    tail.close();
    return null;
  }
  return () => {
    tail.close();
    if (!isOver) killGroup(pid);
  };
}

function fork({ file, args, cwd, env }: ExecRequest): ChildProcess {
  return spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true, windowsHide: true });
}

function watch(child: ChildProcess, request: ExecRequest, settle: Settle): () => void {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('utf8', Math.max(0, chunk.length - KEPT_BYTES))).slice(-KEPT_BYTES);
    });
    stream?.on('error', () => undefined); // the process is gone, which its exit tells
  }
  child.on('error', (error) => settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) }));
  child.on('exit', (code, signal) => {
    const exit: Exit = signal === null ? { code: code ?? 0 } : { signal };
    // A turn later its last words have come; a grandchild that holds the pipes is not waited for.
    setImmediate(() => settle(code === 0 ? { ok: true } : failure(exit, tail, request.secrets)));
  });
  return () => {
    endChild(child);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
}

function failure(exit: Exit, tail: string, secrets: ExecRequest['secrets']): Outcome {
  const end = 'signal' in exit ? exit.signal : `exit code ${'code' in exit ? exit.code : 'unknown'}`;
  const said = maskSecrets(tail, secrets).trim().split('\n').at(-1)?.trim().slice(-200) ?? '';
  return { ok: false, because: said === '' ? end : `${end}: ${said}` };
}

/** Only while it is ours: once it has been reaped, its pid may be a stranger's. What it left behind is swept by its nonce. */
function endChild({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended meanwhile.
  }
}
