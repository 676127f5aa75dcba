// A line of cells as text with colours, for the lines that do not go through Ink's `Text`.
import chalk, { type ChalkInstance } from 'chalk';
import { SGR_RESET } from '../../terminal/sanitize.ts';
import type { Line } from './line.ts';
import { styleOf, type TextStyle, type Theme, type ThemeColour } from './themes.ts';

/** The colours of a program end with its cell. */
export function paintLine(line: Line, theme: Theme): string {
  return line
    .map(({ text, style }) => {
      if (text.includes('\x1b')) return `${text}${SGR_RESET}`;
      return style === 'plain' ? text : brushOf(styleOf(theme, style))(text);
    })
    .join('');
}

const brushes = new WeakMap<TextStyle, ChalkInstance>();

function brushOf(style: TextStyle): ChalkInstance {
  const known = brushes.get(style);
  if (known !== undefined) return known;
  const brush = newBrush(style);
  brushes.set(style, brush);
  return brush;
}

/** As Ink's `Text` paints. Chalk has one level of colours for all: see InkOutput. */
function newBrush({ color, backgroundColor, bold, dimColor, inverse }: TextStyle): ChalkInstance {
  let brush = chalk;
  if (dimColor) brush = brush.dim;
  if (color !== undefined) brush = isHex(color) ? brush.hex(color) : brush[color];
  if (backgroundColor !== undefined) brush = withBackground(brush, backgroundColor);
  if (bold) brush = brush.bold;
  return inverse ? brush.inverse : brush;
}

function withBackground(brush: ChalkInstance, colour: ThemeColour): ChalkInstance {
  if (isHex(colour)) return brush.bgHex(colour);
  return brush[`bg${colour[0]!.toUpperCase()}${colour.slice(1)}` as 'bgRed'];
}

const isHex = (colour: ThemeColour): colour is `#${string}` => colour.startsWith('#');
