#!/usr/bin/env node
// argv → command → exit code. `ps` is read without commander and is part of this bundle: it must start fast.
import { psCommand } from './cli/commands/ps.ts';
import { createContext, type HostProcess } from './cli/context/context.ts';
import { parseSimpleLine } from './cli/fast-path.ts';

const { stdout, stderr } = process;
// A reader that closed the pipe (`orch ps | head -1`) is not an error.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const host: HostProcess = { stdout, stderr, environment: process.env, cwd: process.cwd() };
const argv = process.argv.slice(2);

run().then(
  (code) => stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    stderr.write(`error: ${describeBug(error)}\n`);
    process.exit(1);
  },
);

async function run() {
  const simple = parseSimpleLine(argv, psCommand);
  if (simple) return psCommand.run(createContext(simple.options, host), simple.options, []);
  const { runProgram } = await import('./cli/program.ts');
  return runProgram(argv, host);
}

/** Every expected error is reported by its command. ORCH_DEBUG=1 adds the stack. */
function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return `internal: ${String(error)}`;
  return process.env.ORCH_DEBUG ? `internal: ${error.stack}` : `internal: ${error.message} (this is a bug in orch)`;
}
