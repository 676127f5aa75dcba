// Runs git: for what it prints, and then it writes nothing and takes no index lock; or to change a clone. It never asks for a
// password in a terminal.
import { type ChildProcess, type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** `exitCode`: null where git did not start, `code` says why, or was killed. */
export type GitAnswer = { exitCode: number | null; stdout: Buffer; stderr: string; code?: string | undefined };

const MAX_OUTPUT_BYTES = 100_000_000;
/** A hook gets these for the repository that it runs in: orch reads the repository around the file. */
const CLEARED_GIT_VARIABLES = {
  GIT_DIR: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
};

/** @param timeoutMs 0: none. @param signal ends it as well. Never rejects. */
export function runGit(
  args: string[],
  cwd: string,
  timeoutMs = 0,
  signal: AbortSignal | null = null,
): Promise<GitAnswer> {
  const env = { ...process.env, ...CLEARED_GIT_VARIABLES, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
  return execute(args, { cwd, env, timeout: timeoutMs, ...(signal && { signal }) }, endWithProcess);
}

export type GitChange = { cwd: string; environment: Record<string, string | undefined>; timeoutMs: number };

/** It is not killed with this process: git would leave its locks behind. Never rejects. */
export function changeWithGit(args: string[], { cwd, environment, timeoutMs }: GitChange): Promise<GitAnswer> {
  const env = { ...environment, ...CLEARED_GIT_VARIABLES, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  return execute(args, { cwd, env, timeout: timeoutMs }, (_child, running) => running);
}

type Guard = <Result>(child: ChildProcess, running: Promise<Result>) => Promise<Result>;

async function execute(args: string[], options: ExecFileOptions, guard: Guard): Promise<GitAnswer> {
  try {
    const running = promisify(execFile)('git', args, { ...options, encoding: 'buffer', maxBuffer: MAX_OUTPUT_BYTES });
    const { stdout, stderr } = await guard(running.child, running);
    return { exitCode: 0, stdout, stderr: textOf(stderr) };
  } catch (error) {
    const { code, stdout = Buffer.alloc(0), stderr } = error as ExecError;
    const answer = { stdout, stderr: textOf(stderr) };
    if (typeof code === 'number') return { exitCode: code, ...answer };
    return { exitCode: null, ...answer, code: code ?? undefined };
  }
}

type ExecError = { code?: string | number | null; stdout?: Buffer; stderr?: Buffer };

const textOf = (bytes: Buffer | undefined): string => bytes?.toString('utf8').trim() ?? '';

/** A git that hangs (a disk that is gone) must not outlive the command or the supervisor that asked it. */
async function endWithProcess<Result>(child: ChildProcess, running: Promise<Result>): Promise<Result> {
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  try {
    return await running;
  } finally {
    process.off('exit', end);
  }
}
