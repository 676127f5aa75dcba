// The lines of the palette: its title with what was typed, and each command with the letters that match.
import { widthOf } from '../../terminal/width.ts';
import type { PaletteMatch } from '../model/palette.ts';
import type { PaletteOverlay } from '../model/state.ts';
import { type Cell, cell, type Line, line, ruleLine } from './line.ts';
import type { Glyphs } from './theme.ts';

export function paletteTitle({ text }: PaletteOverlay, count: number, columns: number, glyphs: Glyphs): Line {
  const typed = [cell(': ', 'bold'), cell(`${text} `, 'match')];
  return ruleLine(typed, [cell(`${count} ${count === 1 ? 'command' : 'commands'}`, 'dim')], columns, glyphs.rule);
}

export function noMatchLine({ text }: PaletteOverlay): Line {
  return [cell(`  no command has these letters: ${text}`, 'dim')];
}

/** The note is at the right end, if there is room for it. */
export function entryCells({ text, note, at }: PaletteMatch, columns: number): Line {
  const gap = columns - widthOf(text) - widthOf(note) - 1;
  const end = note === '' || gap < 2 ? [] : [cell(' '.repeat(gap)), cell(`${note} `, 'dim')];
  return line([...highlighted(text, at), ...end], columns);
}

/** Neighbours of one style are one cell. */
function highlighted(text: string, at: readonly number[]): Cell[] {
  const letters = new Set(at);
  const cells: Cell[] = [];
  for (const [index, letter] of [...text].entries()) {
    const style = letters.has(index) ? 'accent' : 'plain';
    const last = cells.at(-1);
    if (last?.style === style) last.text += letter;
    else cells.push(cell(letter, style));
  }
  return cells;
}
