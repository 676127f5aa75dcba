#!/usr/bin/env node
// argv → command → exit code. `ps` is read without commander and stays in this file's bundle: its start is hot.
import { psDefinition } from './cli/commands/ps.ts';
import { createContext, type HostProcess } from './cli/context/context.ts';
import { parseSimpleLine } from './cli/fast-path.ts';

const { stdout, stderr } = process;
// A reader that went away (`orch ps | head -1`) is no error; nobody is left to be told.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const around: HostProcess = { stdout, stderr, environment: process.env, cwd: process.cwd() };
const argv = process.argv.slice(2);

run().then(
  (code) => stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    stderr.write(`error: ${describeBug(error)}\n`);
    process.exit(1);
  },
);

async function run() {
  const plain = parseSimpleLine(argv, psDefinition);
  if (plain) return psDefinition.run(createContext(plain.options, around), plain.options as Record<string, never>, []);
  const { runProgram } = await import('./cli/program.ts');
  return runProgram(argv, around);
}

/** Nobody should ever see this; ORCH_DEBUG=1 shows where it comes from. */
function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return `internal: ${String(error)}`;
  return process.env.ORCH_DEBUG ? `internal: ${error.stack}` : `internal: ${error.message} (this is a bug in orch)`;
}
