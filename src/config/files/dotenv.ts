// dotenv syntax -> variables with their places. Strict: a line that is neither blank, comment nor NAME=value is an error.
// Values are taken as they are: nothing is expanded, a `$` in a password stays one. Follows the npm package dotenv:
// 'single' literal, "double" with \n \r \t \" \\, `backtick` literal, unquoted up to ` #`, quoted ones over several lines.
import type { Problem } from '../../core/load-result.ts';
import { problemAt, quote } from '../problem/problem.ts';
import type { SourceFile, Span } from '../problem/source-file.ts';
import { spanAt } from '../problem/source-file.ts';

/** Line ends of Windows may be part of either. */
const BLANK_OR_COMMENT = /^\s*(#[^\n]*)?$/;

export type EnvEntry = { name: string; value: string; at: Span };

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
    if ('problem' in value) problems.push(value.problem);
    else
      entries.push({
        name: match[2]!,
        value: value.text,
        at: spanAt(source, at + match[1]!.length, at + match[1]!.length + match[2]!.length),
      });
    at = value.next;
  }
  return { entries, problems };
}

type DotenvValue = { text: string; next: number } | { problem: Problem; next: number };

function readDotenvValue(source: SourceFile, from: number): DotenvValue {
  const { text } = source;
  const end = lineEnd(text, from);
  const mark = text[from];
  if (mark !== '"' && mark !== "'" && mark !== '`') {
    const raw = text.slice(from, end);
    return withoutNul(source, from, raw.replace(/(^|\s)#[^\n]*$/, '').trim(), end + 1);
  }
  const close = closingQuote(text, from, mark);
  if (close === -1) {
    const message = `the value's opening ${mark} is never closed`;
    return {
      problem: problemAt(spanAt(source, from, from + 1), {
        code: 'bad-env-file',
        message,
        hint: `close it with ${mark}`,
      }),
      next: end + 1,
    };
  }
  const after = lineEnd(text, close);
  const rest = text.slice(close + 1, after);
  if (!BLANK_OR_COMMENT.test(rest)) {
    const message = `something stands after the closing ${mark}`;
    const hint = 'quote the whole value, or put a # before a comment';
    return {
      problem: problemAt(spanAt(source, close + 1, after), {
        code: 'bad-env-file',
        message,
        hint,
        hidesLine: close > end,
      }),
      next: after + 1,
    };
  }
  const inner = text.slice(from + 1, close).replaceAll('\r\n', '\n');
  return withoutNul(source, from, mark === '"' ? unescapeQuoted(inner) : inner, after + 1);
}

function withoutNul(source: SourceFile, from: number, value: string, next: number): DotenvValue {
  if (!value.includes('\0')) return { text: value, next };
  const message = 'a value may not hold a NUL character';
  return { problem: problemAt(spanAt(source, from), { code: 'bad-env-file', message }), next };
}

function closingQuote(text: string, from: number, mark: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\' && mark === '"') at++;
    else if (text[at] === mark) return at;
  }
  return -1;
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };
const unescapeQuoted = (text: string): string =>
  text.replace(/\\([nrt"\\$])/g, (_, letter: string) => ESCAPES[letter]!);

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

/** What has no name may be a line of a secret, of a key in PEM above all: it is neither quoted nor shown. */
function badLineProblem(source: SourceFile, at: number, line: string): Problem {
  const start = at + (line.length - line.trimStart().length);
  const word = /^(?:export\s+)?([^\s=:]*)/.exec(line.trimStart())?.[1] ?? '';
  const span = spanAt(source, start, start + Math.max(1, word.length));
  if (/^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*:/.test(line)) {
    return problemAt(span, {
      code: 'bad-env-file',
      message: `expected NAME=value, found ${quote(`${word}:`)}`,
      hint: `write ${word}=…, this is no YAML file`,
    });
  }
  const hint = 'one NAME=value a line; comments begin with #';
  // A `=` at the end is how base64 ends.
  if (/^\s*(?:export\s+)?[\w.-]+\s*=(?!=?\s*$)/.test(line))
    return problemAt(span, { code: 'bad-env-file', message: `${quote(word)} is no name of a variable`, hint });
  const message = line.includes('=') ? 'what stands before the = is no name of a variable' : 'expected NAME=value';
  return problemAt(spanAt(source, start), { code: 'bad-env-file', message, hint, hidesLine: true });
}
