// What a list on the whole screen shows: a title and the rows that are visible, one of which may be chosen.
import { type Cell, cell, type Line, ruleLine } from './line.ts';
import type { Glyphs } from './theme.ts';

export type ListRow = { cells: Line; isChosen: boolean };
/** `empty`: instead of rows. */
export type ListContent = { title: Line; rows: ListRow[]; empty: string };

/** `start`: index of the first visible row. `height`: how many are visible. */
type VisiblePart = { start: number; height: number; count: number };

/** `── title ──── 3-20 of 45 ──`; the part only where not all is visible. */
export function listTitle(title: readonly Cell[], part: VisiblePart, columns: number, glyphs: Glyphs): Line {
  const { start, height, count } = part;
  const range = `${start + 1}-${Math.min(count, start + height)} of ${count}`;
  return ruleLine(title, count > height ? [cell(range, 'dim')] : [], columns, glyphs.rule);
}

type ScrolledPlace = { scroll: number; height: number; columns: number };

/** Lines without a cursor, from `scroll` on. */
export function scrolledContent(
  title: readonly Cell[],
  lines: readonly Line[],
  { scroll, height, columns }: ScrolledPlace,
  glyphs: Glyphs,
): Omit<ListContent, 'empty'> {
  const start = scrolledTo(scroll, 0, lines.length, height);
  const rows = lines.slice(start, start + height).map((cells) => ({ cells, isChosen: false }));
  return { title: listTitle(title, { start, height, count: lines.length }, columns, glyphs), rows };
}

/** @param delta lines, down positive; infinite: to the end. @returns at most so that the last page is full */
export function scrolledTo(scroll: number, delta: number, count: number, height: number): number {
  return Math.max(0, Math.min(count - height, scroll + delta));
}
