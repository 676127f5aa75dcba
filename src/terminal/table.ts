// Plain tables. In a terminal the last column is shortened so that no line wraps; elsewhere nothing is ever cut.
import type { Colour, Paint } from './colour.ts';
import { escapeControls } from './sanitize.ts';
import { clip, widthOf } from './width.ts';

export type TextCell = { text: string; colour?: Colour | null };
export type TextColumn = { title: string; align?: 'left' | 'right' };

const GAP = '  ';

/**
 * @param widthColumns of the terminal; null: never cut.
 * @returns lines without trailing spaces, the header first. A column that is empty in every row is left out, but the first.
 */
export function renderTable(
  columns: TextColumn[],
  rows: TextCell[][],
  paint: Paint,
  widthColumns: number | null,
): string[] {
  const header = columns.map(({ title }): TextCell => ({ text: title, colour: 'dim' }));
  const lines = [header, ...rows.map((row) => row.map(({ text, colour }) => ({ text: oneLine(text), colour })))];
  const shown = columns
    .map(({ align }, at) => ({ at, align, width: Math.max(...lines.map((line) => widthOf(line[at]?.text ?? ''))) }))
    .filter(({ at }) => at === 0 || rows.some((row) => row[at]?.text));
  return lines.map((line) => {
    let room = widthColumns ?? Number.POSITIVE_INFINITY;
    const cells = shown.map(({ at, align, width }) => {
      const { text, colour = null } = line[at] ?? { text: '' };
      const fitted = Math.min(width, room);
      room = Math.max(0, room - width - GAP.length);
      const clipped = clip(text, fitted);
      const blanks = ' '.repeat(fitted - widthOf(clipped));
      return align === 'right' ? blanks + paint(colour, clipped) : paint(colour, clipped) + blanks;
    });
    return cells.join(GAP).trimEnd();
  });
}

const oneLine = (text: string): string => escapeControls(text).replaceAll('\t', ' ');
