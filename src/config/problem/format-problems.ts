// Problems -> text for people: where, what, the line with a caret, what to do.
import type { Problem } from '../../core/load-result.ts';
import { widthOf } from '../../terminal/width.ts';
import { oneLine } from './problem.ts';

export type ProblemFormat = { colour?: boolean };

/** One block for each problem with an empty line between; the empty text when there is none. Ends without a line break. */
export function formatProblems(problems: readonly Problem[], options: ProblemFormat = {}): string {
  return problems.map((problem) => formatProblem(problem, options)).join('\n\n');
}

export function formatProblem(problem: Problem, { colour = false }: ProblemFormat = {}): string {
  const paint = colour ? COLOURS : PLAIN;
  const severity = problem.severity === 'error' ? paint.red('error:') : paint.yellow('warning:');
  const lines = [`${severity} ${paint.bold(placeOf(problem))} ${problem.message}`];
  if (problem.excerpt && problem.line !== null) lines.push(...excerptLines(problem.excerpt, problem.line, paint));
  if (problem.hint !== null) lines.push(`  ${paint.cyan('hint:')} ${problem.hint}`);
  return lines.join('\n');
}

/** `procs.yaml:12:5:`, as editors and terminals make links of it. */
function placeOf({ file, line, column }: Problem): string {
  return `${[oneLine(file), line, column].filter((part) => part !== null).join(':')}:`;
}

function excerptLines(excerpt: NonNullable<Problem['excerpt']>, line: number, paint: ProblemColours): string[] {
  const { text, caretColumn, caretLength } = excerpt;
  const margin = String(line);
  const before = expandTabs(text.slice(0, caretColumn - 1));
  const marked = expandTabs(text.slice(caretColumn - 1, caretColumn - 1 + caretLength));
  const caret = '^'.repeat(Math.max(1, widthOf(marked)));
  return [
    `  ${paint.dim(`${margin} |`)} ${expandTabs(text)}`,
    `  ${paint.dim(`${' '.repeat(margin.length)} |`)} ${' '.repeat(widthOf(before))}${paint.red(caret)}`,
  ];
}

const expandTabs = (text: string): string => text.replaceAll('\t', '    ');

type ProblemColours = Record<'red' | 'yellow' | 'cyan' | 'bold' | 'dim', (text: string) => string>;
const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const same = (text: string): string => text;
const COLOURS: ProblemColours = { red: sgr(31), yellow: sgr(33), cyan: sgr(36), bold: sgr(1), dim: sgr(2) };
const PLAIN: ProblemColours = { red: same, yellow: same, cyan: same, bold: same, dim: same };
