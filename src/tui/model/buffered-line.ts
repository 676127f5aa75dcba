// A line of output as the view keeps it. Sanitized when it comes in: what is read from here may be drawn.
import { isSkipMark } from '../../logs/reader/follow-logs.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import { sanitizeLine, sanitizeScreenLine, stripSgr } from '../../terminal/sanitize.ts';
import { isUserMark } from './output-marks.ts';
import { isMatch, type SearchPattern } from './search-pattern.ts';

export type BufferedLine = LogLine & {
  /** Orders all lines of the ring; it may be negative. */
  seq: number;
  /** The text to copy, where `line` has blanks in place of its tabs. */
  tabbed?: string;
  /** The program's line is longer. */
  isCut?: true;
};

/** Kept of one line. A screen shows less; a line of 1 MiB must not cost a megabyte per frame. */
export const MAX_LINE_CHARS = 4096;

export function bufferedLine(source: LogLine, seq: number): BufferedLine {
  const buffered: BufferedLine = { ...source, line: detachedCopy(shownText(source)), seq };
  const kept = source.line.slice(0, MAX_LINE_CHARS);
  if (kept.includes('\t')) buffered.tabbed = detachedCopy(sanitizeLine(kept, false));
  if (kept.length < source.line.length) buffered.isCut = true;
  return buffered;
}

/** As it is shown, with its colours. */
function shownText({ line }: LogLine): string {
  return sanitizeScreenLine(line.slice(0, MAX_LINE_CHARS));
}

/** As it is shown, without its colours. @param line as the reader gives it */
export const plainText = (line: LogLine): string => stripSgr(shownText(line));

/** A slice of a string keeps the whole of it in memory (V8): a short line must not hold the chunk that it was read from. */
function detachedCopy(text: string): string {
  return Buffer.from(text).toString();
}

/** Whether a filter shows a line of the ring: it looks at the text and the name. */
export function passesFilter(line: BufferedLine, pattern: SearchPattern): boolean {
  return pattern === null || isUserMark(line) || isMatch(pattern, stripSgr(line.line), line.instance);
}

/** Whether a search finds a line of the ring: it looks at the text only. */
export function isFound(line: BufferedLine, pattern: SearchPattern): boolean {
  return !isUserMark(line) && isMatch(pattern, stripSgr(line.line));
}

/** The same for a line as the reader gives it. */
export function isFoundRaw(line: LogLine, pattern: SearchPattern): boolean {
  return isMatch(pattern, plainText(line));
}

/** Not a mark, and not a line that has no newline yet. */
export const isStored = (line: LogLine): boolean => line.unfinished !== true && !isSkipMark(line);
