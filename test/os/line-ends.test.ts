// `\r\n` of a terminal becomes `\n`, wherever its output is cut; every other byte stays.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineEnds } from '../../src/os/tty/line-ends.ts';

test('cut anywhere, the result is that of the whole', () => {
  const part = fc.oneof(fc.constantFrom('\r\n', '\r', '\n', '50 %\r', 'ä'), fc.string({ maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.nat({ max: 40 })), (parts, cuts) => {
      const bytes = Buffer.concat([Buffer.from(parts.join('')), Buffer.of(0xff, 0x80)]);
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const ends = new LineEnds();
      const pieces = at.slice(1).map((to, index) => ends.convert(bytes.subarray(at[index]!, to)));
      const whole = Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
      expect(Buffer.concat([...pieces, ends.rest()]).equals(whole)).toBe(true);
    }),
  );
});

test('an empty chunk keeps what is kept back; a return at the end is not lost', () => {
  const ends = new LineEnds();
  const texts = ['a\r', '', '\nb\r'].map((text) => ends.convert(Buffer.from(text)).toString());
  expect([...texts, ends.rest().toString()].join('|')).toBe('a||\nb|\r');
});
