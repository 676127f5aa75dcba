// KeyReader: Ink's description of input to names of keys, typed and pasted, and to reports of the mouse.
import type { Key } from 'ink';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type InputEvent, KeyReader } from '../../src/tui/keyboard.ts';
import { parseMouseReport } from '../../src/tui/model/mouse-report.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] }));
afterEach(() => void vi.useRealTimers());

function nameOf(event: InputEvent): string {
  if (event.kind === 'mouse') return `${event.report.kind} ${event.report.column},${event.report.row}`;
  return event.kind === 'key' ? event.name : `pasted ${event.text}`;
}

/** @param reads what Ink passes on, one after the other; null: a pause that is longer than between parts of a sequence */
function namesOf(...reads: (string | [string, Partial<Key>] | null)[]): string[] {
  const names: string[] = [];
  const reader = new KeyReader((event) => names.push(nameOf(event)));
  for (const each of reads) {
    if (each === null) vi.advanceTimersByTime(100);
    else if (typeof each === 'string') reader.read(each, {});
    else reader.read(...each);
  }
  vi.advanceTimersByTime(100);
  return names;
}

const ESC: [string, Partial<Key>] = ['', { escape: true, meta: true }];

test.each<[string, Partial<Key>, string[]]>([
  ['j', {}, ['j']],
  ['G', { shift: true }, ['G']],
  [' ', {}, ['space']],
  ['', { upArrow: true }, ['up']],
  ['', { upArrow: true, shift: true }, ['shift+up']],
  ['', { pageUp: true, shift: true }, ['pageup']],
  ['', { return: true }, ['enter']],
  ['', { escape: true, meta: true }, ['escape']],
  ['c', { ctrl: true }, ['ctrl+c']],
  ['x', { meta: true }, ['meta+x']],
  ['[', {}, ['[']],
  ['[<', {}, ['[', '<']],
  ['日', {}, ['日']],
  ['👩‍👩‍👧'.slice(0, 2), {}, ['👩']],
  ['', {}, []],
  ['jjk', {}, ['j', 'j', 'k']],
  ['\x03\x03', {}, ['ctrl+c', 'ctrl+c']],
  ['-\t\r', {}, ['-', 'tab', 'enter']],
  ['a\x7f', {}, ['a', 'backspace']],
  ['rm -rf everything right now', {}, ['pasted rm -rf everything right now']],
])('%j with %j is %j', (input, change, expected) => {
  expect(namesOf([input, change])).toEqual(expected);
});

test('text between the brackets of a paste does not act as keys', () => {
  expect(namesOf('[200~', 'q', '', 'sd', '[201~', 'w')).toEqual(['pasted q', 'pasted sd', 'w']);
});

describe('reports of the mouse', () => {
  test.each([
    ['[<0;1;1M', 'press 0,0'],
    ['[<0;10;5m', 'release 9,4'],
    ['[<32;200;50M', 'drag 199,49'],
    ['[<64;3;4M', 'wheelUp 2,3'],
    ['[<65;3;4M', 'wheelDown 2,3'],
    ['[<81;3;4M', 'wheelDown 2,3'], // with Ctrl
    ['[<2;3;4M', 'other 2,3'],
    ['[<35;3;4M', 'other 2,3'],
    ['[<66;3;4M', 'other 2,3'],
  ])('%j is %j', (input, expected) => {
    expect(namesOf(input)).toEqual([expected]);
  });

  test('in parts, wherever it is cut, it is one report and no key', () => {
    const report = '[<65;10;5M';
    for (let cut = 0; cut < report.length; cut++) {
      const first = cut === 0 ? ESC : report.slice(0, cut);
      expect(namesOf(first, report.slice(cut))).toEqual(['wheelDown 9,4']);
    }
    const singles = [...report].map((character) => character);
    expect(namesOf(ESC, ...singles, 'q')).toEqual(['wheelDown 9,4', 'q']);
  });

  test('what follows it in the same read are keys', () => {
    expect(namesOf(ESC, '[<0;10;5Mjj')).toEqual(['press 9,4', 'j', 'j']);
    expect(namesOf('[<0;1', '0;5Mq')).toEqual(['press 9,4', 'q']);
  });

  test('keys that begin like one are keys, in their order', () => {
    expect(namesOf(ESC, 'q')).toEqual(['escape', 'q']);
    expect(namesOf(ESC, ESC, null, 'w')).toEqual(['escape', 'escape', 'w']);
    expect(namesOf(ESC, null, '[<0;10;5M'.slice(1))).toEqual(['escape', ...'<0;10;5M']);
    expect(namesOf(ESC, '', ['', { upArrow: true }])).toEqual(['escape', 'up']);
    expect(namesOf('[<0;1', ['', { return: true }])).toEqual([...'[<0;1', 'enter']);
    expect(namesOf('[', null, '<', null, '0')).toEqual(['[', '<', '0']);
  });

  test('pasted text that looks like one is text', () => {
    expect(namesOf('[200~', 'a', '[<0;10;5M', '[<0;1', '[201~', 'w')).toEqual([
      'pasted a',
      'pasted [<0;10;5M',
      'pasted [<0;1',
      'w',
    ]);
    expect(namesOf(ESC, '[200~', 'x', '[201~')).toEqual(['escape', 'pasted x']);
  });

  test.each(['[<0;10M', '[<a;1;1M', '[<0;1;1X', '[<0;1;1;1M', '[<9999;1;1M', '[M !!', 'x[<0;1;1M', '<0;1;1M'])(
    '%j is not one',
    (text) => {
      expect(parseMouseReport(text)).toBeNull();
    },
  );
});
