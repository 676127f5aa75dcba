// Runs git for what it prints: it writes nothing and takes no index lock.
import { type ChildProcess, execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** `exitCode`: null where git did not start, `code` says why, or was killed. */
export type GitAnswer = { exitCode: number | null; stdout: Buffer; code?: string | undefined };

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
export async function runGit(
  args: string[],
  cwd: string,
  timeoutMs = 0,
  signal: AbortSignal | null = null,
): Promise<GitAnswer> {
  const env = { ...process.env, ...CLEARED_GIT_VARIABLES, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
  try {
    const limits = { maxBuffer: MAX_OUTPUT_BYTES, timeout: timeoutMs, ...(signal && { signal }) };
    const options = { cwd, env, encoding: 'buffer', ...limits } as const;
    const running = promisify(execFile)('git', args, options);
    const { stdout } = await endWithProcess(running.child, running);
    return { exitCode: 0, stdout };
  } catch (error) {
    const { code, stdout = Buffer.alloc(0) } = error as { code?: string | number | null; stdout?: Buffer };
    if (typeof code === 'number') return { exitCode: code, stdout };
    return { exitCode: null, stdout, code: code ?? undefined };
  }
}

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
