// KeyReader: Ink's description of a key to names, typed and pasted.
import type { Key } from 'ink';
import { expect, test } from 'vitest';
import { type KeyPress, KeyReader } from '../../src/tui/keyboard.ts';

const key = (change: Partial<Key> = {}) => change as Key;
const names = (pressed: KeyPress[]) => pressed.map((each) => (each.kind === 'key' ? each.name : `pasted ${each.text}`));

test.each<[string, Partial<Key>, string[]]>([
  ['j', {}, ['j']],
  ['G', { shift: true }, ['G']],
  [' ', {}, ['space']],
  ['', { upArrow: true }, ['up']],
  ['', { return: true }, ['enter']],
  ['', { escape: true, meta: true }, ['escape']],
  ['c', { ctrl: true }, ['ctrl+c']],
  ['x', { meta: true }, ['meta+x']],
  ['日', {}, ['日']],
  ['👩‍👩‍👧'.slice(0, 2), {}, ['👩']],
  ['', {}, []],
  ['jjk', {}, ['j', 'j', 'k']],
  ['\x03\x03', {}, ['ctrl+c', 'ctrl+c']],
  ['-\t\r', {}, ['-', 'tab', 'enter']],
  ['a\x7f', {}, ['a', 'backspace']],
  ['rm -rf everything right now', {}, ['pasted rm -rf everything right now']],
])('%j with %j is %j', (input, change, expected) => {
  expect(names(new KeyReader().read(input, key(change)))).toEqual(expected);
});

test('text between the brackets of a paste does not act as keys', () => {
  const reader = new KeyReader();
  const all = ['[200~', 'q', '', 'sd', '[201~', 'w'].flatMap((input) => names(reader.read(input, key())));
  expect(all).toEqual(['pasted q', 'pasted sd', 'w']);
});
