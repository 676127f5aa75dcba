// The style and the glyph of each state, and the other glyphs. Every state also has a glyph and a word, so that nothing depends
// on colour alone.
import type { InstanceState } from '../../api/protocol.ts';
import type { CellStyle } from './line.ts';

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
  marked: ['◆', '@'],
  rule: ['─', '-'],
  bar: ['│', '|'],
  errorBar: ['┃', '!'],
  dot: ['·', '-'],
  multiplier: ['×', 'x'],
  pause: ['‖', '='],
  /** Of a tree: a branch, the last one, a level that continues. */
  tee: ['├─', '|-'],
  elbow: ['└─', '`-'],
  pipe: ['│ ', '| '],
  /** Whether a condition holds. */
  met: ['✓', '+'],
  unmet: ['◌', '.'],
  /** Of a bar. */
  full: ['█', '#'],
  empty: ['░', '.'],
  because: ['└', '-'],
  remedy: ['▸', '>'],
  follow: ['▼', 'v'],
  descending: ['▼', 'v'],
  ascending: ['▲', '^'],
  /** From nothing to all: the only ones that are several. */
  levels: ['▁▂▃▄▅▆▇█', '_.-:=+*#'],
} satisfies Record<string, [string, string]>;

export type Glyphs = { state: Record<InstanceState, string> } & Record<keyof typeof OTHER_GLYPHS, string>;
export const UNICODE = glyphSet(0);
export const ASCII = glyphSet(1);

/** Read aloud: words, or nothing. */
export const SPOKEN: Glyphs = {
  ...ASCII,
  state: Object.fromEntries(Object.keys(STATE_GLYPHS).map((state) => [state, ''])) as Glyphs['state'],
  tee: '',
  elbow: '',
  pipe: '',
  full: '',
  empty: '',
  met: '',
  unmet: 'not yet:',
  because: 'because',
  remedy: 'remedy:',
};

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
