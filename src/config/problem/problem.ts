// Builds Problems with their position and the offending line. An excerpt shows no secrets, no control characters and no line
// of unlimited length.
import type { Problem } from '../../core/load-result.ts';
import { MAX_MASKED_CHARACTERS, maskLine, secretKeyAbove } from './masking.ts';
import type { Span } from './source-file.ts';

const MAX_EXCERPT_COLUMNS = 160;

/** `hidesLine`: show only the indentation and the length of the line. */
export type ProblemText = { code: string; message: string; hint?: string | null; hidesLine?: boolean };

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

/** A problem without a place in a text: a file that cannot be read. */
export function fileProblem(file: string, wording: ProblemText): Problem {
  const { code, message, hint } = wording;
  const text = { message: oneLine(message), hint: hint ? oneLine(hint) : null };
  return { severity: 'error', file, line: null, column: null, code, ...text, excerpt: null };
}

/** Errors before warnings, files in the order they were read, positions in order; duplicates dropped. */
export function sortProblems(problems: Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const rank = ({ severity, file, line, column }: Problem): number[] => [
    severity === 'error' ? 0 : 1,
    files.indexOf(file),
    line ?? 0,
    column ?? 0,
  ];
  const sorted = problems
    .map((problem) => ({ problem, rank: rank(problem) }))
    .sort((a, b) => a.rank.reduce((order, part, at) => order || part - b.rank[at]!, 0))
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

/** The first piece of a line that is cut before masking may be the end of a secret. */
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

/** For messages of orch, which may quote text of the file. */
export const oneLine = (text: string): string => visible(text).replace(/[\t\n]/g, ' ');

/** Quotes text of the user within a message: one line, no secrets, no control characters, at most 60 characters. */
export function quote(text: string): string {
  const flat = visible(maskLine(text.slice(0, MAX_MASKED_CHARACTERS)).replace(/\r?\n/g, '⏎').replace(/\t/g, '⇥'));
  return `"${flat.length > 60 ? `${flat.slice(0, 57)}…` : flat}"`;
}

/** A value, or the problems that prevent it. */
export type ConfigResult<T> = ({ ok: true } & T) | { ok: false; problems: Problem[] };

export const failed = (...problems: Problem[]): { ok: false; problems: Problem[] } => ({ ok: false, problems });
