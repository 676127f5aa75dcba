// Problems of a configuration on stderr, for people, and with --json as an object on stdout.
import { formatProblems } from '../config/format-problems.ts';
import type { Problem } from '../core/model.ts';
import type { CliContext } from './command.ts';

/**
 * stderr: `error: …` with how many there are, then every one with its position, the offending line with a caret, a hint.
 * With --json on stdout: `{"error": {code, message, file?, line?, column?, hint?}, "problems": [...]}`, `error` being the
 * first of them.
 */
export function printProblems(context: CliContext, problems: Problem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const colour = context.colour && context.stderr.isTTY === true;
  const count = errors.length === 1 ? '1 problem' : `${errors.length} problems`;
  context.stderr.write(`error: the configuration has ${count}\n\n${formatProblems(problems, { colour })}\n`);
  if (context.json && errors[0]) {
    context.stdout.write(`${JSON.stringify({ error: wireOf(errors[0]), problems })}\n`);
  }
}

export function printWarnings(context: CliContext, warnings: Problem[]): void {
  const colour = context.colour && context.stderr.isTTY === true;
  if (warnings.length > 0) context.stderr.write(`${formatProblems(warnings, { colour })}\n`);
}

function wireOf({ code, message, file, line, column, hint }: Problem) {
  return {
    code,
    message,
    file,
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { column }),
    ...(hint === null ? {} : { hint }),
  };
}
