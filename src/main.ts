#!/usr/bin/env node
// argv → command → exit code. `ps` is read without commander and stays in this file's bundle: its start is hot.
import { createContext, type Surroundings } from './cli/context.ts';
import { parsePlainly } from './cli/fast-path.ts';
import { psDefinition } from './cli/ps-definition.ts';

const { stdout, stderr } = process;
// A reader that went away (`orch ps | head -1`) is no error; nobody is left to be told.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

const around: Surroundings = { stdout, stderr, environment: process.env, cwd: process.cwd() };
const argv = process.argv.slice(2);

run().then(
  (code) => stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    stderr.write(`error: ${sayBug(error)}\n`);
    process.exit(1);
  },
);

async function run() {
  const plain = parsePlainly(argv, psDefinition);
  if (plain) return psDefinition.run(createContext(plain.options, around), plain.options as Record<string, never>, []);
  const { runProgram } = await import('./cli/program.ts');
  return runProgram(argv, around);
}

/** Nobody should ever see this; ORCH_DEBUG=1 shows where it comes from. */
function sayBug(error: unknown): string {
  if (!(error instanceof Error)) return `internal: ${String(error)}`;
  return process.env.ORCH_DEBUG ? `internal: ${error.stack}` : `internal: ${error.message} (this is a bug in orch)`;
}
