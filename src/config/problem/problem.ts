// Builds Problems with their position and the offending line. What a line may show is decided here: no secrets, no
// control characters, no endless lines.
import type { Problem } from '../../core/load-result.ts';
import { MAX_MASKED_CHARACTERS, maskLine, secretKeyAbove } from './masking.ts';
import type { Span } from './source-file.ts';

const MAX_EXCERPT_COLUMNS = 160;

/** `hidesLine`: of the line only its indentation and length may be shown. */
type ProblemText = { code: string; message: string; hint?: string | null; hidesLine?: boolean };

export function problemAt(span: Span, wording: ProblemText, severity: Problem['severity'] = 'error'): Problem {
  const { line, column } = span.source.locate(span.start);
  const text = span.source.line(line);
  const isHidden = wording.hidesLine || secretKeyAbove(span.source, line) !== null;
  return {
    severity,
    file: span.source.display,
    line,
    column,
    code: wording.code,
    message: oneLine(wording.message),
    hint: wording.hint ? oneLine(wording.hint) : null,
    excerpt: excerptOf(isHidden ? text.replace(/\S/g, '*') : text, column, span.end - span.start),
  };
}

export const warningAt = (span: Span, wording: ProblemText): Problem => problemAt(span, wording, 'warning');

/** For what has no place in a text: a file that cannot be read. */
export function fileProblem(file: string, wording: ProblemText): Problem {
  const { code, message, hint } = wording;
  const said = { message: oneLine(message), hint: hint ? oneLine(hint) : null };
  return { severity: 'error', file, line: null, column: null, code, ...said, excerpt: null };
}

/** Errors before warnings, files in the order they were read, positions in order; doubles dropped. */
export function sortProblems(problems: Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const key = (problem: Problem) =>
    [
      problem.severity === 'error' ? 0 : 1,
      files.indexOf(problem.file),
      problem.line ?? 0,
      problem.column ?? 0,
    ] as const;
  const sorted = problems
    .map((problem) => ({ problem, at: key(problem) }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1] || a.at[2] - b.at[2] || a.at[3] - b.at[3])
    .map(({ problem }) => problem);
  const seen = new Set<string>();
  return sorted.filter((problem) => {
    const identity = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
    return seen.has(identity) ? false : seen.add(identity);
  });
}

function excerptOf(line: string, column: number, length: number): Problem['excerpt'] {
  const caretColumn = Math.min(column, line.length + 1);
  const rest = Math.max(1, line.length + 1 - caretColumn);
  const caretLength = Math.min(Math.max(1, length), rest);
  if (line.length <= MAX_MASKED_CHARACTERS) return cutLong(visible(maskLine(line)), caretColumn, caretLength);
  const from = Math.max(0, caretColumn - MAX_MASKED_CHARACTERS / 2);
  const part = maskCut(line.slice(from, from + MAX_MASKED_CHARACTERS), from > 0);
  return cutLong(visible(part), caretColumn - from, caretLength);
}

/** Of a line that is cut before its masking, the first piece may be the end of a secret. */
function maskCut(part: string, isCut: boolean): string {
  const masked = maskLine(part);
  if (!isCut) return masked;
  const end = masked.search(/[,{}[\]]/);
  return '*'.repeat(end === -1 ? masked.length : end) + masked.slice(end === -1 ? masked.length : end);
}

function cutLong(text: string, caretColumn: number, caretLength: number): NonNullable<Problem['excerpt']> {
  if (text.length <= MAX_EXCERPT_COLUMNS) return { text, caretColumn, caretLength };
  const from = Math.max(0, Math.min(caretColumn - 1 - MAX_EXCERPT_COLUMNS / 4, text.length - MAX_EXCERPT_COLUMNS));
  const start = Math.floor(from);
  const end = Math.min(text.length, start + MAX_EXCERPT_COLUMNS);
  const window = `${start > 0 ? '…' : ''}${text.slice(start + (start > 0 ? 1 : 0), end)}${end < text.length ? '…' : ''}`;
  const caret = caretColumn - start;
  return {
    text: window,
    caretColumn: caret,
    caretLength: Math.min(caretLength, Math.max(1, window.length + 1 - caret)),
  };
}

/** One character for each control character, so that columns stay and nothing reaches a terminal. */
function visible(line: string): string {
  return line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** Words of ours may hold words of the file. */
export const oneLine = (text: string): string => visible(text).replace(/[\t\n]/g, ' ');

/** Quotes text of the user within a message: one line, no secrets, no control characters, at most 60 characters. */
export function quote(text: string): string {
  const flat = visible(maskLine(text.slice(0, MAX_MASKED_CHARACTERS)).replace(/\r?\n/g, '⏎').replace(/\t/g, '⇥'));
  return `"${flat.length > 60 ? `${flat.slice(0, 57)}…` : flat}"`;
}

// A value, or the problems that stand against it.

export type ConfigResult<T> = ({ ok: true } & T) | { ok: false; problems: Problem[] };

export const failed = (...problems: Problem[]): { ok: false; problems: Problem[] } => ({ ok: false, problems });
