// Text as columns of a terminal: measuring, cutting, padding, wrapping, with and without SGR sequences.
// Expects text that went through sanitize.ts.
import stringWidth from 'string-width';
import { isOneColumnEach } from './sanitize-line.ts';

const SGR_SPLIT = /(\x1b\[[\d;:]*m)/;
const SGR_RESET = '\x1b[0m';
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export type Align = 'left' | 'right';

/** Measuring takes apart graphemes: 100 times the rest. The same lines come again in the next frame. */
const MAX_CACHED_WIDTHS = 2000;
const widthCache = new Map<string, number>();

/** Columns that the text takes; SGR sequences take none. */
export function widthOf(text: string): number {
  if (isOneColumnEach(text)) return text.length;
  const known = widthCache.get(text);
  if (known !== undefined) return known;
  if (widthCache.size >= MAX_CACHED_WIDTHS) widthCache.clear();
  const width = stringWidth(text);
  widthCache.set(text, width);
  return width;
}

/** Exactly `width` columns: padded with blanks, or cut with an ellipsis. */
export function fitWidth(text: string, width: number, align: Align = 'left'): string {
  const clipped = clip(text, width);
  const blanks = ' '.repeat(Math.max(0, width - widthOf(clipped)));
  return align === 'left' ? clipped + blanks : blanks + clipped;
}

/** At most `width` columns; what was cut shows as `…`. */
export function clip(text: string, width: number): string {
  if (width <= 0) return '';
  if (widthOf(text) <= width) return text;
  return text.includes('\x1b') ? clipStyled(text, width) : `${firstColumns(text, width - 1)}…`;
}

/** At most `width` columns; both ends of it stay, and `…` between them. For names: those of a family differ at either end. */
export function clipMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const tail = lastColumns(text, Math.floor((width - 1) / 2));
  return width <= 1 ? clip(text, width) : `${firstColumns(text, width - 1 - widthOf(tail))}…${tail}`;
}

/**
 * Cuts into pieces of at most `width` columns, colours carried over the cuts.
 * @returns at least one piece; at most `maxPieces`, the last one then ends in `…`.
 */
export function wrap(text: string, width: number, maxPieces: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  let colours = '';
  while (widthOf(rest) > width && pieces.length < maxPieces - 1) {
    const piece = splitStyled(rest, Math.max(1, width), true);
    pieces.push(colours + piece.head + (piece.colours || colours ? SGR_RESET : ''));
    colours = activeColours(colours + piece.colours);
    rest = piece.rest;
  }
  pieces.push(clip(colours + rest, width));
  return pieces;
}

function clipStyled(text: string, width: number): string {
  const { head } = splitStyled(text, width - 1, false);
  return `${head}…${SGR_RESET}`;
}

/** The first `width` columns, the SGR sequences met on the way, and what is left. */
function splitStyled(
  text: string,
  width: number,
  atLeastOne: boolean,
): { head: string; colours: string; rest: string } {
  let head = '';
  let colours = '';
  let left = width;
  const parts = text.split(SGR_SPLIT);
  for (const [index, part] of parts.entries()) {
    if (part.startsWith('\x1b')) {
      head += part;
      colours += part;
      continue;
    }
    const fitting = firstColumns(part, left, atLeastOne && head === colours);
    head += fitting;
    left -= widthOf(fitting);
    if (fitting.length < part.length) {
      return { head, colours, rest: part.slice(fitting.length) + parts.slice(index + 1).join('') };
    }
  }
  return { head, colours, rest: '' };
}

/** @param atLeastOne take one character even if it is too wide: a loop over pieces must get on. */
function firstColumns(text: string, width: number, atLeastOne = false): string {
  if (isOneColumnEach(text)) return text.slice(0, Math.max(0, width));
  let head = '';
  let left = width;
  for (const { segment } of graphemes.segment(text)) {
    left -= widthOf(segment);
    if (left < 0 && !(atLeastOne && head === '')) break;
    head += segment;
  }
  return head;
}

/** The last characters that fit into `width` columns. */
function lastColumns(text: string, width: number): string {
  let tail = '';
  let left = width;
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    left -= widthOf(segment);
    if (left < 0) break;
    tail = segment + tail;
  }
  return tail;
}

function activeColours(colours: string): string {
  const reset = Math.max(colours.lastIndexOf('\x1b[0m'), colours.lastIndexOf('\x1b[m'));
  return reset === -1 ? colours : colours.slice(colours.indexOf('m', reset) + 1);
}
