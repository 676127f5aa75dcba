// Runs a command line within the test's process, with captured streams instead of the real ones.
import { Writable } from 'node:stream';
import type { ExitCode } from '../../src/cli/context/context.ts';
import { runProgram } from '../../src/cli/program.ts';

export type Run = { code: ExitCode; stdout: string; stderr: string };
export type RunOptions = {
  cwd?: string;
  environment?: Record<string, string>;
  /** Makes stdout a terminal of this width. */
  columns?: number;
};

export async function runCommand(argv: string[], options: RunOptions = {}): Promise<Run> {
  const stdout = capture(options.columns);
  const stderr = capture();
  const { cwd = '/', environment = {} } = options;
  const code = await runProgram(argv, { stdout, stderr, cwd, environment });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

export type Capture = Writable & { isTTY?: boolean; columns?: number; text(): string };

export function capture(columns?: number): Capture {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return Object.assign(stream, terminal, { text: () => Buffer.concat(chunks).toString('utf8') });
}
