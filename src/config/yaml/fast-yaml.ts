// Reads the plain part of YAML that most configurations use, ten times as fast as the full library: block maps and lists,
// flow collections and scalars on one line, comments. At any other syntax it gives up, reports no error, and the library
// reads the text instead. A test compares the two on every text it can find.
import type { SourceFile, Span } from '../problem/source-file.ts';
import {
  FORBIDDEN_KEYS,
  type ListTree,
  type MapTree,
  type ScalarTree,
  type Tree,
  type TreeEntry,
} from '../tree/tree.ts';
import { extending, type InlineReader, readExtension, readInline } from './fast-inline.ts';

type YamlLine = { start: number; indent: number; end: number };
type BlockReader = InlineReader & {
  lines: YamlLine[];
  /** Index of the current line. */
  line: number;
  /** Open blocks. */
  depth: number;
};

/** With the brackets on one line (fast-inline.ts) well below what depth.ts allows. */
const MAX_BLOCKS = 40;

/** @returns null where the library must read it. */
export function readFastYaml(source: SourceFile): MapTree | null {
  const lines = splitLines(source.text);
  const first = lines?.[0];
  if (!lines || !first || first.indent !== 0) return null;
  const reader: BlockReader = { source, text: source.text, lines, line: 0, depth: 0, at: first.start, end: first.end };
  const tree = readMap(reader, 0);
  return tree && reader.line === lines.length ? tree : null;
}

/** Lines with content, without their line break; null for a text with a tab or a lone carriage return there. */
function splitLines(text: string): YamlLine[] | null {
  if (/\r(?!\n)/.test(text)) return null;
  const lines: YamlLine[] = [];
  for (let start = 0; start < text.length; ) {
    const stop = text.indexOf('\n', start);
    let end = stop === -1 ? text.length : stop;
    const next = end + 1;
    if (end > start && text.charCodeAt(end - 1) === 13) end--;
    let at = start;
    while (at < end && text.charCodeAt(at) === 32) at++;
    const code = at < end ? text.charCodeAt(at) : 35;
    if (code === 9) return null;
    if (code !== 35) lines.push({ start: at, indent: at - start, end });
    start = next;
  }
  return lines;
}

const KEY = /(?:([A-Za-z0-9_][A-Za-z0-9_./-]*)|"([^"\\\r\n]*)"|'([^'\r\n]*)'):(?=[ \r\n]|$)/y;

/** At the first key; ends at the first line that does not belong to the map. */
function readMap(reader: BlockReader, column: number): MapTree | null {
  const entries: MapTree['entries'] = new Map();
  const seen = new Set<string>();
  const start = reader.at;
  let last = reader.line;
  if (++reader.depth > MAX_BLOCKS) return null;
  for (;;) {
    const entry = readEntry(reader, column);
    if (!entry || seen.has(entry.key)) return null;
    seen.add(entry.key);
    if (!entry.key.startsWith('x-')) entries.set(entry.key, entry);
    last = reader.line - 1;
    const next = reader.lines[reader.line];
    if (!next || next.indent < column) break;
    if (next.indent > column || isDash(reader, next.start)) return null;
  }
  reader.depth--;
  return { kind: 'map', entries, at: blockSpan(reader, start, last) };
}

function readEntry(reader: BlockReader, column: number): TreeEntry | null {
  KEY.lastIndex = reader.at;
  const match = KEY.exec(reader.text);
  const key = match && (match[1] ?? match[2] ?? match[3])!;
  if (match === null || key === null || (match[1] !== undefined && /^null$/i.test(key)) || FORBIDDEN_KEYS.has(key))
    return null;
  const keyAt = { source: reader.source, start: reader.at, end: KEY.lastIndex - 1 };
  reader.at = KEY.lastIndex;
  const value = readValue(reader, column);
  return value && { key, keyAt, value };
}

/** After `key:`: a value on the same line, or a block on the next lines. */
function readValue(reader: BlockReader, column: number): Tree | null {
  if (isAtEnd(reader)) return readBlock(reader, column);
  const tag = readExtension(reader);
  return extending(tag, tag !== '' && isAtEnd(reader) ? readBlock(reader, column) : readLastOfLine(reader));
}

function readBlock(reader: BlockReader, column: number): Tree | null {
  nextLine(reader);
  const next = reader.lines[reader.line];
  if (!next) return null;
  if (next.indent > column)
    return isDash(reader, next.start) ? readList(reader, next.indent) : readMap(reader, next.indent);
  return next.indent === column && isDash(reader, next.start) ? readList(reader, column) : null;
}

function readList(reader: BlockReader, column: number): ListTree | null {
  const items: Tree[] = [];
  const start = reader.at;
  let last = reader.line;
  if (++reader.depth > MAX_BLOCKS) return null;
  for (;;) {
    const item = readItem(reader);
    if (!item) return null;
    items.push(item);
    last = reader.line - 1;
    const next = reader.lines[reader.line];
    if (!next || next.indent < column) break;
    if (next.indent > column) return null;
    if (!isDash(reader, next.start)) break;
  }
  reader.depth--;
  return { kind: 'list', items, at: blockSpan(reader, start, last) };
}

function readItem(reader: BlockReader): Tree | null {
  reader.at++;
  if (isAtEnd(reader) || isDash(reader, reader.at)) return null;
  KEY.lastIndex = reader.at;
  if (!KEY.test(reader.text)) return readLastOfLine(reader);
  const { start, indent } = reader.lines[reader.line]!;
  return readMap(reader, indent + reader.at - start);
}

/** A value that ends with its line. A deeper line after it would continue it: there the block around it gives up. */
function readLastOfLine(reader: BlockReader): ScalarTree | ListTree | MapTree | null {
  const value = readInline(reader, false);
  if (!value || !isAtEnd(reader)) return null;
  nextLine(reader);
  return value;
}

/** Skips blanks. @returns whether only a comment is left on the line */
function isAtEnd(reader: BlockReader): boolean {
  const { text, end } = reader;
  const from = reader.at;
  while (reader.at < end && text.charCodeAt(reader.at) === 32) reader.at++;
  return reader.at >= end || (text.charCodeAt(reader.at) === 35 && reader.at > from);
}

const isDash = ({ text }: BlockReader, at: number): boolean => {
  if (text.charCodeAt(at) !== 45) return false;
  const next = text[at + 1];
  return next === undefined || next === ' ' || next === '\n' || next === '\r' || next === '\t';
};

function nextLine(reader: BlockReader): void {
  const next = reader.lines[++reader.line];
  if (!next) return;
  reader.at = next.start;
  reader.end = next.end;
}

const blockSpan = ({ source, lines }: BlockReader, start: number, last: number): Span => ({
  source,
  start,
  end: lines[last]!.end,
});
