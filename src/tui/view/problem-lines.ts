// A problem of the configuration as lines: position and message, the line with a caret, what to do.
import type { Problem } from '../../core/load-result.ts';
import { stripSequences } from '../../terminal/sanitize.ts';
import { widthOf } from '../../terminal/width.ts';
import { cell, EMPTY_LINE, type Line, line } from './line.ts';
import { wrapWords } from './wrap-words.ts';

const INDENT = '    ';
/** What is seen before the caret where the line is too long. */
const BEFORE_CARET = 12;

export function problemLines(problem: Problem, columns: number): Line[] {
  const { severity, file, line: number, column, message, hint } = problem;
  const style = severity === 'error' ? 'bad' : 'warn';
  const place = [file, number, column].filter((part) => part !== null).join(':');
  const wrapped = (text: string) => wrapWords(text, Math.max(8, columns - INDENT.length));
  return [
    line([cell(`  ${severity} `, style), cell(place, 'bold')], columns),
    ...wrapped(message).map((text) => line([cell(INDENT), cell(text, style)], columns)),
    ...excerptLines(problem, columns),
    ...(hint === null
      ? []
      : wrapped(`hint: ${hint}`).map((text) => line([cell(INDENT), cell(text, 'accent')], columns))),
    EMPTY_LINE,
  ];
}

/** A line that is too long is cut at the left, so that its caret is on the screen. */
function excerptLines({ excerpt, line: number }: Problem, columns: number): Line[] {
  if (excerpt === null) return [];
  const { caretColumn, caretLength } = excerpt;
  const plain = (text: string) => stripSequences(text.replaceAll('\t', '    '));
  const before = plain(excerpt.text.slice(0, caretColumn - 1));
  const marked = plain(excerpt.text.slice(caretColumn - 1, caretColumn - 1 + caretLength));
  const after = plain(excerpt.text.slice(caretColumn - 1 + caretLength));
  const margin = `${INDENT}${number ?? ''} | `;
  const isCut = margin.length + widthOf(before) + 1 > columns - BEFORE_CARET;
  const shown = isCut ? `…${before.slice(-BEFORE_CARET)}` : before;
  const blanks = ' '.repeat(margin.length - 2);
  return [
    line([cell(margin, 'dim'), cell(`${shown}${marked}${after}`)], columns),
    line(
      [
        cell(`${blanks}| `, 'dim'),
        cell(`${' '.repeat(widthOf(shown))}${'^'.repeat(Math.max(1, widthOf(marked)))}`, 'bad'),
      ],
      columns,
    ),
  ];
}
