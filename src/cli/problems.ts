// Problems of a configuration on stderr, for people, and with --json as an object on stdout.
import type { WireError } from '../api/protocol.ts';
import { formatProblems } from '../config/format-problems.ts';
import type { Problem } from '../core/model.ts';
import type { CliContext } from './command.ts';

/**
 * stderr: every problem as `error: file:line:column: message`, the offending line with a caret, a hint.
 * With --json on stdout: `{"error": {code, message, file?, line?, column?, hint?}, "problems": [...]}`, `error` being the
 * first of them.
 */
export function printProblems(context: CliContext, problems: Problem[]): void {
  const colour = context.colour && context.stderr.isTTY === true;
  context.stderr.write(`${formatProblems(problems, { colour })}\n`);
  const first = problems.find(({ severity }) => severity === 'error');
  if (context.json && first) context.stdout.write(`${JSON.stringify({ error: wireOf(first), problems })}\n`);
}

export function printWarnings(context: CliContext, warnings: Problem[]): void {
  const colour = context.colour && context.stderr.isTTY === true;
  if (warnings.length > 0) context.stderr.write(`${formatProblems(warnings, { colour })}\n`);
}

/** For where one error has to stand for all. */
export function wireOf({ code, message, file, line, column, hint }: Problem): WireError {
  return {
    code,
    message,
    file,
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { column }),
    ...(hint === null ? {} : { hint }),
  };
}
