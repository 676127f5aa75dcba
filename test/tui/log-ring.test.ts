// The ring of output: bounds, scrolling that stays where it is while lines come in, search.
import { describe, expect, test } from 'vitest';
import { LogRing, searchPattern } from '../../src/tui/log-ring.ts';
import { scrollLog } from '../../src/tui/scrolling.ts';
import { outputLine, ringOf } from './sample.ts';

const texts = (ring: LogRing, bottom: number | null, count: number, pattern: RegExp | null = null) =>
  ring.window(bottom, count, pattern).map((each) => each.line);

test('shows the newest lines, oldest first', () => {
  expect(texts(ringOf(100), null, 3)).toEqual(['request 97', 'request 98', 'request 99']);
  expect(texts(new LogRing(), null, 3)).toEqual([]);
});

test('keeps 5000 lines, and less of long ones', () => {
  const ring = ringOf(12_345);
  expect(ring.size).toBe(5000);
  expect(texts(ring, null, 1)).toEqual(['request 12344']);
  expect(ring.window(null, 1e6, null)[0]!.line).toBe('request 7345');

  const line = 'x'.repeat(1_000_000);
  ring.push(Array.from({ length: 5000 }, () => outputLine(1, { line })));
  expect(ring.size).toBeLessThanOrEqual(1024);
  expect(ring.window(null, 1, null)[0]!.line.length).toBe(4096);
});

test('cleans what comes in', () => {
  const ring = new LogRing();
  ring.push([outputLine(1, { line: '\x1b]0;owned\x07\x1b[32mok\x1b[0m' })]);
  expect(texts(ring, null, 1)).toEqual(['\x1b[32mok\x1b[0m']);
});

describe('scrolling', () => {
  const step = (ring: LogRing, bottom: number | null, delta: number, pattern: RegExp | null = null) =>
    scrollLog(ring, bottom, { delta, page: 10, pattern });

  test('up pauses, and new lines do not move what is seen', () => {
    const ring = ringOf(100);
    const bottom = step(ring, null, -10);
    const seen = texts(ring, bottom, 10);
    expect(seen.at(-1)).toBe('request 89');
    ring.push([outputLine(100), outputLine(101)]);
    expect(texts(ring, bottom, 10)).toEqual(seen);
  });

  test('down to the newest line follows again', () => {
    const ring = ringOf(100);
    expect(step(ring, step(ring, null, -10), 10)).toBeNull();
    expect(step(ring, step(ring, null, -10), Infinity)).toBeNull();
    expect(step(ring, null, 1)).toBeNull();
  });

  test('up ends with a full page', () => {
    const ring = ringOf(100);
    expect(texts(ring, step(ring, null, -1000), 10)[0]).toBe('request 0');
    expect(texts(ring, step(ring, null, -1000), 10)).toHaveLength(10);
    expect(step(ring, null, -Infinity)).toBe(step(ring, null, -1000));
  });

  test('of fewer lines than a page goes nowhere', () => {
    expect(step(ringOf(5), null, -10)).toBeNull();
    expect(step(new LogRing(), null, -10)).toBeNull();
  });

  test('counts matching lines only', () => {
    const ring = ringOf(100);
    const pattern = searchPattern('[05]$');
    const bottom = step(ring, null, -2, pattern);
    expect(texts(ring, bottom, 2, pattern)).toEqual(['request 80', 'request 85']);
  });

  test('what was dropped meanwhile gives way to what is left', () => {
    const ring = ringOf(100);
    const bottom = step(ring, null, -50);
    ring.push(Array.from({ length: 6000 }, (_, index) => outputLine(1000 + index)));
    expect(texts(ring, bottom, 5).length).toBeGreaterThan(0);
  });
});

test.each([
  ['err', 'ERROR', true],
  ['Err', 'ERROR', false],
  ['err.r', 'error', true],
  ['a(', 'a(b', true],
  ['[', 'x[y', true],
])('search for %j in %j: %j', (search, text, found) => {
  expect(searchPattern(search)!.test(text)).toBe(found);
});

test('an empty search is none', () => {
  expect(searchPattern('')).toBeNull();
});
