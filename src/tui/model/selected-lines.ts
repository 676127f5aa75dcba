// The lines of output that a user selects: from where to where, and which lines these are. Pure.
import { isSkipMark } from '../../logs/reader/follow-logs.ts';
import type { BufferedLine } from './buffered-line.ts';
import type { LogView } from './log-ring.ts';
import { isUserMark } from './output-marks.ts';
import type { SearchPattern } from './search-pattern.ts';

/** Lines by their `seq`. `anchor`: where the selection began; null: only the line at the cursor is selected. */
export type OutputSelection = {
  cursor: number;
  anchor: number | null;
  /** The output follows again once the selection has ended. */
  wasFollowing: boolean;
  /** The button of the mouse that was pressed on the cursor line is still down. */
  isHeld: boolean;
};

/** Both are selected. */
export function spanOf({ cursor, anchor }: OutputSelection): { first: number; last: number } {
  const other = anchor ?? cursor;
  return { first: Math.min(cursor, other), last: Math.max(cursor, other) };
}

export type SelectedLines = {
  /** Of programs, not marks; oldest first. */
  lines: BufferedLine[];
  /** Other lines of the log belong between them: they were dropped, or were not read. */
  hasGap: boolean;
};

/** @param pattern other lines are not on screen, and not selected */
export function selectedLines(selection: OutputSelection, log: LogView, pattern: SearchPattern): SelectedLines {
  const { first, last } = spanOf(selection);
  const most = log.around(last).older - log.around(first).older + 1;
  const found = log.window(last, most, pattern).filter(({ seq }) => seq >= first && seq <= last);
  const isThere = (seq: number) => log.window(seq, 1, null)[0]?.seq === seq;
  return {
    lines: found.filter((line) => !isSkipMark(line)),
    hasGap: !isThere(first) || !isThere(last) || found.some((line) => isSkipMark(line) && !isUserMark(line)),
  };
}
