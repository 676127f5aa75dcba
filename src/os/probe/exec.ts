// Runs a command of the configuration for its exit code: a probe, a drain, a stop. In a process group of its own, which is
// killed as a whole at the time limit. Keeps only the end of its output, for the reason of a failure.

import { closeSync, readSync } from 'node:fs';
import type { Exit } from '../../core/slot.ts';
import type { ProbeResult } from '../../core/spec.ts';
import { errnoOf } from '../errors.ts';
import { killChild, killGroup } from '../spawn/kill-group.ts';
import { posixSpawn } from '../spawn/posix-spawn.ts';
import { exitOfNode } from '../spawn/reaper.ts';
import { forkProcess, startDirectly } from '../spawn/spawn.ts';
import { explainSpawnFailure } from '../spawn/spawn-failure.ts';
import { maskSecrets } from './mask-secrets.ts';
import { type RunningCheck, runCheck, type Settle } from './running-check.ts';

export { maskSecrets } from './mask-secrets.ts';

export type ExecRequest = {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Values that the reason of a failure must not contain. */
  secrets?: readonly string[];
  /** Where its output goes; the reason of a failure then has none of it. Default: only its end is kept, for that reason. */
  output?: { out: number; err: number };
};

const TAIL_BYTES = 512;

/** Succeeds with exit code 0. */
export function runExec(request: ExecRequest): RunningCheck {
  return runCheck((settle) => {
    try {
      return runDirectly(request, settle) ?? runForked(request, settle);
    } catch (error) {
      settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) });
      return () => undefined;
    }
  });
}

/** By posix_spawn, at a third of the cost of a fork. @returns the function that ends it; null: impossible here, or failed. */
function runDirectly(request: ExecRequest, settle: Settle): (() => void) | null {
  if (request.output) return runIntoOutput(request, request.output, settle);
  const pipe = posixSpawn()?.openPipe();
  if (!pipe) return null;
  const tail = new PipeTail(pipe.read, TAIL_BYTES);
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

function runIntoOutput(request: ExecRequest, { out, err }: { out: number; err: number }, settle: Settle) {
  let isOver = false;
  const ended = (_: number, exit: Exit): void => {
    isOver = true;
    settle('code' in exit && exit.code === 0 ? { ok: true } : failure(exit, '', []));
  };
  const pid = startDirectly({ ...request, stdin: 'ignore', stdout: out, stderr: err }, ended);
  return pid === null
    ? null
    : () => {
        if (!isOver) killGroup(pid);
      };
}

function runForked(request: ExecRequest, settle: Settle): () => void {
  const { out = 'pipe', err = 'pipe' } = request.output ?? {};
  const child = forkProcess(request, ['ignore', out, err]);
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('utf8', Math.max(0, chunk.length - TAIL_BYTES))).slice(-TAIL_BYTES);
    });
    stream?.on('error', () => undefined); // the process is gone: its exit is reported below
  }
  child.on('error', (error) => settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) }));
  child.on('exit', (code, signal) => {
    // A tick later its last output has come. A grandchild may keep the pipes open, so their end is not awaited.
    setImmediate(() => settle(code === 0 ? { ok: true } : failure(exitOfNode(code, signal), tail, request.secrets)));
  });
  return () => {
    killChild(child);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
}

function failure(exit: Exit, tail: string, secrets: ExecRequest['secrets']): ProbeResult {
  const end = 'signal' in exit ? exit.signal : `exit code ${'code' in exit ? exit.code : 'unknown'}`;
  const said = maskSecrets(tail, secrets).trim().split('\n').at(-1)?.trim().slice(-200) ?? '';
  return { ok: false, because: said === '' ? end : `${end}: ${said}` };
}

/** A pipe holds 64 KiB. */
const READ_EVERY_MS = 20;
/** After a read that found the pipe full. */
const READ_AGAIN_MS = 2;
const CHUNK = Buffer.alloc(65_536);
/** In one read; a program that writes more has to wait. */
const MAX_CHUNKS = 4;

/**
 * The end of the output in a pipe. Reads it on demand, and now and then before, so that a program that writes much does not
 * block for long. Most commands print nothing, and cost one timer.
 */
class PipeTail {
  #fd: number;
  #keptBytes: number;
  #tail = Buffer.alloc(0);
  /** Null once the pipe is closed. */
  #timer: NodeJS.Timeout | null;

  /** @param fd our end, non-blocking; closed by `close` */
  constructor(fd: number, keptBytes: number) {
    this.#fd = fd;
    this.#keptBytes = keptBytes;
    this.#timer = setInterval(() => this.#readAvailable(), READ_EVERY_MS);
    this.#timer.unref();
  }

  text(): string {
    this.#readAvailable();
    return this.#tail.toString('utf8');
  }

  close(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    closeSync(this.#fd);
  }

  #readAvailable(): void {
    for (let chunks = 0; chunks < MAX_CHUNKS && this.#timer !== null; chunks++) {
      const bytes = this.#read();
      if (bytes === 0) return;
      this.#tail = Buffer.concat([this.#tail, CHUNK.subarray(0, bytes)]).subarray(-this.#keptBytes);
      if (bytes === CHUNK.length) setTimeout(() => this.#readAvailable(), READ_AGAIN_MS).unref();
    }
  }

  /** @returns 0 at the end, and while the pipe is empty */
  #read(): number {
    try {
      return readSync(this.#fd, CHUNK);
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return 0;
      throw error;
    }
  }
}
