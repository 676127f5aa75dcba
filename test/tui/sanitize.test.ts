// Hostile texts: whatever is printed, only SGR and visible characters come through.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepSgrOnly, stripSequences, stripSgr } from '../../src/terminal/sanitize-line.ts';
import { HOSTILE } from './hostile.ts';

/** Nothing but printable characters and SGR sequences. */
const SAFE =
  /^(?:[^\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|\x1b\[[\d;:]*m)*$/u;

describe('output of a child', () => {
  test.each(HOSTILE)('%s', (_what, text) => {
    expect(keepSgrOnly(`before${text}after`)).toMatch(SAFE);
    expect(keepSgrOnly(`before${text}after`)).toContain('after');
    expect(stripSequences(`before${text}after`)).not.toContain('\x1b');
  });

  test('of any characters at all, nothing but SGR passes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]',
        '\x9b',
        '\x9d',
        '\x07',
        '\x1b\\',
        '\r',
        '\t',
        'm',
        '0;1',
        '2J',
        '52;c;',
        '\x18',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        return (
          SAFE.test(keepSgrOnly(text)) && SAFE.test(stripSequences(text)) && !stripSequences(text).includes('\x1b')
        );
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  test.each([
    ['colours stay', '\x1b[31mred\x1b[0m', '\x1b[31mred\x1b[0m'],
    ['colours with colons stay', '\x1b[38:2::1:2:3mx\x1b[m', '\x1b[38:2::1:2:3mx\x1b[m'],
    ['an 8-bit CSI becomes the usual one', '\x9b32mgreen', '\x1b[32mgreen'],
    ['of a progress bar the last state stays', '10%\r50%\r100%', '100%'],
    ['Windows line ends', 'text\r', 'text'],
    ['tabs reach to the next eighth column', 'a\tb', 'a       b'],
    ['a sequence cut off by the end of the line', 'text\x1b[3', 'text'],
    ['an OSC without an end takes what belongs to it', 'text\x1b]0;title', 'text'],
    ['emoji with joiners stay whole', '👩‍👩‍👧 ok', '👩‍👩‍👧 ok'],
  ])('%s', (_what, text, shown) => {
    expect(keepSgrOnly(text)).toBe(shown);
  });

  test('a sequence put together by what was cut out of it does not work', () => {
    expect(keepSgrOnly('\x1b\x1b[2J[2J')).toMatch(SAFE);
    expect(keepSgrOnly('\x1b\x1b]0;x\x07]52;c;aGk=\x07')).toMatch(SAFE);
  });
});

test('names and reasons lose colours and line breaks', () => {
  expect(stripSequences('a\nb\x1b[31mc\x1b[0m\td')).toBe('a bc d');
  expect(stripSgr('\x1b[1mbold\x1b[22m')).toBe('bold');
});
