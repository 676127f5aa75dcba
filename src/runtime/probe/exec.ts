// Runs a command of the configuration for its exit code: a probe, a drain, a stop. In its own process group, which is
// killed as a whole when the time is over; of its output only the end is kept, for the reason.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Outcome } from '../../core/model.ts';
import { errnoOf, platform } from '../host.ts';
import { explainSpawnFailure } from '../spawn-failure.ts';
import { type Running, runCheck } from './running.ts';

export type ExecRequest = { file: string; args: string[]; cwd: string; env: Record<string, string> };

const KEPT_BYTES = 512;

/** Succeeds with exit code 0. */
export function runExec(request: ExecRequest): Running {
  return runCheck((settle) => {
    try {
      return watch(start(request), request, settle);
    } catch (error) {
      settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) });
      return () => undefined;
    }
  });
}

function start({ file, args, cwd, env }: ExecRequest): ChildProcess {
  return spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true, windowsHide: true });
}

function watch(child: ChildProcess, request: ExecRequest, settle: (outcome: Outcome) => void): () => void {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('utf8', Math.max(0, chunk.length - KEPT_BYTES))).slice(-KEPT_BYTES);
    });
    stream?.on('error', () => undefined); // the process is gone, which its exit tells
  }
  child.on('error', (error) => settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) }));
  // A turn later its last words have come; a grandchild that holds the pipes is not waited for.
  child.on('exit', (code, signal) => setImmediate(() => settle(outcomeOf(code, signal, tail))));
  return () => {
    endGroup(child);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
}

function outcomeOf(code: number | null, signal: string | null, tail: string): Outcome {
  if (code === 0) return { ok: true };
  const end = signal === null ? `exit code ${code}` : signal;
  const said = tail.trim().split('\n').at(-1)?.trim().slice(-200) ?? '';
  return { ok: false, because: said === '' ? end : `${end}: ${said}` };
}

/** Only while it is ours: once it has been reaped, its pid may be a stranger's. What it left behind is swept by its nonce. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended meanwhile.
  }
}
