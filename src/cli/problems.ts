// Problems of a configuration as people read them: position, message, the line with a caret, a hint.
import type { Problem } from '../core/model.ts';
import type { CliContext } from './command.ts';
import { printable } from './format/colour.ts';

/**
 * stderr: `error: file:line:column: message`, the offending line with a caret, the hint; one block for each problem.
 * With --json on stdout: `{"error": {code, message, file?, line?, column?, hint?}, "problems": [...]}`, `error` being the
 * first of them.
 */
export function printProblems(context: CliContext, problems: Problem[]): void {
  context.stderr.write(`${problems.map(formatProblem).join('\n\n')}\n`);
  const first = problems.find(({ severity }) => severity === 'error');
  if (context.json && first) context.stdout.write(`${JSON.stringify({ error: wireOf(first), problems })}\n`);
}

export function formatProblem({ severity, file, line, column, message, hint, excerpt }: Problem): string {
  const position = [file, line, column].filter((part) => part !== null).join(':');
  const lines = [`${severity}: ${position}: ${printable(message)}`];
  if (excerpt) {
    const gutter = `${line ?? ''}`;
    const caret = `${' '.repeat(Math.max(0, excerpt.caretColumn - 1))}${'^'.repeat(Math.max(1, excerpt.caretLength))}`;
    lines.push(`  ${gutter} | ${printable(excerpt.text)}`, `  ${' '.repeat(gutter.length)} | ${caret}`);
  }
  if (hint !== null) lines.push(`  hint: ${printable(hint)}`);
  return lines.join('\n');
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
