// Runs a command of the configuration for its exit code: a probe, a drain, a stop. In a process group of its own, which is
// killed as a whole when the time is over; of its output only the end is kept, for the reason.

import type { ChildProcess } from 'node:child_process';
import { closeSync, readSync } from 'node:fs';
import type { Exit } from '../../core/slot.ts';
import type { ProbeResult } from '../../core/spec.ts';
import { errnoOf } from '../errors.ts';
import { platform } from '../platform.ts';
import { posixSpawn } from '../spawn/posix-spawn.ts';
import { exitOfNode } from '../spawn/reaper.ts';
import { forkProcess, startDirectly } from '../spawn/spawn.ts';
import { explainSpawnFailure } from '../spawn/spawn-failure.ts';
import { type RunningCheck, runCheck } from './running-check.ts';

export type ExecRequest = {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Values that the reason of a failure must not repeat. */
  secrets?: readonly string[];
};

type SettleExec = (outcome: ProbeResult) => void;

const TAIL_BYTES = 512;

/** Succeeds with exit code 0. */
export function runExec(request: ExecRequest): RunningCheck {
  return runCheck((settle) => {
    try {
      return (
        runDirectly(request, settle) ?? followChild(forkProcess(request, ['ignore', 'pipe', 'pipe']), request, settle)
      );
    } catch (error) {
      settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) });
      return () => undefined;
    }
  });
}

/** A third of the cost of a fork. @returns what ends it; null: not here, or not this program. */
function runDirectly(request: ExecRequest, settle: SettleExec): (() => void) | null {
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

function followChild(child: ChildProcess, request: ExecRequest, settle: SettleExec): () => void {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('utf8', Math.max(0, chunk.length - TAIL_BYTES))).slice(-TAIL_BYTES);
    });
    stream?.on('error', () => undefined); // the process is gone, which its exit tells
  }
  child.on('error', (error) => settle({ ok: false, because: explainSpawnFailure(request, errnoOf(error)) }));
  child.on('exit', (code, signal) => {
    // A turn later its last words have come; a grandchild that holds the pipes is not waited for.
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

/** Only while it is ours: once it has been reaped, its pid may be a stranger's. What it left behind is swept by its nonce. */
function killChild({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // ESRCH: it has ended meanwhile.
  }
}

// Takes secrets out of what a program printed. Pure.

const MASK = '***';
/** Shorter ones are words that stand in any text. */
const SHORTEST_SECRET = 4;

/**
 * @param text the end of an output: it may begin within a secret
 * @param secrets values; a longer one is masked line by line, as programs print it
 */
export function maskSecrets(text: string, secrets: readonly string[] = []): string {
  const words = secrets
    .flatMap((secret) => secret.split(/\r?\n/))
    .filter((word) => word.trim().length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
  return words.reduce((left, word) => maskCutSecret(word, left).replaceAll(word, MASK), text);
}

/** What was cut off in front may have been the begin of the secret. */
function maskCutSecret(word: string, text: string): string {
  for (let length = word.length - 1; length >= SHORTEST_SECRET; length--) {
    if (text.startsWith(word.slice(-length))) return MASK + text.slice(length);
  }
  return text;
}

// The end of what comes through a pipe that nobody listens to: looked at when it is asked for, and now and then before, so
// that whoever writes much is not held up for long. Most commands say nothing, and cost one timer.

/** A pipe holds 64 KiB. */
const READ_EVERY_MS = 20;
/** When it was full. */
const READ_AGAIN_MS = 2;
const CHUNK = Buffer.alloc(65_536);
/** In one look: who floods us is held up instead. */
const MAX_CHUNKS = 4;

class PipeTail {
  #fd: number;
  #keptBytes: number;
  #tail = Buffer.alloc(0);
  /** Null once it is closed. */
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

  /** @returns 0 at the end, and where there is nothing yet. */
  #read(): number {
    try {
      return readSync(this.#fd, CHUNK);
    } catch (error) {
      if (errnoOf(error) === 'EAGAIN') return 0;
      throw error;
    }
  }
}
