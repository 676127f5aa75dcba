// How deep a YAML text nests, in one pass over its lines, without parsing it: deep nesting overflows the parser's stack.
import type { Problem } from '../../core/load-result.ts';
import { problemAt } from '../problem/problem.ts';
import { type SourceFile, spanAt } from '../problem/source-file.ts';

/** Of the structure. */
export const MAX_DEPTH = 64;
/** Of brackets, dashes and indentation anywhere: a second limit, in case this scan takes structure for text. */
const MAX_RAW_DEPTH = 500;

export function measureDepth(source: SourceFile): Problem[] {
  const scan = new DepthScan(source);
  const { text } = source;
  while (scan.at <= text.length && scan.tooDeep === null) {
    const end = text.indexOf('\n', scan.at);
    scanLine(scan, end === -1 ? text.length : end);
    if (end === -1) break;
    scan.at = end + 1;
  }
  if (scan.tooDeep === null) return [];
  const message = `the file nests deeper than ${MAX_DEPTH} levels here`;
  const hint = 'is a bracket or quote not closed?';
  return [problemAt(spanAt(source, scan.tooDeep, scan.tooDeep + 1), { code: 'too-deep', message, hint })];
}

class DepthScan {
  readonly source: SourceFile;
  /** Start of the line. */
  at = 0;
  /** Columns of the open block collections. */
  indents: number[] = [];
  /** Open brackets. */
  flow = 0;
  /** The quote that is open over the end of a line. */
  quote: '"' | "'" | null = null;
  /** Lines that are indented deeper belong to a block of text. */
  blockIndent: number | null = null;
  /** Offset of the first place that is too deep. */
  tooDeep: number | null = null;
  rawFlow = 0;
  rawIndents: number[] = [];

  constructor(source: SourceFile) {
    this.source = source;
  }
}

function scanLine(scan: DepthScan, end: number): void {
  const { text } = scan.source;
  let at = scan.at;
  while (text[at] === ' ') at++;
  const indent = at - scan.at;
  if (at >= end || text[at] === '\r') return;
  const isText = scan.blockIndent !== null && indent > scan.blockIndent;
  countRaw(scan, at, end, indent);
  if (isText) return;
  const raw = scan.tooDeep;
  scan.tooDeep = null;
  scan.blockIndent = null;
  scanStructure(scan, at, end, indent);
  scan.tooDeep ??= raw;
}

function scanStructure(scan: DepthScan, start: number, end: number, indent: number): void {
  const isInside = scan.quote !== null || scan.flow > 0;
  if (!isInside && scan.source.text[start] === '#') return;
  const column = isInside ? indent : enterBlock(scan, start, indent, end);
  scanContent(scan, scan.at + column, end, column);
}

/** `- - key:` opens one level for each dash and one for the key. @returns the column of the content */
function enterBlock(scan: DepthScan, at: number, indent: number, end: number): number {
  const { text } = scan.source;
  let column = indent;
  openBlock(scan, column, at);
  for (let here = at; /[-?]/.test(text[here] ?? '') && (here + 1 >= end || /[ \t\r]/.test(text[here + 1]!)); ) {
    here++;
    while (here < end && (text[here] === ' ' || text[here] === '\t')) here++;
    if (here >= end) return here - scan.at;
    column = here - scan.at;
    openBlock(scan, column, here);
  }
  return column;
}

function openBlock(scan: DepthScan, column: number, at: number): void {
  while (scan.indents.length > 0 && scan.indents.at(-1)! >= column) scan.indents.pop();
  scan.indents.push(column);
  if (scan.indents.length + scan.flow > MAX_DEPTH) scan.tooDeep ??= at;
}

/** Brackets and quotes of one line; a `|` or `>` at its end opens a block of text. */
function scanContent(scan: DepthScan, from: number, end: number, column: number): void {
  const { text } = scan.source;
  let mayOpen = true; // a value may begin here, so that a quote opens a string
  let last = '';
  for (let at = from; at < end; at++) {
    const character = text[at]!;
    if (scan.quote !== null) {
      at = skipQuoted(scan, at);
      mayOpen = false;
      continue;
    }
    if (character === ' ' || character === '\t' || character === '\r') {
      if (last === ':' || last === ',' || last === '-' || last === '?') mayOpen = true;
      continue;
    }
    if (character === '#' && (at === from || /[ \t]/.test(text[at - 1]!))) break;
    if (mayOpen && (character === '"' || character === "'")) scan.quote = character;
    else if ((mayOpen || scan.flow > 0) && (character === '[' || character === '{')) openFlow(scan, at);
    else if (scan.flow > 0 && (character === ']' || character === '}')) scan.flow--;
    else if (mayOpen && (character === '&' || character === '!')) at = skipWord(text, at, end);
    mayOpen = isOpener(scan, character, text[at], mayOpen);
    last = character;
  }
  if (scan.quote === null && scan.flow === 0) enterText(scan, from, end, column);
}

function openFlow(scan: DepthScan, at: number): void {
  scan.flow++;
  if (scan.indents.length + scan.flow > MAX_DEPTH) scan.tooDeep ??= at;
}

/** May a value begin after this character? Anchors and tags keep it possible. */
function isOpener(scan: DepthScan, character: string, reached: string | undefined, before: boolean): boolean {
  if (character === '[' || character === '{' || character === ',') return scan.flow > 0;
  if (character === '&' || character === '!') return before && reached !== undefined;
  return false;
}

function skipWord(text: string, at: number, end: number): number {
  let here = at;
  while (here + 1 < end && !/[\s,[\]{}]/.test(text[here + 1]!)) here++;
  return here;
}

/** @returns the offset of the closing quote, or the last one of the line. */
function skipQuoted(scan: DepthScan, from: number): number {
  const { text } = scan.source;
  for (let at = from; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\' && scan.quote === '"') at++;
    else if (text[at] === scan.quote) {
      if (scan.quote === "'" && text[at + 1] === "'") at++;
      else {
        scan.quote = null;
        return at;
      }
    }
    if (text[at + 1] === '\n' || at + 1 >= text.length) return at;
  }
  return from;
}

function enterText(scan: DepthScan, from: number, end: number, column: number): void {
  const content = scan.source.text.slice(Math.max(from, end - 200), end);
  if (!/(^|[\s:])[|>][-+0-9]{0,2}[ \t]*(\s#.*)?\r?$/.test(content)) return;
  const isBare = /^[|>]/.test(scan.source.text.slice(from, end));
  scan.blockIndent = isBare ? (scan.indents.at(-2) ?? -1) : column;
}

function countRaw(scan: DepthScan, at: number, end: number, indent: number): void {
  const { text } = scan.source;
  // A new key at the top: brackets in texts and comments before it do not count.
  if (indent === 0 && scan.quote === null && scan.flow === 0) scan.rawFlow = 0;
  while (scan.rawIndents.length > 0 && scan.rawIndents.at(-1)! >= indent) scan.rawIndents.pop();
  scan.rawIndents.push(indent);
  let dashes = 0;
  for (let here = at; here < end; here++) {
    const character = text[here];
    if (character === '[' || character === '{') scan.rawFlow++;
    else if (character === ']' || character === '}') scan.rawFlow = Math.max(0, scan.rawFlow - 1);
    else if ((character === '-' || character === '?') && (text[here + 1] === ' ' || text[here + 1] === '\t')) dashes++;
    if (scan.rawFlow + scan.rawIndents.length + dashes > MAX_RAW_DEPTH) {
      scan.tooDeep ??= here;
      return;
    }
  }
}
