// argv → command → exit code. `ps` and `--version` are read without commander and are part of this bundle: they must start fast.
// `up`, `attach`, `down` and `validate`, which runs at each commit, are read without commander too, and have files of their own.
import { statSync } from 'node:fs';
import { psCommand } from './cli/commands/ps.ts';
import { createContext, type ExitCode, type HostProcess } from './cli/context/context.ts';
import type { CommandDefinition } from './cli/context/definition.ts';
import { parseSimpleLine } from './cli/fast-path.ts';
import { VERSION } from './version.ts';

const { stdout, stderr } = process;
// A reader that closed the pipe (`orch ps | head -1`) is not an error.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const host: HostProcess = { stdout, stderr, environment: process.env, cwd: workingDirectory() };
const argv = process.argv.slice(2);

run().then(
  (code) => stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    stderr.write(`error: ${describeBug(error)}\n`);
    process.exit(1);
  },
);

/** With its links, as `pwd -L`: the shell says how the directory was reached, if it is that one. */
function workingDirectory(): string {
  const { PWD } = process.env;
  const logical = PWD?.startsWith('/') && !/\/\.{1,2}(\/|$)/.test(PWD) ? PWD : null;
  try {
    const here = process.cwd();
    return logical !== null && isSameDirectory(logical, here) ? logical : here;
  } catch (error) {
    if (logical !== null) return logical; // it was removed under the shell
    throw error;
  }
}

function isSameDirectory(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

async function run() {
  if (argv.length === 1 && argv[0] === '--version') {
    stdout.write(`${VERSION}\n`);
    return 0;
  }
  const ended =
    runSimply(psCommand) ??
    (argv.includes('up') ? await runUp() : null) ??
    (argv.includes('attach') ? runSimply((await import('./cli/commands/attach.ts')).attachCommand) : null) ??
    (argv.includes('down') ? runSimply((await import('./cli/commands/down.ts')).downCommand) : null);
  if (ended !== null) return ended;
  const checked = parseSimpleLine(argv, { name: 'validate', options: [] });
  if (checked) {
    const { validateCommand } = await import('./cli/validate-alone.ts');
    return validateCommand.run(createContext(checked.options, host), {} as never, []);
  }
  const { runProgram } = await import('./cli/program.ts');
  return runProgram(argv, host);
}

/** @returns null: as `runSimply` */
async function runUp(): Promise<ExitCode | null> {
  const { launchEarly } = await import('./cli/up/early-launch.ts');
  const earlyLaunch = launchEarly(argv, createContext({}, host));
  try {
    const { upCommand } = await import('./cli/commands/up.ts');
    return await runSimply(upCommand, { earlyLaunch });
  } finally {
    await earlyLaunch?.abandon();
  }
}

/** @returns null: the line is another command, or commander has to read it. */
function runSimply<Options>(
  command: CommandDefinition<Options>,
  more: Partial<Options> = {},
): Promise<ExitCode> | null {
  const line = parseSimpleLine(argv, command);
  return line && command.run(createContext(line.options, host), { ...(line.options as Options), ...more }, []);
}

/** Every expected error is reported by its command. ORCH_DEBUG=1 adds the stack. */
function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return `internal: ${String(error)}`;
  return process.env.ORCH_DEBUG ? `internal: ${error.stack}` : `internal: ${error.message} (this is a bug in orch)`;
}
