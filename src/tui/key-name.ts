// Ink's description of a key press → the names that the keymap uses. Pure.
import type { Key } from 'ink';

export type Pressed = { kind: 'key'; name: string } | { kind: 'pasted'; text: string };

const NAMED: [keyof Key, string][] = [
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

/** So many characters can come in one read when somebody types fast; more were pasted, and must not act as keys. */
const MAX_TYPED_AT_ONCE = 3;

/** @returns one press, or several that came in one read; none for keys without a name. */
export function pressedKeys(input: string, key: Key): Pressed[] {
  const named = NAMED.find(([flag]) => key[flag]);
  if (named !== undefined) return [{ kind: 'key', name: named[1] }];
  if (key.ctrl && input !== '') return [{ kind: 'key', name: `ctrl+${input}` }];
  if (key.meta && input !== '') return [{ kind: 'key', name: `meta+${input}` }];
  const characters = [...input];
  if (characters.length > MAX_TYPED_AT_ONCE) return [{ kind: 'pasted', text: input }];
  return characters.map((character) => ({ kind: 'key', name: characterName(character) }));
}

function characterName(character: string): string {
  if (character === ' ') return 'space';
  if (character === '\n' || character === '\r') return 'enter';
  return character < ' ' ? 'unknown' : character;
}
