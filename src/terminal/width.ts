// Text as columns of a terminal: measuring, cutting, padding, wrapping, with and without SGR sequences.
// Expects text without other control characters: the caller cleans it and expands its tabs.
import { eastAsianWidth } from 'get-east-asian-width';
import { isOneColumnEach, SGR_RESET, stripSgr } from './sanitize.ts';

const SGR_SPLIT = /(\x1b\[[\d;:]*m)/;

export type Align = 'left' | 'right';

/** Measuring splits the text into graphemes, which is 100 times slower. The same lines return in the next frame. */
const MAX_CACHED_WIDTHS = 2000;
const widthCache = new Map<string, number>();

/** Columns that the text takes: wide East Asian characters and emoji two, combining marks and SGR sequences none. */
export function widthOf(text: string): number {
  if (isOneColumnEach(text)) return text.length;
  const known = widthCache.get(text);
  if (known !== undefined) return known;
  if (widthCache.size >= MAX_CACHED_WIDTHS) widthCache.clear();
  let width = 0;
  for (const { segment } of graphemesOf(stripSgr(text))) width += widthOfGrapheme(segment);
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
  for (const { segment } of graphemesOf(text)) {
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
  for (const { segment } of [...graphemesOf(text)].reverse()) {
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

/** The pattern of a shortened emoji is quadratic, and a hostile grapheme may be as long as its line. */
const MAX_EMOJI_LENGTH = 50;

/**
 * Texts, not literals: V8 builds the sets of a literal while it parses the file, which costs each start 1 ms. The compiler's
 * target does not know the flag `v` either.
 */
const INVISIBLE = '^[\\p{Default_Ignorable_Code_Point}\\p{Control}\\p{Format}\\p{Mn}\\p{Me}\\p{Surrogate}]$';
const ONE_EMOJI = '^\\p{RGI_Emoji}$';
/** An emoji without its variation selector: a keycap, or pictures joined by U+200D. */
const SHORTENED_EMOJI = '^[\\d#*]\\u20e3$|\\p{Extended_Pictographic}.*\\u200d.*\\p{Extended_Pictographic}';
/** Takes columns of its own after the first character of a grapheme. */
const SPACING = '[\\p{Mc}\\uff00-\\uffef]';

/** Compiled on first use: the segmenter and the set of all emoji take 20 ms together, and most commands print ASCII. */
let unicode: ReturnType<typeof compileUnicode> | null = null;

function compileUnicode() {
  return {
    segmenter: new Intl.Segmenter(undefined, { granularity: 'grapheme' }),
    invisible: new RegExp(INVISIBLE, 'u'),
    emoji: new RegExp(ONE_EMOJI, 'v'),
    shortenedEmoji: new RegExp(SHORTENED_EMOJI, 'u'),
    spacing: new RegExp(SPACING, 'u'),
    jamo: /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]/,
    /** What Korean letters form in one grapheme: syllables, and letters without a partner. */
    syllable: /[\u1100-\u115f\ua960-\ua97c](?:[\u1160-\u11a7\ud7b0-\ud7c6][\u11a8-\u11ff\ud7cb-\ud7fb]?)?|./gu,
  };
}

function graphemesOf(text: string): Intl.Segments {
  unicode ??= compileUnicode();
  return unicode.segmenter.segment(text);
}

/** The rules of string-width, which a test compares with: https://github.com/sindresorhus/string-width */
function widthOfGrapheme(grapheme: string): number {
  unicode ??= compileUnicode();
  const { invisible, emoji, shortenedEmoji, spacing, jamo, syllable } = unicode;
  const characters = [...grapheme];
  const first = characters.findIndex((character) => !invisible.test(character));
  if (first === -1) return 0;
  if (grapheme.length <= MAX_EMOJI_LENGTH && (emoji.test(grapheme) || shortenedEmoji.test(grapheme))) return 2;
  const visible = characters.slice(first);
  const spaced = jamo.test(visible[0]!)
    ? visible
        .filter((character) => !invisible.test(character))
        .join('')
        .match(syllable)!
    : visible.filter((character, at) => at === 0 || spacing.test(character));
  return spaced.reduce((width, character) => width + eastAsianWidth(character.codePointAt(0)!), 0);
}
