// Runs a program that prints a secret: few at a time, without a terminal or input, with a time limit. What it printed is the
// secret; what it says on stderr is the reason of a failure. Keeps nothing.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../errors.ts';
import { maskSecrets } from '../probe/mask-secrets.ts';
import { killChild } from '../spawn/kill-group.ts';
import { forkProcess } from '../spawn/spawn.ts';
import { explainSpawnFailure } from '../spawn/spawn-failure.ts';
import { MAX_SECRET_BYTES, refused, type SecretFileResult, secretText } from './secret-file.ts';

export type SecretCommand = {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  timeoutMs: number;
  /** Of those with the same one, a few run at a time: most often the program. */
  group: string;
  /** Further values that the reason of a failure must not contain. */
  hidden: readonly string[];
  /** Ends the program: the secret is not wanted any more. */
  signal?: AbortSignal | undefined;
};

/** Of a group: password managers limit how often they are asked. Another one is not delayed by one that hangs. */
const MAX_RUNNING = 4;
const KEPT_ERROR_BYTES = 4096;
const SHOWN_ERROR_CHARS = 200;
/** A process that it left behind may hold its output open. */
const DRAIN_MS = 500;

type Group = { running: number; waiting: Set<() => void> };
const groups = new Map<string, Group>();

/** @returns the text without the newline at its end; of a failure, `because` is a clause whose subject is the program. Never rejects. */
export async function readSecretCommand(command: SecretCommand): Promise<SecretFileResult> {
  const { signal } = command;
  const group = groups.get(command.group) ?? { running: 0, waiting: new Set() };
  groups.set(command.group, group);
  while (group.running >= MAX_RUNNING && !signal?.aborted) await nextFree(group, signal);
  if (signal?.aborted) return NOT_WANTED;
  group.running++;
  try {
    return await run(command);
  } finally {
    group.running--;
    const [first] = group.waiting;
    if (first) first();
    else if (group.running === 0) groups.delete(command.group);
  }
}

const NOT_WANTED = refused('ECANCELED', 'is not wanted any more');

function nextFree({ waiting }: Group, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      waiting.delete(done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    waiting.add(done);
    signal?.addEventListener('abort', done);
  });
}

function run(command: SecretCommand): Promise<SecretFileResult> {
  const { timeoutMs, signal } = command;
  return new Promise((resolve) => {
    const child = startedOrError(command);
    if (child instanceof Error) return resolve(notStarted(command, child));
    const settle = (result: SecretFileResult): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(result);
    };
    const end = (result: SecretFileResult): void => {
      killChild(child);
      settle(result);
    };
    const abandon = (): void => end(NOT_WANTED);
    const output: Buffer[] = [];
    let length = 0;
    let errors = Buffer.alloc(0);
    const timer = setTimeout(
      () => end(refused('ETIMEDOUT', `has not ended within ${timeoutMs / 1_000} s${said(command, output, errors)}`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', abandon);
    child.stdout?.on('data', (chunk: Buffer) => {
      output.push(chunk);
      length += chunk.length;
      if (length > MAX_SECRET_BYTES + 1) end(refused('E2BIG', 'printed more than a variable can hold (128 KiB)'));
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = Buffer.concat([errors, chunk]).subarray(-KEPT_ERROR_BYTES);
    });
    child.on('error', (error) => settle(notStarted(command, error)));
    child.on('exit', (code, signalName) => {
      const closed = new Promise<void>((done) => child.once('close', () => done()));
      void Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })]).then(() => {
        if (code !== 0) {
          const how = code === null ? `was ended by ${signalName}` : `exited with code ${code}`;
          return settle(refused('EIO', how + said(command, output, errors)));
        }
        settle(printed(Buffer.concat(output), said(command, output, errors)));
      });
    });
  });
}

/** Node throws for what it does not even try, such as a NUL in an argument. */
function startedOrError(command: SecretCommand): ChildProcess | Error {
  try {
    return forkProcess(command, ['ignore', 'pipe', 'pipe']);
  } catch (error) {
    return error as Error;
  }
}

/** Nothing is most likely a wrong name, which some programs answer with exit code 0. */
function printed(bytes: Buffer, errors: string): SecretFileResult {
  if (bytes.toString('latin1').trim() === '') return refused('ENODATA', `printed nothing${errors}`);
  const result = secretText(bytes);
  return result.ok ? result : refused(result.errno, `printed what no variable can hold: its output ${result.because}`);
}

function notStarted(command: SecretCommand, error: unknown): SecretFileResult {
  const errno = errnoOf(error);
  return refused(errno, `cannot be started: ${explainSpawnFailure(command, errno)}`);
}

/** The last line of its stderr. Programs repeat what they print, or were given. */
function said({ hidden }: SecretCommand, output: Buffer[], errors: Buffer): string {
  const text = maskSecrets(errors.toString('utf8'), [Buffer.concat(output).toString('utf8').trim(), ...hidden]);
  const last = text.trim().split('\n').at(-1)?.trim().slice(-SHOWN_ERROR_CHARS) ?? '';
  return last === '' ? '' : `: ${last}`;
}
