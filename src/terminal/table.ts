// Plain tables. In a terminal the last column gives way so that no line wraps; elsewhere nothing is ever cut.
import type { Colour, Paint } from './colour.ts';
import { escapeControls } from './sanitize.ts';

export type TextCell = { text: string; colour?: Colour | null };
export type TextColumn = { title: string; align?: 'left' | 'right' };

/**
 * @param widthColumns of the terminal; null: never cut.
 * @returns lines without trailing spaces, the header first. Columns that are empty in every row are left out, but the first.
 */
export function renderTable(
  columns: TextColumn[],
  rows: TextCell[][],
  paint: Paint,
  widthColumns: number | null,
): string[] {
  const table = { columns, rows: rows.map((row) => row.map((cell) => ({ ...cell, text: escapeControls(cell.text) }))) };
  const kept = columns.map((_, at) => at).filter((at) => at === 0 || table.rows.some((row) => row[at]?.text));
  const widths = kept.map((at) =>
    Math.max(displayWidth(columns[at]!.title), ...table.rows.map((row) => displayWidth(row[at]?.text ?? ''))),
  );
  const header = columns.map((column): TextCell => ({ text: column.title, colour: 'dim' }));
  return [header, ...table.rows].map((row) => {
    let room = widthColumns;
    const cells = kept.map((at, nth) => {
      const { text, colour } = row[at] ?? { text: '' };
      const isLast = nth === kept.length - 1;
      const shown = room === null ? text : truncate(text, Math.min(room, isLast ? room : widths[nth]!));
      const gap = ' '.repeat(Math.max(0, widths[nth]! - displayWidth(shown)));
      if (room !== null) room = Math.max(0, room - widths[nth]! - 2);
      const painted = paint(colour ?? null, shown);
      return columns[at]!.align === 'right' ? gap + painted : painted + (isLast ? '' : gap);
    });
    const line = cells.join('  ').trimEnd();
    return widthColumns === null ? line : clipPainted(line, widthColumns);
  });
}

/** Cuts to `widthColumns` cells, ending in `…` where something was lost. */
export function truncate(text: string, widthColumns: number): string {
  if (displayWidth(text) <= widthColumns) return text;
  if (widthColumns <= 0) return '';
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += displayWidth(character);
    if (width > widthColumns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Terminal cells of a text without control characters: wide East Asian characters and emoji take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += cells(character.codePointAt(0)!);
  return width;
}

function cells(code: number): number {
  if (code < 0x300) return 1;
  if ((code >= 0x300 && code <= 0x36f) || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}

/** Cuts a painted line without counting its SGR sequences; they are all kept, so that no colour leaks. */
function clipPainted(line: string, widthColumns: number): string {
  let width = 0;
  return line.replace(/(\x1b\[\d+m)|(.)/gu, (_match, sgr: string | undefined, character: string | undefined) => {
    if (sgr !== undefined) return sgr;
    width += displayWidth(character!);
    return width <= widthColumns ? character! : '';
  });
}
