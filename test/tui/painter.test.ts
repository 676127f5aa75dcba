// Painter: the fewest bytes from one frame to the next.
import { expect, test } from 'vitest';
import { Painter } from '../../src/tui/painter.ts';

/** Places that are written, and what is written there. */
const changes = (bytes: string) =>
  [...bytes.matchAll(/\x1b\[(\d+);1H(?:\x1b\[0m\x1b\[2K([^\x1b]*)|(\x1b\[J))/g)].map((match) => [
    Number(match[1]),
    match[3] === undefined ? match[2] : 'erase below',
  ]);

test('the first frame is complete, and the screen below it is erased', () => {
  expect(changes(new Painter().paint(['a', 'b']))).toEqual([
    [1, 'a'],
    [2, 'b'],
    [3, 'erase below'],
  ]);
});

test('the same frame again writes nothing', () => {
  const painter = new Painter();
  painter.paint(['a', 'b']);
  expect(painter.paint(['a', 'b'])).toBe('');
});

test('a changed row writes that row only', () => {
  const painter = new Painter();
  painter.paint(['a', 'b', 'c']);
  expect(changes(painter.paint(['a', 'x', 'c']))).toEqual([[2, 'x']]);
});

test('a shorter frame erases the remaining rows', () => {
  const painter = new Painter();
  painter.paint(['a', 'b', 'c']);
  expect(changes(painter.paint(['a']))).toEqual([[2, 'erase below']]);
  expect(changes(painter.paint(['a', 'b']))).toEqual([[2, 'b']]);
});

test('the frame is complete again after invalidate', () => {
  const painter = new Painter();
  painter.paint(['a']);
  painter.invalidate();
  expect(changes(painter.paint(['a']))).toEqual([
    [1, 'a'],
    [2, 'erase below'],
  ]);
});

test('a frame is one synchronized update', () => {
  expect(new Painter().paint(['a'])).toMatch(/^\x1b\[\?2026h.*\x1b\[\?2026l$/s);
});
