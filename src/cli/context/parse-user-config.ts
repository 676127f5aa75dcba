// The file of a user's own settings → settings, or what is wrong with it.
import type { WireError } from '../../api/protocol.ts';
import { suggestionHint } from '../../config/problem/suggest.ts';
import type { KeyBinding } from '../../tui/model/keymap.ts';
import { changeableNames, isKey, withOwnKeys } from '../../tui/model/own-keys.ts';
import { BUILT_IN_THEMES, COLOUR_NAMES, ownTheme, STYLE_NAMES, themeColour } from '../../tui/view/own-theme.ts';
import type { TextStyle, Theme, ThemeColour } from '../../tui/view/themes.ts';
import { readSettings, type Setting } from './settings-file.ts';

export type UserConfig = {
  /** The view asks before it stops the project, and before commands for several instances. */
  confirm: boolean;
  /** Sentences in the place of the full-screen view. */
  screenReader: boolean;
  /** The view takes the mouse. */
  mouse: boolean;
  /** Missing: as the terminal says. */
  theme?: Theme;
  /** Missing: the usual keys. */
  bindings?: readonly KeyBinding[];
};

export function parseUserConfig(file: string): UserConfig | { error: WireError } {
  return readSettings(file, readRoot);
}

function readRoot(root: Setting): UserConfig {
  const view = root.map(['view']).get('view')?.map(['confirm', 'screen_reader', 'mouse', 'theme', 'themes', 'keys']);
  const themes = readThemes(view?.get('themes'));
  const theme = view?.get('theme');
  const keys = view?.get('keys');
  return {
    confirm: view?.get('confirm')?.boolean() ?? true,
    screenReader: view?.get('screen_reader')?.boolean() ?? false,
    mouse: view?.get('mouse')?.boolean() ?? true,
    ...(theme && { theme: chosenTheme(theme, themes) }),
    ...(keys && { bindings: readKeys(keys) }),
  };
}

function chosenTheme(setting: Setting, themes: ReadonlyMap<string, Theme>): Theme {
  const name = setting.text();
  const theme = name === null ? undefined : themes.get(name);
  if (theme !== undefined) return theme;
  const known = [...themes.keys()];
  throw setting.wrong('a theme', name === null ? `themes: ${known.join(', ')}` : suggestionHint(name, known, 'themes'));
}

/** With the built-in ones. */
function readThemes(setting: Setting | undefined): ReadonlyMap<string, Theme> {
  const themes = new Map(Object.entries(BUILT_IN_THEMES));
  for (const [name, theme] of setting?.map(null) ?? []) {
    if (name in BUILT_IN_THEMES) throw theme.mistake(`"${name}" is a theme of orch`, 'choose another name');
    const { like, ...styles } = Object.fromEntries(theme.map(['like', ...STYLE_NAMES]));
    const base = like ? chosenTheme(like, themes) : BUILT_IN_THEMES.dark!;
    themes.set(name, ownTheme(base, new Map(Object.entries(styles).map(([key, style]) => [key, readStyle(style!)]))));
  }
  return themes;
}

/** A colour, or what else a style may have. */
function readStyle(setting: Setting): TextStyle {
  if (!setting.isMap) return { color: readColour(setting) };
  const parts = setting.map(['text', 'background', 'bold', 'dim', 'inverse']);
  const text = parts.get('text');
  const background = parts.get('background');
  return {
    ...(text && { color: readColour(text) }),
    ...(background && { backgroundColor: readColour(background) }),
    ...(parts.get('bold')?.boolean() && { bold: true }),
    ...(parts.get('dim')?.boolean() && { dimColor: true }),
    ...(parts.get('inverse')?.boolean() && { inverse: true }),
  };
}

function readColour(setting: Setting): ThemeColour {
  const text = setting.text();
  const colour = text === null ? null : themeColour(text);
  if (colour !== null) return colour;
  const hint = suggestionHint(text ?? '', COLOUR_NAMES, 'colours');
  throw setting.wrong('a colour', `${hint}; or "#0057b8", in quotes`);
}

function readKeys(setting: Setting): readonly KeyBinding[] {
  const chosen = setting.map(changeableNames());
  const own = new Map([...chosen].map(([name, keys]) => [name, keys.list().map(readKey)]));
  const bindings = withOwnKeys(own);
  if (!('key' in bindings)) return bindings;
  const { key, name, other } = bindings;
  const hint = own.has(other) ? `give \`${other}\` another key` : `that key stays; choose another one`;
  throw chosen.get(name)!.mistake(`"${key}" is the key of \`${other}\``, hint);
}

function readKey(setting: Setting): string {
  const text = setting.text();
  if (text === null || !isKey(text)) throw setting.wrong('a key', 'such as "r", "R", "ctrl+r", pageup, space, enter');
  return text;
}
