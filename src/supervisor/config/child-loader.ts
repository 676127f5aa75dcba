// Loads the configuration in a process of its own, which protects the supervisor from hostile files. Starts it at the first
// sign of an edit and ends it when idle. A loader that hangs or dies yields a problem, never a missing configuration.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AcceptedConfig, LoadResult, Problem } from '../../core/load-result.ts';
import { LineSplitter } from '../../rpc/line-splitter.ts';

export type ConfigLoader = {
  /** Before the first edit: the configuration in force. */
  begin?(accepted: AcceptedConfig): Promise<void>;
  /** An edit has begun: starts the process, so that it is ready when the file has settled. */
  warmUp(): void;
  /** @param commit from which the files are read instead of the disk, a full hash */
  load(commit?: string): Promise<LoadResult>;
  /** Resolves when its process has ended. */
  close(): Promise<void>;
};

/** Codes of problems: the reading process did not start, died, or hung. The content of the file is not known. */
export type LoaderFault = 'load-failed' | 'load-timeout';

export type ConfigLoaderOptions = {
  file: string;
  stateDir: string | null;
  env: string | null;
  environment: Record<string, string | undefined>;
};

const LOAD_DEADLINE_MS = 10_000;
const IDLE_MS = 15_000;
const CLOSE_TIMEOUT_MS = 500;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export class ChildLoader implements ConfigLoader {
  #optionsNow: () => ConfigLoaderOptions;
  #child: ChildProcess | null = null;
  #answer: ((result: LoadResult) => void) | null = null;
  #idleTimer: NodeJS.Timeout | null = null;

  /** @param optionsNow called at each load: the environment may have changed */
  constructor(optionsNow: () => ConfigLoaderOptions) {
    this.#optionsNow = optionsNow;
  }

  warmUp(): void {
    try {
      this.#child ??= this.#start();
    } catch {
      // ENOMEM: `load` says so
    }
    this.#armIdleTimer();
  }

  async load(commit?: string): Promise<LoadResult> {
    this.warmUp();
    const child = this.#child;
    const { file, stateDir, env, environment } = this.#optionsNow();
    if (!child)
      return loadFailure(file, 'load-failed', 'the process that reads the configuration could not be started');
    let deadline: NodeJS.Timeout | undefined;
    const result = await new Promise<LoadResult>((resolve) => {
      this.#answer = resolve;
      deadline = setTimeout(() => {
        resolve(
          loadFailure(file, 'load-timeout', `reading the configuration took longer than ${LOAD_DEADLINE_MS / 1000} s`),
        );
        child.kill('SIGKILL');
      }, LOAD_DEADLINE_MS);
      child.stdin?.write(`${JSON.stringify({ file, stateDir, env, environment, ...(commit && { commit }) })}\n`);
    });
    clearTimeout(deadline);
    this.#answer = null;
    this.#armIdleTimer();
    return result;
  }

  async close(): Promise<void> {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    const kill = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await ended;
    clearTimeout(kill);
  }

  #start(): ChildProcess {
    const entry = fileURLToPath(new URL('./config-child.cjs', import.meta.url));
    const child = spawn(process.execPath, ['--max-old-space-size=512', entry], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = new LineSplitter(MAX_ANSWER_BYTES);
    child.stdout?.on('data', (chunk: Buffer) => {
      lines.push(chunk, (line) => this.#receive(line));
    });
    // A failed write is followed by the exit, which reports it.
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => this.#lost(child, error.message));
    child.once('exit', (code, signal) => this.#lost(child, `ended with ${signal ?? `code ${code}`}`));
    child.unref();
    return child;
  }

  #receive(line: string): void {
    const message = JSON.parse(line) as LoadResult | { started: true };
    if ('ok' in message) this.#answer?.(message);
  }

  #lost(child: ChildProcess, how: string): void {
    if (this.#child === child) this.#child = null;
    this.#answer?.(
      loadFailure(this.#optionsNow().file, 'load-failed', `the configuration could not be read: its reader ${how}`),
    );
  }

  #armIdleTimer(): void {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS);
    this.#idleTimer.unref();
  }
}

function loadFailure(file: string, code: LoaderFault, message: string): LoadResult {
  const hint = 'the file may nest or repeat too much; the last good configuration stays active';
  const problem: Problem = { severity: 'error', file, line: null, column: null, code, message, hint, excerpt: null };
  return { ok: false, problems: [problem], watched: [] };
}
