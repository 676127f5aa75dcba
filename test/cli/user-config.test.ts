// The settings of a user: themes and keys, and mistakes with their place and a remedy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseUserConfig, type UserConfig } from '../../src/cli/context/parse-user-config.ts';
import { readUserConfig } from '../../src/cli/context/user-config.ts';
import { actionOf } from '../../src/tui/model/key-actions.ts';
import { DARK, LIGHT } from '../../src/tui/view/themes.ts';

const directory = mkdtempSync(join(tmpdir(), 'orch-user-'));
const file = join(directory, 'config.yaml');
afterAll(() => rmSync(directory, { recursive: true }));

const USUAL = { confirm: true, screenReader: false, mouse: true };

function parsed(text: string) {
  writeFileSync(file, text);
  return parseUserConfig(file);
}
function good(text: string): UserConfig {
  const config = parsed(text);
  if ('error' in config) throw new Error(config.error.message);
  return config;
}

test('without a file, and in an empty one, everything is as usual', async () => {
  expect(await readUserConfig({ XDG_CONFIG_HOME: join(directory, 'none') })).toEqual(USUAL);
  for (const text of ['', '# nothing\n', 'view:\n', 'view: {}\n']) expect(good(text)).toEqual(USUAL);
});

test('questions, screen reader and mouse are switched', () => {
  expect(good('view: { confirm: false, screen_reader: true, mouse: false }')).toEqual({
    confirm: false,
    screenReader: true,
    mouse: false,
  });
});

describe('themes', () => {
  test('a built-in one', () => {
    expect(good('view: { theme: light }').theme).toBe(LIGHT);
    expect(good('view: { theme: dark }').theme).toBe(DARK);
  });

  test('an own one replaces what it names', () => {
    const { theme } = good(`
view:
  theme: second
  themes:
    first: { like: light, good: bright_green, name_1: "#abc" }
    second: { like: first, selected: { text: black, background: "#80cbc4", bold: true }, dim: { dim: true } }
`);
    expect(theme).toEqual({
      styles: {
        ...LIGHT.styles,
        good: { color: 'greenBright' },
        hue0: { color: '#abc' },
        dim: { dimColor: true },
      },
      selected: { color: 'black', backgroundColor: '#80cbc4', bold: true },
    });
  });
});

describe('keys', () => {
  const keysOf = (text: string) => {
    const { bindings } = good(`view:\n  keys: ${text}\n`);
    return (key: string, context: 'main' | 'logs' | 'why' = 'main') => actionOf(key, context, bindings);
  };

  test('take the place of the usual ones', () => {
    const action = keysOf('{ restart: R, why: [w, "ctrl+w"], copy: [], toggle_fold: enter }');
    expect([action('R'), action('r'), action('R', 'logs')]).toEqual(['restart', null, 'restart']);
    expect([action('w'), action('ctrl+w'), action('c'), action('space')]).toEqual(['why', 'why', null, 'mark']);
    expect(action('escape', 'why')).toBe('back');
    expect(action('ctrl+c')).toBe('interrupt');
  });

  test('a key of the user is taken from the action that has it by default', () => {
    const action = keysOf('{ restart: s, why: [w, e] }');
    expect([action('s'), action('r'), action('e'), action('e', 'logs')]).toEqual(['restart', null, 'why', 'why']);
    expect(keysOf('{ restart: down }')('j')).toBe('next');
  });

  test('are exchanged when both get another one', () => {
    const action = keysOf('{ restart: s, stop_or_start: r }');
    expect([action('s'), action('r')]).toEqual(['restart', 'stopOrStart']);
  });
});

test.each([
  ['view: { confirm: perhaps }', '1:18', '`view.confirm` must be true or false', null],
  ['veiw: {}', '1:1', 'unknown key "veiw"', 'did you mean "view"?'],
  ['view:\n  thema: dark', '2:3', 'unknown key "thema" in `view`', 'did you mean "theme"?'],
  ['view:\n  theme: ligth', '2:10', '`view.theme` must be a theme', 'did you mean "light"?'],
  ['view:\n  theme: [dark]', '2:10', '`view.theme` must be a theme', 'themes: dark, light'],
  ['view:\n  themes:\n    dark: {}', '3:11', '"dark" is a theme of orch', 'choose another name'],
  ['view:\n  themes:\n    a: { like: b }', '3:16', '`view.themes.a.like` must be a theme', 'themes: dark, light'],
  ['view:\n  themes:\n    a: { god: red }', '3:10', 'unknown key "god" in `view.themes.a`', 'did you mean "good"?'],
  [
    'view:\n  themes:\n    a: { good: gren }',
    '3:16',
    '`view.themes.a.good` must be a colour',
    'did you mean "green"?; or "#0057b8", in quotes',
  ],
  ['view:\n  themes:\n    a: { good: #0057b8 }', '', '', null],
  ['view:\n  themes:\n    a: { good: { bold: 1 } }', '3:24', '`view.themes.a.good.bold` must be true or false', null],
  ['view:\n  keys:\n    restrat: R', '3:5', 'unknown key "restrat" in `view.keys`', 'did you mean "restart"?'],
  [
    'view:\n  keys: { restart: "ctrl+c" }',
    '2:20',
    '"ctrl+c" is the key of `interrupt`',
    'that key stays; choose another one',
  ],
  ['view:\n  keys:\n    interrupt: x', '3:5', 'unknown key "interrupt" in `view.keys`', null],
  [
    'view:\n  keys: { stop_or_start: x, restart: x }',
    '2:26',
    '"x" is the key of `restart`',
    'give `restart` another key',
  ],
  ['view:\n  keys: { restart: [R, rr] }', '2:24', '`view.keys.restart[1]` must be a key', null],
  ['view:\n  keys: { restart: }', '2:20', '`view.keys.restart` must be a key', null],
  ['view: 7', '1:7', '`view` must be a map', null],
  ['[view]', '1:1', 'must be a map', null],
  ['view: [', '1:8', '', 'correct it, or remove the file'],
  ['view: { confirm: true, confirm: false }', '1:24', '', 'correct it, or remove the file'],
  ['view: &a\n  themes: *a', '', '', null],
])('%j', (text, place, message, hint) => {
  const config = parsed(text);
  if (!('error' in config)) throw new Error('no mistake was found');
  const { error } = config;
  expect(error.file).toBe(file);
  expect(error.message).toContain(message);
  if (place !== '') expect(`${error.line}:${error.column}`).toBe(place);
  if (hint !== null) expect(error.hint).toBe(hint);
});
