// A line of cells as text with colours, for the lines that do not go through Ink's `Text`.
import chalk, { type ChalkInstance } from 'chalk';
import { SGR_RESET } from '../../terminal/sanitize.ts';
import type { CellStyle, Line } from './line.ts';
import { TEXT_STYLES, type TextStyle } from './theme.ts';

/** The colours of a program end with its cell. */
export function paintLine(line: Line): string {
  return line.map(({ text, style }) => (text.includes('\x1b') ? `${text}${SGR_RESET}` : paint(text, style))).join('');
}

const brushes = new Map<CellStyle, ChalkInstance>();

function paint(text: string, style: CellStyle): string {
  if (style === 'plain') return text;
  let brush = brushes.get(style);
  if (brush === undefined) {
    brush = brushOf(TEXT_STYLES[style]);
    brushes.set(style, brush);
  }
  return brush(text);
}

/** As Ink's `Text` paints. Chalk has one level of colours for all: see InkOutput. */
function brushOf({ color, backgroundColor, bold, dimColor, inverse }: TextStyle): ChalkInstance {
  let brush = chalk;
  if (dimColor) brush = brush.dim;
  if (color !== undefined) brush = brush[color];
  if (backgroundColor !== undefined)
    brush = brush[`bg${backgroundColor[0]!.toUpperCase()}${backgroundColor.slice(1)}` as 'bgRed'];
  if (bold) brush = brush.bold;
  return inverse ? brush.inverse : brush;
}
