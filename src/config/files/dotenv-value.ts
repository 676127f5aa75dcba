// The value of a variable in an env file, without its quotes -> its text, and what to fill into it. Only `${NAME}` is a
// variable: a `$` in a password is a `$`.
import { escapeTemplate } from '../tree/template.ts';

export type DotenvText = {
  /** With escapes resolved and variables as they are written. */
  text: string;
  /** The same with variables to fill in (template.ts); null: it has none. */
  template: string | null;
  /** Names that follow a `$` without braces. */
  bareNames: string[];
};

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const MAX_NESTING = 8;

/** @param isQuoted in double quotes: more escapes than the `\${` that a value without quotes knows */
export function readDotenvText(written: string, isQuoted: boolean): DotenvText {
  if (!written.includes('$') && !(isQuoted && written.includes('\\')))
    return { text: written, template: null, bareNames: [] };
  const reading: Reading = { written, isQuoted, hasVariable: false, bareNames: [] };
  const { text, template } = readUntil(reading, 0, 0);
  return { text, template: reading.hasVariable ? template : null, bareNames: reading.bareNames };
}

type Reading = { written: string; isQuoted: boolean; hasVariable: boolean; bareNames: string[] };
type Piece = { text: string; template: string; next: number };

/** Up to the end, or at `depth` > 0 up to the closing brace. */
function readUntil(reading: Reading, from: number, depth: number): Piece {
  const piece: Piece = { text: '', template: '', next: from };
  const { written } = reading;
  while (piece.next < written.length && !(depth > 0 && written[piece.next] === '}')) {
    const found =
      readEscape(reading, piece.next) ?? readVariable(reading, piece.next, depth) ?? literal(reading, piece.next);
    piece.text += found.text;
    piece.template += found.template;
    piece.next = found.next;
  }
  return piece;
}

function readEscape({ written, isQuoted }: Reading, at: number): Piece | null {
  if (written[at] !== '\\') return null;
  if (written.startsWith('\\${', at)) return asText('${', at + 3);
  const escaped = isQuoted ? ESCAPES[written[at + 1] ?? ''] : undefined;
  return escaped === undefined ? null : asText(escaped, at + 2);
}

/** `${NAME}`, `${NAME:-default}` or `${NAME-default}`, as dotenv-expand has them; null for everything else. */
function readVariable(reading: Reading, at: number, depth: number): Piece | null {
  const { written } = reading;
  if (!written.startsWith('${', at)) return null;
  const name = matchAt(NAME, written, at + 2);
  if (name === undefined || depth >= MAX_NESTING) return null;
  const after = at + 2 + name.length;
  const operator = written.startsWith(':-', after) ? ':-' : written[after] === '-' ? '-' : '';
  const bareBefore = reading.bareNames.length;
  const inner = operator === '' ? null : readUntil(reading, after + operator.length, depth + 1);
  const end = inner?.next ?? after;
  if (written[end] !== '}') {
    reading.bareNames.length = bareBefore;
    return null;
  }
  reading.hasVariable = true;
  const template = inner ? `\${${name}:-${inner.template}}` : `\${${name}}`;
  return { text: `\${${name}${operator}${inner?.text ?? ''}}`, template, next: end + 1 };
}

function literal(reading: Reading, at: number): Piece {
  const char = reading.written[at]!;
  const name = char === '$' ? matchAt(NAME, reading.written, at + 1) : undefined;
  if (name !== undefined) reading.bareNames.push(name);
  return asText(char, at + 1);
}

const asText = (text: string, next: number): Piece => ({ text, template: escapeTemplate(text), next });

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
