// Ink's description of a key press → the names of the keymap. Tells pasted text from typed keys.
import type { Key } from 'ink';

export type KeyPress = { kind: 'key'; name: string } | { kind: 'pasted'; text: string };

const KEY_NAMES: [keyof Key, string][] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
];

/** Brackets of a paste (private mode 2004), as Ink leaves them. */
const PASTE_START = '[200~';
const PASTE_END = '[201~';
/** A longer read was not typed, even if the terminal does not support brackets. */
const MAX_TYPED_AT_ONCE = 24;

export class KeyReader {
  #isPasting = false;

  /** @returns one press, or several that came in one read; none for keys without a name. */
  read(input: string, key: Key): KeyPress[] {
    if (input === PASTE_START || input === PASTE_END) {
      this.#isPasting = input === PASTE_START;
      return [];
    }
    if (this.#isPasting) return input === '' ? [] : [{ kind: 'pasted', text: input }];
    return pressedKeys(input, key);
  }
}

function pressedKeys(input: string, key: Key): KeyPress[] {
  const named = KEY_NAMES.find(([flag]) => key[flag]);
  if (named !== undefined) return [{ kind: 'key', name: key.shift ? shifted(named[1]) : named[1] }];
  if (key.ctrl && input !== '') return [{ kind: 'key', name: `ctrl+${input}` }];
  if (key.meta && input !== '') return [{ kind: 'key', name: `meta+${input}` }];
  const characters = [...input];
  if (characters.length > MAX_TYPED_AT_ONCE) return [{ kind: 'pasted', text: input }];
  return characters.map((character) => ({ kind: 'key', name: characterName(character) }));
}

/** Of the keys that move, the others mean the same. */
const shifted = (name: string): string => (/^(up|down|left|right|home|end)$/.test(name) ? `shift+${name}` : name);

/** For several keys in one read: Ink names only a single key. */
function characterName(character: string): string {
  const named: Record<string, string> = {
    ' ': 'space',
    '\n': 'enter',
    '\r': 'enter',
    '\t': 'tab',
    '\x7f': 'backspace',
  };
  if (character in named) return named[character]!;
  return character < ' ' ? `ctrl+${String.fromCharCode(character.charCodeAt(0) + 0x60)}` : character;
}
