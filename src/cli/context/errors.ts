// How an error reaches the user: one `error:` line on stderr, with --json an object on stdout as well, and an exit code.
import type { WireError } from '../../api/protocol.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from './context.ts';

export type ErrorOutput = Pick<CliContext, 'json' | 'stdout' | 'stderr'>;

/**
 * stderr: `error: file:line:column: message`, then `hint: …`. A message of several lines keeps its first one on the
 * `error:` line. With --json also `{"error": {code, message, file?, line?, column?, hint?}}` on stdout.
 */
export function printError(output: ErrorOutput, error: WireError): void {
  output.stderr.write(`error: ${printableLines(formatPosition(error) + error.message)}\n`);
  if (error.hint) output.stderr.write(`hint: ${printableLines(error.hint)}\n`);
  if (output.json) output.stdout.write(`${JSON.stringify({ error })}\n`);
}

/** Messages contain paths and arguments, which may hold any character. */
const printableLines = (text: string): string => text.split('\n').map(escapeControls).join('\n');

/** Prints the error and returns the exit code for its code. */
export function fail(output: ErrorOutput, error: WireError): ExitCode {
  printError(output, error);
  return exitCodeOf(error);
}

export function exitCodeOf(error: WireError): ExitCode {
  if (error.exitCode) return error.exitCode;
  switch (error.code) {
    case 'usage':
    case 'not-found':
    case 'config':
      return 2;
    case 'no-supervisor':
      return 3;
    case 'conflict':
    case 'held':
    case 'paused':
    case 'other-project':
      return 4;
    default:
      return 1;
  }
}

type Position = { file?: string | undefined; line?: number | null | undefined; column?: number | null | undefined };

/** `procs.yaml:3:7: `, as far as the position is known; '' without a file. */
export function formatPosition({ file, line, column }: Position): string {
  if (file === undefined) return '';
  return `${[file, line, column].filter((part) => part !== undefined && part !== null).join(':')}: `;
}
