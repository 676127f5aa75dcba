// How each style looks. The built-in themes use only the 16 colours of the terminal's own palette; themes of users may use all.
import type { ForegroundColorName } from 'chalk';
import type { CellStyle } from './line.ts';

/** What Ink's `Text` is given for a style. */
export type TextStyle = {
  color?: ThemeColour;
  backgroundColor?: ThemeColour;
  bold?: boolean;
  dimColor?: boolean;
  inverse?: boolean;
};
export type ThemeColour = ForegroundColorName | `#${string}`;

/** `selected`: the row under the cursor is one bar; lines that are selected. */
export type Theme = { styles: Record<Exclude<CellStyle, 'selected'>, TextStyle>; selected: TextStyle };

export function styleOf({ styles, selected }: Theme, style: CellStyle): TextStyle {
  return style === 'selected' ? selected : styles[style];
}

export const DARK: Theme = {
  styles: {
    plain: {},
    dim: { dimColor: true },
    bold: { bold: true },
    title: { bold: true },
    good: { color: 'green' },
    busy: { color: 'cyan' },
    warn: { color: 'yellow' },
    bad: { color: 'red', bold: true },
    accent: { color: 'cyan' },
    key: { bold: true },
    match: { inverse: true },
    levelError: { color: 'red' },
    levelWarn: { color: 'yellow' },
    alert: { color: 'whiteBright', backgroundColor: 'red', bold: true },
    hue0: { color: 'cyan' },
    hue1: { color: 'magenta' },
    hue2: { color: 'yellow' },
    hue3: { color: 'blue' },
    hue4: { color: 'green' },
    hue5: { color: 'red' },
  },
  selected: { color: 'whiteBright', backgroundColor: 'blue', bold: true },
};

/** On white, cyan and yellow can hardly be read, and dimmed text gets lost. */
export const LIGHT: Theme = {
  styles: {
    ...DARK.styles,
    dim: { color: 'blackBright' },
    busy: { color: 'blue' },
    warn: { color: 'magenta', bold: true },
    accent: { color: 'blue' },
    levelWarn: { color: 'magenta' },
    hue0: { color: 'blue' },
    hue2: { color: 'black', bold: true },
    hue3: { color: 'blue', bold: true },
  },
  selected: { color: 'whiteBright', backgroundColor: 'blue', bold: true },
};

/** Some terminals tell their colours, as numbers of the palette: `15;0` is white on black. */
export function usualTheme({ COLORFGBG = '' }: NodeJS.ProcessEnv): Theme {
  const background = COLORFGBG.split(';').at(-1);
  return background === '7' || background === '15' ? LIGHT : DARK;
}

/** 1: the 16 colours of the palette, 2: 256, 3: all. Others than those 16 are shown as the nearest. */
export function colourLevel({ COLORTERM = '', TERM = '' }: NodeJS.ProcessEnv): 1 | 2 | 3 {
  if (/truecolor|24bit/.test(COLORTERM)) return 3;
  return TERM.includes('256color') ? 2 : 1;
}
