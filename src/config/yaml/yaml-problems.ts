// Errors of the yaml library -> Problems in plain words, with the caret at the mistake rather than where the parser noticed it.

import { type Document, isCollection, isScalar, type Node, visit, type YAMLError } from 'yaml';
import type { Problem } from '../../core/load-result.ts';
import { maskLine, secretKeyAbove } from '../problem/masking.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { type SourceFile, type Span, spanAt } from '../problem/source-file.ts';

type YamlExplanation = { message: string; hint: string | null; at?: Span };

export function explainYamlError(error: YAMLError, document: Document.Parsed, source: SourceFile): Problem {
  const { message, hint, at } = explanationOf(error, document, source);
  const place = at ?? visibleSpan(source, error.pos[0], error.pos[1]);
  const secret = secretKeyAbove(source, source.locate(place.start).line);
  if (secret !== null) return belowSecret(place, secret);
  return problemAt(place, { code: yamlProblemCode(error), message, hint });
}

/** The line may be part of the secret: the message quotes none of it. */
function belowSecret(place: Span, key: string): Problem {
  const message = `this line is not valid YAML here, below ${quote(key)}`;
  const hint = 'indent every line of a text deeper than its key';
  return problemAt(place, { code: 'syntax', message, hint });
}

const yamlProblemCode = ({ code }: YAMLError): string => (code === 'MULTIPLE_DOCS' ? 'several-documents' : 'syntax');

function explanationOf(error: YAMLError, document: Document.Parsed, source: SourceFile): YamlExplanation {
  const [start, end] = error.pos;
  const text = source.text.slice(start, Math.min(end, start + 200));
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return tabs(source, start);
    case 'MULTIPLE_DOCS':
      return {
        message: 'a second document begins here: a file holds one configuration',
        hint: 'remove the line ---, or move the rest to a file of its own',
      };
    case 'MISSING_CHAR':
      return missingExplanation(error, document, source);
    case 'BAD_INDENT':
      return /flow/i.test(error.message)
        ? unclosed(document, source, start)
        : {
            message: 'this line is indented differently from the others of its map',
            hint: 'begin all keys of a map in the same column',
            at: firstWord(source, source.locate(start).line),
          };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return nestedExplanation(source, start, text);
    case 'MULTILINE_IMPLICIT_KEY':
      return multilineKey(text);
    case 'BAD_SCALAR_START':
      return { message: `a value cannot begin with ${text.slice(0, 1)}`, hint: 'put it in quotes' };
    case 'BAD_DQ_ESCAPE':
      return {
        message: `${quote(source.text.slice(start, start + 2))} is not a known escape within double quotes`,
        hint: 'write \\\\ for a backslash, or use single quotes',
        at: spanAt(source, start, start + 2),
      };
    case 'TAG_RESOLVE_FAILED':
      if (/^!(append|prepend)\b/.test(text))
        return { message: `\`${text.trim()}\` takes a list`, hint: `write ${text.trim()} [a, b]` };
      return {
        message: `the tag ${text.trim()} has no meaning here`,
        hint: text.startsWith('!reset') ? 'write null to remove a value' : 'remove it',
      };
    case 'BAD_DIRECTIVE':
      return { message: error.message, hint: 'remove the line that begins with %' };
    case 'UNEXPECTED_TOKEN':
      return unexpectedExplanation(error, source, start, text);
    case 'BAD_ALIAS':
      return { message: 'a name must follow *', hint: 'a string that begins with * needs quotes' };
    default:
      return { message: error.message, hint: null };
  }
}

function tabs(source: SourceFile, start: number): YamlExplanation {
  const lines = source.text.split('\n').filter((line) => /^ *\t+ *[^\s#]/.test(line)).length;
  const more = lines > 1 ? ` (and on ${lines - 1} more ${lines === 2 ? 'line' : 'lines'})` : '';
  const tab = source.text.indexOf('\t', start);
  const at = tab === -1 ? spanAt(source, start) : spanAt(source, tab, tab + 1);
  return { message: `a tab was found in the indentation${more}`, hint: 'use spaces: YAML allows no tabs there', at };
}

function missingExplanation(error: YAMLError, document: Document.Parsed, source: SourceFile): YamlExplanation {
  const [start, end] = error.pos;
  const mark = /closing (["'])/.exec(error.message)?.[1];
  if (mark) {
    const at = openingOf(document, source, start, (node) => isScalar(node) && source.text[node.range![0]] === mark);
    return {
      message: `this ${mark === '"' ? 'double' : 'single'} quote is never closed`,
      hint: `close it with ${mark}`,
      ...(at === null ? {} : { at: spanAt(source, at, at + 1) }),
    };
  }
  if (/flow|must end with/i.test(error.message)) return unclosed(document, source, start);
  const text = source.text
    .slice(start, Math.min(end, start + 60))
    .split(/\r?\n/)[0]!
    .trim();
  const pair = /^([\w-]+)\s+(.+)$/.exec(text);
  if (/map value|implicit/i.test(error.message))
    return {
      message: `\`:\` is missing after ${quote(text)}`,
      hint: pair ? `write ${maskLine(`${pair[1]}: ${pair[2]}`)}` : 'write `key: value`',
    };
  return { message: error.message, hint: /,/.test(error.message) ? 'put a comma between the entries' : null };
}

/** The last unclosed bracket before the place. */
function unclosed(document: Document.Parsed, source: SourceFile, noticed: number): YamlExplanation {
  const { text } = source;
  const isOpen = (node: Node): boolean => {
    const [from, to] = node.range!;
    return isCollection(node) && /[[{]/.test(text[from]!) && text[to - 1] !== (text[from] === '[' ? ']' : '}');
  };
  const at = openingOf(document, source, noticed, isOpen);
  if (at === null) return { message: 'a bracket is not closed', hint: 'close it with ] or }' };
  const close = text[at] === '[' ? ']' : '}';
  return {
    message: `this \`${text[at]}\` is never closed`,
    hint: `close it with ${close}`,
    at: spanAt(source, at, at + 1),
  };
}

function openingOf(
  document: Document.Parsed,
  source: SourceFile,
  before: number,
  isIt: (node: Node) => boolean,
): number | null {
  let found: number | null = null;
  visit(document, {
    Node: (_, node) => {
      if (!node.range || node.range[0] > before || node.range[0] >= source.text.length || !isIt(node as Node)) return;
      found = Math.max(found ?? 0, node.range[0]);
    },
  });
  return found;
}

/** `a: b: c`, a line that is indented below a finished value, or a block within `{ }`. */
function nestedExplanation(source: SourceFile, start: number, text: string): YamlExplanation {
  const { line } = source.locate(start);
  const here = source.line(line);
  if (/^\s*- /.test(here) || text.trimStart().startsWith('- ')) {
    return {
      message: 'a list item is among the keys of a map',
      hint: 'indent it below a key of its own, or remove the dash',
      at: firstWord(source, line),
    };
  }
  const rest = here.slice(source.locate(start).column - 1);
  if (/\S:(\s|$)/.test(rest))
    return { message: 'a value without quotes cannot contain `: `', hint: 'put the whole value in quotes' };
  const next = line + 1;
  const indent = (number: number) => source.line(number).search(/\S/);
  if (indent(next) > indent(line)) {
    return {
      message: `this line is indented deeper, but line ${line} already has a value`,
      hint: `begin in the column of line ${line}`,
      at: firstWord(source, next),
    };
  }
  return { message: 'entries within { } are separated by commas', hint: 'put a comma after each, or remove { }' };
}

function multilineKey(text: string): YamlExplanation {
  const first = maskLine(text.split(/\r?\n/)[0]!.trim());
  const glued = /^([\w-]+):(\S.*)$/.exec(first);
  if (glued) return { message: `a space is missing after \`${glued[1]}:\``, hint: `write ${glued[1]}: ${glued[2]}` };
  return { message: `\`:\` is missing after ${quote(first)}`, hint: 'write `key: value`' };
}

function unexpectedExplanation(error: YAMLError, source: SourceFile, start: number, text: string): YamlExplanation {
  const line = maskLine(text.split('\n')[0]!.trim());
  const first = text.slice(0, 1);
  if (source.text[start - 1] === '$')
    return { message: 'a variable within { } or [ ] needs quotes', hint: `write "$\{…}"` };
  if (/\]|\}/.test(first)) return { message: `there is one \`${first}\` too many`, hint: 'remove it' };
  if (first === ',') return { message: 'there is one comma too many', hint: 'remove it' };
  if (/block-seq-ind/.test(error.message))
    return {
      message: 'a list cannot begin on the line of its key',
      hint: 'begin it on the next line, or write [a, b]',
    };
  const before = source.text.slice(0, start).trimEnd().at(-1);
  if (before === '"' || before === "'")
    return { message: 'found text after the closing quote', hint: 'put the whole value in quotes' };
  if (/^\s*\[[\w.-]+\]/.test(source.text))
    return {
      message: `${quote(line)} is not valid YAML`,
      hint: 'the file looks like TOML or INI: write `key: value` lines',
    };
  return {
    message: `${quote(line || first)} is not expected here`,
    hint: 'is a quote, a comma or a `:` missing before it?',
  };
}

/** Never on white space: the first character after it on the line, or the end of the line before. */
function visibleSpan(source: SourceFile, start: number, end: number): Span {
  const { text } = source;
  let at = Math.min(start, text.length);
  while (at < text.length && (text[at] === ' ' || text[at] === '\t')) at++;
  while (at > 0 && (at >= text.length || text[at] === '\n' || text[at] === '\r') && /\s/.test(text[at - 1] ?? '')) at--;
  const stop = text.indexOf('\n', at);
  const lineEnd = stop === -1 ? text.length : stop;
  return spanAt(source, at, Math.min(Math.max(end, at + 1), Math.max(lineEnd, at + 1)));
}

function firstWord(source: SourceFile, line: number): Span {
  const text = source.line(line);
  const column = Math.max(0, text.search(/\S/));
  const start = source.offsetOf(line) + column;
  return spanAt(source, start, start + Math.max(1, /^\S*/.exec(text.slice(column))![0].length));
}
