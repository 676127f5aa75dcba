// A theme of a user: a built-in one with some styles replaced. Pure.
import type { CellStyle } from './line.ts';
import { DARK, LIGHT, type TextStyle, type Theme, type ThemeColour } from './themes.ts';

export const BUILT_IN_THEMES: Record<string, Theme> = { dark: DARK, light: LIGHT };

/** Names in the configuration → styles. Text and bold text have the colour of the terminal. */
const STYLES: Record<string, CellStyle> = {
  ...{ selected: 'selected', good: 'good', busy: 'busy', warn: 'warn', bad: 'bad', alert: 'alert' },
  ...{ accent: 'accent', dim: 'dim', title: 'title', key: 'key', match: 'match' },
  ...{ log_error: 'levelError', log_warn: 'levelWarn' },
  ...{ name_1: 'hue0', name_2: 'hue1', name_3: 'hue2', name_4: 'hue3', name_5: 'hue4', name_6: 'hue5' },
};
export const STYLE_NAMES = Object.keys(STYLES);

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
export const COLOUR_NAMES = [...NAMES, 'gray', ...NAMES.slice(1).map((name) => `bright_${name}`)];

/** `bright_red`, `#0057b8`; null: not a colour. */
export function themeColour(text: string): ThemeColour | null {
  if (/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)) return text as ThemeColour;
  return COLOUR_NAMES.includes(text) ? (text.replace(/^bright_(.*)/, '$1Bright') as ThemeColour) : null;
}

/** @param styles by their names in the configuration */
export function ownTheme(base: Theme, styles: ReadonlyMap<string, TextStyle>): Theme {
  const { selected = base.selected, ...own } = Object.fromEntries(
    [...styles].map(([name, style]) => [STYLES[name]!, style]),
  ) as Partial<Record<CellStyle, TextStyle>>;
  return { styles: { ...base.styles, ...own }, selected };
}
