// Colours and glyphs. Only the 16 colours of the terminal's own palette, so that light and dark themes both work. Every
// state also has a glyph and a word, so that nothing depends on colour alone.
import type { InstanceState } from '../../api/protocol.ts';
import type { CellStyle } from './frame.ts';

const STYLE_SGR: Record<CellStyle, string> = {
  plain: '',
  dim: '2',
  bold: '1',
  title: '1',
  good: '32',
  busy: '36',
  warn: '33',
  bad: '1;31',
  accent: '36',
  key: '1',
  match: '7',
  alert: '1;97;41',
  hue0: '36',
  hue1: '35',
  hue2: '33',
  hue3: '34',
  hue4: '32',
  hue5: '31',
};
const SELECTED_SGR = '1;97;44';

/** `startSequence` starts a style; empty for plain text and where colours are off. */
export type Theme = { startSequence(style: CellStyle, selected: boolean): string; colour: boolean };

export function themeOf(colour: boolean): Theme {
  return {
    colour,
    startSequence: (style, selected) => {
      if (!colour) return '';
      const codes = selected ? SELECTED_SGR : STYLE_SGR[style];
      return codes === '' ? '' : `\x1b[${codes}m`;
    },
  };
}

/** A stable hue for a name: neighbours `api.1`, `api.2` get different ones. */
export function hueOf(name: string): CellStyle {
  let sum = 0;
  for (let index = 0; index < name.length; index++) sum = (sum * 31 + name.charCodeAt(index)) % 65_521;
  return `hue${sum % 6}` as CellStyle;
}

export const STATE_STYLE: Record<InstanceState, CellStyle> = {
  waiting: 'dim',
  starting: 'busy',
  running: 'busy',
  ready: 'good',
  unready: 'warn',
  stopping: 'warn',
  backoff: 'warn',
  completed: 'good',
  stopped: 'dim',
  failed: 'bad',
};

/** One column each: Unicode, ASCII. */
const STATE_GLYPHS: Record<InstanceState, [string, string]> = {
  waiting: ['◌', '.'],
  starting: ['◔', 'o'],
  running: ['◑', 'O'],
  ready: ['●', '*'],
  unready: ['◐', '?'],
  stopping: ['◒', '%'],
  backoff: ['↻', '~'],
  completed: ['✓', '+'],
  stopped: ['■', '#'],
  failed: ['✗', 'X'],
};
const OTHER_GLYPHS = {
  folded: ['▸', '>'],
  unfolded: ['▾', 'v'],
  branch: ['·', '-'],
  cursor: ['▌', '>'],
  rule: ['─', '-'],
  bar: ['│', '|'],
  errorBar: ['┃', '!'],
  dot: ['·', '-'],
  multiplier: ['×', 'x'],
  pause: ['‖', '='],
  because: ['└', '-'],
  remedy: ['▸', '>'],
  follow: ['▼', 'v'],
} satisfies Record<string, [string, string]>;

export type Glyphs = { state: Record<InstanceState, string> } & Record<keyof typeof OTHER_GLYPHS, string>;
export const UNICODE = glyphSet(0);
export const ASCII = glyphSet(1);

function glyphSet(column: 0 | 1): Glyphs {
  const pick = <Name extends string>(table: Record<Name, [string, string]>) =>
    Object.fromEntries(Object.entries<[string, string]>(table).map(([name, pair]) => [name, pair[column]])) as Record<
      Name,
      string
    >;
  return { state: pick(STATE_GLYPHS), ...pick(OTHER_GLYPHS) };
}

/** ASCII only if the environment names another character set than UTF-8: unset usually means a bare container. */
export function glyphsFor(environment: Record<string, string | undefined>): Glyphs {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  const limited = locale !== '' && !/utf-?8/i.test(locale);
  return limited || environment.TERM === 'linux' ? ASCII : UNICODE;
}
