// Values on one line, for fast-yaml.ts: scalars, `[a, b]`, `{ a: b }`. Null where the full library must decide.
import type { SourceFile } from '../problem/source-file.ts';
import {
  FORBIDDEN_KEYS,
  type ListTree,
  type MapTree,
  type ScalarTree,
  type Tree,
  type TreeEntry,
} from '../tree/tree.ts';

export type InlineReader = {
  source: SourceFile;
  text: string;
  /** The next character to read. */
  at: number;
  /** End of the line. */
  end: number;
};

const MAX_FLOW_DEPTH = 16;
const NUMBER = /^[-+]?[0-9]{1,15}$/;
/** A number in the core schema, or nearly: left to the library. */
const LIKE_A_NUMBER = /^[-+]?(\.?[0-9][0-9.]*([eE][-+]?[0-9]*)?|0[ox][0-9A-Fa-f]*|\.(inf|nan))$/i;
/** Where a plain scalar ends within brackets; outside of them it ends with its line or a comment. */
const FLOW_END = /[,[\]{}]/;
const FIRST = /[A-Za-z0-9_./$~+=(<^\\;)\u00a1-\uffff]/;

/** @param isFlow within brackets? */
export function readInline(reader: InlineReader, isFlow: boolean, depth = 0): ScalarTree | ListTree | MapTree | null {
  const { text, at } = reader;
  const first = text[at]!;
  if (first === '"' || first === "'") return readQuoted(reader, first);
  if (first === '[') return depth < MAX_FLOW_DEPTH ? readFlowList(reader, depth) : null;
  if (first === '{') return depth < MAX_FLOW_DEPTH ? readFlowMap(reader, depth) : null;
  const isDash = first === '-' && at + 1 < reader.end && /[^\s,[\]{}]/.test(text[at + 1]!);
  return isDash || FIRST.test(first) ? readPlain(reader, isFlow) : null;
}

function readPlain(reader: InlineReader, isFlow: boolean): ScalarTree | null {
  const { text, source } = reader;
  const start = reader.at;
  let at = start;
  let end = start;
  for (; at < reader.end; at++) {
    const character = text[at]!;
    if (character === '\t') return null;
    if (character === ' ') continue;
    if (character === '#' && text[at - 1] === ' ') break;
    if (character === ':' && (at + 1 >= reader.end || text[at + 1] === ' ' || isFlow)) return null;
    if (isFlow && FLOW_END.test(character)) break;
    end = at + 1;
  }
  if (isFlow && (at >= reader.end || text[at] === '#')) return null;
  reader.at = end;
  const value = resolvePlain(text.slice(start, end));
  return value === undefined ? null : { kind: 'scalar', value, at: { source, start, end }, style: 'plain' };
}

/** By the core schema of YAML 1.2; undefined: the library must decide. */
function resolvePlain(text: string): ScalarTree['value'] | undefined {
  const code = text.charCodeAt(0);
  if (code < 58 && NUMBER.test(text)) return Number(text);
  if (LIKE_A_NUMBER.test(text)) return undefined;
  if (text.length > 5) return text;
  if (text === 'true' || text === 'True' || text === 'TRUE') return true;
  if (text === 'false' || text === 'False' || text === 'FALSE') return false;
  return text === '~' || text === 'null' || text === 'Null' || text === 'NULL' ? null : text;
}

function readQuoted(reader: InlineReader, mark: '"' | "'"): ScalarTree | null {
  const { text, source, at: start } = reader;
  let close = start;
  do {
    close = text.indexOf(mark, close + 1);
    if (close === -1 || close >= reader.end) return null;
    // `''` is a quote within quotes.
    if (mark === "'" && text[close + 1] === "'") close++;
    else break;
  } while (close < reader.end);
  if (close >= reader.end) return null;
  const inner = text.slice(start + 1, close);
  if (mark === '"' && inner.includes('\\')) return null;
  reader.at = close + 1;
  const value = mark === "'" ? inner.replaceAll("''", "'") : inner;
  return { kind: 'scalar', value, at: { source, start, end: reader.at }, style: 'quoted' };
}

function readFlowList(reader: InlineReader, depth: number): ListTree | null {
  const { source, at: start } = reader;
  const items: Tree[] = [];
  for (let mark = openFlowAt(reader, ']'); mark !== ']'; mark = readSeparator(reader, ']')) {
    const item = mark === null ? null : readInline(reader, true, depth + 1);
    if (!item) return null;
    items.push(item);
  }
  return { kind: 'list', items, at: { source, start, end: reader.at } };
}

const FLOW_KEY = /(?:([A-Za-z0-9_][A-Za-z0-9_./-]*)|"([^"\\\r\n]*)"|'([^'\r\n]*)'): +/y;

function readFlowMap(reader: InlineReader, depth: number): MapTree | null {
  const { source, at: start } = reader;
  const entries: MapTree['entries'] = new Map();
  const seen = new Set<string>();
  for (let mark = openFlowAt(reader, '}'); mark !== '}'; mark = readSeparator(reader, '}')) {
    const entry = mark === null ? null : readFlowEntry(reader, depth);
    if (!entry || seen.has(entry.key)) return null;
    seen.add(entry.key);
    if (!entry.key.startsWith('x-')) entries.set(entry.key, entry);
  }
  return { kind: 'map', entries, at: { source, start, end: reader.at } };
}

const EXTENSION = /!(?:append|prepend)(?= |\r?\n|\r?$)/y;

/** `!append` or `!prepend` before a list. @returns '' without one; the reader is then where it was, else after it */
export function readExtension(reader: InlineReader): string {
  EXTENSION.lastIndex = reader.at;
  const tag = reader.text[reader.at] === '!' ? (EXTENSION.exec(reader.text)?.[0] ?? '') : '';
  reader.at += tag.length;
  if (tag !== '') skipBlanks(reader);
  return tag;
}

/** @returns null where it is not a list */
export function extending(tag: string, tree: Tree | null): Tree | null {
  if (tag === '' || !tree) return tree;
  return tree.kind === 'list' ? { ...tree, below: tag === '!append' ? 0 : tree.items.length } : null;
}

function readFlowEntry(reader: InlineReader, depth: number): TreeEntry | null {
  FLOW_KEY.lastIndex = reader.at;
  const match = FLOW_KEY.exec(reader.text);
  if (!match) return null;
  const key = (match[1] ?? match[2] ?? match[3])!;
  if ((match[1] !== undefined && /^null$/i.test(key)) || FORBIDDEN_KEYS.has(key)) return null;
  const keyAt = { source: reader.source, start: reader.at, end: reader.at + match[0].trimEnd().length - 1 };
  reader.at = FLOW_KEY.lastIndex;
  const tag = readExtension(reader);
  const value = extending(tag, reader.at < reader.end ? readInline(reader, true, depth + 1) : null);
  return value && { key, keyAt, value };
}

/** After the opening bracket. @returns the closing one, `,` when a value follows, null at the end of the line. */
function openFlowAt(reader: InlineReader, close: string): string | null {
  reader.at++;
  skipBlanks(reader);
  if (reader.at >= reader.end) return null;
  if (reader.text[reader.at] !== close) return ',';
  reader.at++;
  return close;
}

/** After a value. @returns `,` when another one follows; null for a comma before the closing bracket: the library decides. */
function readSeparator(reader: InlineReader, close: string): string | null {
  skipBlanks(reader);
  const mark = reader.at < reader.end ? reader.text[reader.at] : undefined;
  if (mark !== ',' && mark !== close) return null;
  reader.at++;
  if (mark === close) return close;
  skipBlanks(reader);
  const next = reader.text[reader.at];
  return reader.at < reader.end && next !== ']' && next !== '}' ? ',' : null;
}

function skipBlanks(reader: InlineReader): void {
  while (reader.at < reader.end && reader.text.charCodeAt(reader.at) === 32) reader.at++;
}
