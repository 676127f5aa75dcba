// Runs the built command as a user would: another process, a clean environment, no terminal.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const packageFile = new URL('../../package.json', import.meta.url);
const { bin } = JSON.parse(readFileSync(packageFile, 'utf8')) as { bin: { orch: string } };

/** What `npx orch` runs. `ORCH_RIG_MAIN` names another build to test, such as an installed one. */
export const MAIN = process.env.ORCH_RIG_MAIN ?? fileURLToPath(new URL(bin.orch, packageFile));
const STACK_LINE = /^\s+at .+(:\d+:\d+\)?|\(native\)|<anonymous>\)?)$/m;

export type Outcome = {
  /** What was typed, for messages. */
  command: string;
  /** Null when a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
  durationMs: number;
};

export type OrchOptions = {
  cwd: string;
  env?: Record<string, string>;
  input?: string;
  timeoutMs?: number;
};

/**
 * Never throws for an exit code; throws when a stack trace reached the user or the command did not end in time.
 */
export async function orch(args: string[], options: OrchOptions): Promise<Outcome> {
  const command = `orch ${args.join(' ')}`;
  const { timeoutMs = 60_000 } = options;
  const result = await execa(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 2_000,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  if (result.timedOut) {
    throw new Error(
      `${command} did not end within ${timeoutMs} ms\nstdout: ${result.stdout}\nstderr: ${result.stderr}`,
    );
  }
  if (STACK_LINE.test(result.stderr) || STACK_LINE.test(result.stdout)) {
    throw new Error(`${command} showed a stack trace:\n${result.stderr}${result.stdout}`);
  }
  return {
    command,
    exitCode: result.exitCode ?? null,
    stdout: result.stdout,
    stderr: result.stderr,
    durationMs: result.durationMs,
  };
}

/** Only what a program needs, so that no variable of the test runner changes what orch does. */
export function cleanEnvironment(): Record<string, string> {
  // A supervisor that a test kills stays away, unless the test is about its return.
  const kept: Record<string, string> = { ORCH_RESPAWN: '0' };
  for (const name of ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'XDG_RUNTIME_DIR']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
