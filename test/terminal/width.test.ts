// Widths: as string-width measures; cut, padded and wrapped text is never too wide.
import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { isOneColumnEach, stripSgr } from '../../src/terminal/sanitize.ts';
import { clip, clipMiddle, fitWidth, widthOf, wrap } from '../../src/terminal/width.ts';

test.each([
  ['ascii', 5],
  ['日本語', 6],
  ['👩‍👩‍👧', 2],
  ['⚡', 2],
  ['✅', 2],
  ['⭐', 2],
  ['e\u0301', 1],
  ['\x1b[31mred\x1b[0m', 3],
  ['', 0],
])('%j takes %i columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});

describe('the width is that of string-width', () => {
  test('for each character of the lower blocks, each emoji, and samples of the rest', () => {
    const different: string[] = [];
    for (let code = 0x20; code <= 0x10_ffff; code += code < 0x3400 || (code >= 0x1_f000 && code < 0x1_fb00) ? 1 : 31) {
      const character = String.fromCodePoint(code);
      if (code !== 0x9b && widthOf(character) !== stringWidth(character)) different.push(code.toString(16));
    }
    expect(different).toEqual([]);
  }, 60_000);

  test('for what characters form together', () => {
    const character = fc.constantFrom(
      ...'a1#*日ｱﾞ한ㅎกำのがनिकष्⚡☕✅❤👩👧👍🏽🇩🇪',
      ...['\u0301', '\u20e3', '\u200d', '\ufe0e', '\ufe0f', '\u0903', '\u093e', '\u0bbe', '\u0e33', '\u200b', '\u115f'],
      ...['\u1100', '\u1161', '\u11a8', '\ua960', '\ud7b0', '\ud7cb', '\uac00', '\u{1f3f4}', '\u{e0067}', '\u{e007f}'],
      ...['👩‍👩‍👧', '🏳️‍🌈', '\x1b[31m', '\x1b[38:5:1m'],
    );
    const text = fc.array(fc.oneof(character, fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 12 });
    fc.assert(
      fc.property(text, (pieces) => {
        expect(widthOf(pieces.join(''))).toBe(stringWidth(pieces.join('')));
      }),
      { numRuns: 5000 },
    );
  });

  test('and measuring one very long grapheme is fast', () => {
    const started = performance.now();
    expect(widthOf(`👩${'\u200d'.repeat(60_000)}`)).toBe(2);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

test('isOneColumnEach accepts only characters of one column', () => {
  const claimed = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).filter(isOneColumnEach);
  expect(claimed.length).toBeGreaterThan(900);
  expect(claimed.filter((character) => stringWidth(character) !== 1)).toEqual([]);
});

describe('clip', () => {
  test.each([
    ['abcdef', 4, 'abc…'],
    ['abcdef', 6, 'abcdef'],
    ['日本語', 4, '日…'],
    ['日本語', 5, '日本…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
    ['abc', -3, ''],
    ['\x1b[31mabcdef\x1b[0m', 4, '\x1b[31mabc…\x1b[0m'],
  ])('%j to %i columns', (text, width, expected) => {
    expect(clip(text, width)).toBe(expected);
  });

  test('is never wider than requested', () => {
    const piece = fc.constantFrom('a', '日', '👩‍👩‍👧', '\x1b[31m', '\x1b[0m', 'e\u0301', '…', '🇩🇪');
    fc.assert(
      fc.property(fc.array(piece), fc.integer({ min: 0, max: 30 }), (pieces, width) => {
        const text = pieces.join('');
        expect(widthOf(clip(text, width))).toBeLessThanOrEqual(width);
        expect(widthOf(fitWidth(text, width))).toBe(width);
        for (const part of wrap(text, Math.max(2, width), 100))
          expect(widthOf(part)).toBeLessThanOrEqual(Math.max(2, width));
      }),
    );
  });
});

test.each([
  ['orders-eu', 9, 'orders-eu'],
  ['orders-for-eu', 9, 'orde…r-eu'],
  ['日本語の名前', 8, '日本…前'],
  ['orders', 2, 'o…'],
  ['orders', 1, '…'],
  ['orders', 0, ''],
])('%j cut in its middle to %i columns', (text, width, cut) => {
  expect(clipMiddle(text, width)).toBe(cut);
});

describe('wrap', () => {
  test('loses nothing', () => {
    const text = 'the quick brown fox 日本語 jumps';
    expect(wrap(text, 7, 100).join('')).toBe(text);
  });

  test('carries colours over the cut and ends each piece plain', () => {
    expect(wrap('\x1b[31mabcdef\x1b[0mg', 3, 9).slice(0, 2)).toEqual([
      '\x1b[31mabc\x1b[0m',
      '\x1b[31mdef\x1b[0m\x1b[0m',
    ]);
    expect(wrap('\x1b[31mabcdef\x1b[0mg', 3, 9).map(stripSgr)).toEqual(['abc', 'def', 'g']);
  });

  test('stops after the given number of pieces, with an ellipsis', () => {
    expect(wrap('x'.repeat(100), 10, 3).map(stripSgr)).toEqual(['x'.repeat(10), 'x'.repeat(10), `${'x'.repeat(9)}…`]);
  });

  test('takes one character per piece when none fits', () => {
    expect(wrap('日本', 1, 10).length).toBeLessThanOrEqual(3);
  });
});
