// dotenv syntax -> variables with their places. Strict: a line that is neither blank, comment nor NAME=value is an error.
// Follows the npm package dotenv: 'single' literal, "double" with \n \r \t \" \\, `backtick` literal, unquoted up to ` #`,
// quoted ones over several lines. Variables are only found here; env-files.ts fills them in.
import type { Problem } from '../../core/load-result.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { type SourceFile, type Span, spanAt } from '../problem/source-file.ts';
import { type DotenvText, readDotenvText } from './dotenv-value.ts';

/** `\r` before the line end may belong to either. */
const BLANK_OR_COMMENT = /^\s*(#[^\n]*)?$/;

/** `value`: with variables as they are written. */
export type EnvEntry = { name: string; value: string; at: Span } & Pick<DotenvText, 'template' | 'bareNames'>;

/** Later lines win. @returns every entry in order, and every problem. */
export function parseDotenv(source: SourceFile): { entries: EnvEntry[]; problems: Problem[] } {
  const entries: EnvEntry[] = [];
  const problems: Problem[] = [];
  const { text } = source;
  let at = 0;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const line = text.slice(at, end);
    if (BLANK_OR_COMMENT.test(line)) {
      at = end + 1;
      continue;
    }
    const match = /^(\s*(?:export\s+)?)([^\s=:#'"]+)\s*=[ \t]*/.exec(line);
    if (!match || !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(match[2]!)) {
      problems.push(badLineProblem(source, at, line));
      at = end + 1;
      continue;
    }
    const value = readDotenvValue(source, at + match[0].length);
    const [, before, name] = match as unknown as [string, string, string];
    const start = at + before.length;
    if ('problem' in value) problems.push(value.problem);
    else {
      const { text: written, template, bareNames } = value.read;
      entries.push({ name, value: written, template, bareNames, at: spanAt(source, start, start + name.length) });
    }
    at = value.next;
  }
  return { entries, problems };
}

type DotenvValue = { read: DotenvText; next: number } | { problem: Problem; next: number };

function readDotenvValue(source: SourceFile, from: number): DotenvValue {
  const { text } = source;
  const end = lineEnd(text, from);
  const mark = text[from];
  if (mark !== '"' && mark !== "'" && mark !== '`') {
    const raw = text.slice(from, end);
    return withoutNul(source, from, readDotenvText(raw.replace(/(^|\s)#[^\n]*$/, '').trim(), false), end + 1);
  }
  const close = closingQuote(text, from, mark);
  if (close === -1) {
    const message = `the value's opening ${mark} is never closed`;
    return { problem: badLine(spanAt(source, from, from + 1), message, `close it with ${mark}`), next: end + 1 };
  }
  const after = lineEnd(text, close);
  if (!BLANK_OR_COMMENT.test(text.slice(close + 1, after))) {
    const message = `found text after the closing ${mark}`;
    const hint = 'quote the whole value, or put a # before a comment';
    return { problem: badLine(spanAt(source, close + 1, after), message, hint, close > end), next: after + 1 };
  }
  const inner = text.slice(from + 1, close).replaceAll('\r\n', '\n');
  const read = mark === '"' ? readDotenvText(inner, true) : { text: inner, template: null, bareNames: [] };
  return withoutNul(source, from, read, after + 1);
}

function withoutNul(source: SourceFile, from: number, read: DotenvText, next: number): DotenvValue {
  if (!read.text.includes('\0')) return { read, next };
  return { problem: badLine(spanAt(source, from), 'a value cannot contain a NUL character', null), next };
}

function closingQuote(text: string, from: number, mark: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\' && mark === '"') at++;
    else if (text[at] === mark) return at;
  }
  return -1;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

/** A line without a name may be part of a secret, such as a key in PEM: it is neither quoted nor shown. */
function badLineProblem(source: SourceFile, at: number, line: string): Problem {
  const start = at + (line.length - line.trimStart().length);
  const word = /^(?:export\s+)?([^\s=:]*)/.exec(line.trimStart())?.[1] ?? '';
  const span = spanAt(source, start, start + Math.max(1, word.length));
  if (/^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*:/.test(line))
    return badLine(span, `expected NAME=value, found ${quote(`${word}:`)}`, `write ${word}=…, this is not a YAML file`);
  const hint = 'write one NAME=value per line; comments begin with #';
  // Base64 ends with a `=`.
  if (/^\s*(?:export\s+)?[\w.-]+\s*=(?!=?\s*$)/.test(line))
    return badLine(span, `${quote(word)} is not a valid variable name`, hint);
  const message = line.includes('=') ? 'the text before the = is not a valid variable name' : 'expected NAME=value';
  return badLine(spanAt(source, start), message, hint, true);
}

const badLine = (span: Span, message: string, hint: string | null, hidesLine = false): Problem =>
  problemAt(span, { code: 'bad-env-file', message, hint, hidesLine });
