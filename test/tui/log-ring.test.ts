// LogRing: bounds, a scroll position that stays while lines arrive, search.
import { describe, expect, test } from 'vitest';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { isMatch, type SearchPattern, searchPattern } from '../../src/tui/model/search-pattern.ts';
import { scrollLog } from '../../src/tui/view/scrolling.ts';
import { outputLine, ringOf } from './sample.ts';

const texts = (ring: LogRing, bottom: number | null, count: number, pattern: SearchPattern = null) =>
  ring.window(bottom, count, pattern).map((each) => each.line);

test('the ring shows the newest lines, oldest first', () => {
  expect(texts(ringOf(100), null, 3)).toEqual(['request 97', 'request 98', 'request 99']);
  expect(texts(new LogRing(), null, 3)).toEqual([]);
});

test('the ring keeps 5000 lines, and fewer long ones', () => {
  const ring = ringOf(12_345);
  expect(ring.size).toBe(5000);
  expect(texts(ring, null, 1)).toEqual(['request 12344']);
  expect(ring.window(null, 1e6, null)[0]!.line).toBe('request 7345');

  const line = 'x'.repeat(1_000_000);
  ring.push(Array.from({ length: 5000 }, () => outputLine(1, { line })));
  expect(ring.size).toBeLessThanOrEqual(1024);
  expect(ring.window(null, 1, null)[0]!.line.length).toBe(4096);
});

test('the ring sanitizes new lines', () => {
  const ring = new LogRing();
  ring.push([outputLine(1, { line: '\x1b]0;owned\x07\x1b[32mok\x1b[0m' })]);
  expect(texts(ring, null, 1)).toEqual(['\x1b[32mok\x1b[0m']);
});

describe('scrolling', () => {
  const step = (ring: LogRing, bottom: number | null, delta: number, pattern: SearchPattern = null) =>
    scrollLog(ring, bottom, delta, { height: 10, pattern });

  test('up pauses, and new lines do not move the visible lines', () => {
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

  test('fewer lines than a page do not scroll', () => {
    expect(step(ringOf(5), null, -10)).toBeNull();
    expect(step(new LogRing(), null, -10)).toBeNull();
  });

  test('counts matching lines only', () => {
    const ring = ringOf(100);
    const pattern = searchPattern('[05]$');
    const bottom = step(ring, null, -2, pattern);
    expect(texts(ring, bottom, 2, pattern)).toEqual(['request 80', 'request 85']);
  });

  test('when the visible lines are dropped, the page shows the oldest lines', () => {
    const ring = ringOf(100);
    const bottom = step(ring, null, -50);
    ring.push(Array.from({ length: 6000 }, (_, index) => outputLine(1000 + index)));
    expect(texts(ring, bottom, 3)).toEqual(['request 2000', 'request 2001', 'request 2002']);
  });
});

describe('while the output is paused', () => {
  const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => outputLine(from + index));
  const pausedRing = (before: number, after: number) => {
    const ring = ringOf(before);
    ring.setPaused(true);
    for (let from = before; from < before + after; from += 1000) ring.push(many(from, 1000));
    return ring;
  };

  test('the visible lines stay, and all older ones', () => {
    const ring = pausedRing(6000, 20_000);
    expect(texts(ring, 5800, 3)).toEqual(['request 5798', 'request 5799', 'request 5800']);
    expect(texts(ring, 1001, 3)).toEqual(['request 1000', 'request 1001']);
    expect(ring.lastSeq).toBe(25_999);
  });

  test('the newest lines follow a mark for the missing ones', () => {
    const ring = pausedRing(6000, 20_000);
    expect(texts(ring, null, 1)).toEqual(['request 25999']);
    const next = scrollLog(ring, 5999, 2, { height: 10, pattern: null });
    expect(texts(ring, next, 3)).toEqual(['request 5999', '… 15,000 lines not kept while paused', 'request 21000']);
    expect(ring.size).toBe(10_001);
  });

  test('no line is missing while there is room', () => {
    const ring = pausedRing(100, 1000);
    expect(ring.window(null, 1e6, null).map((each) => each.seq)).toEqual(Array.from({ length: 1100 }, (_, seq) => seq));
  });

  test('following again keeps the newest 5000', () => {
    const ring = pausedRing(6000, 20_000);
    ring.setPaused(false);
    expect(ring.size).toBe(5000);
    ring.push(many(26_000, 10));
    expect(ring.size).toBe(5000);
    expect(texts(ring, null, 1)).toEqual(['request 26009']);
    const short = pausedRing(100, 1000);
    short.setPaused(false);
    expect(texts(short, null, 1100)[0]).toBe('request 0');
  });

  test('another output starts empty', () => {
    const ring = pausedRing(6000, 20_000);
    ring.clear();
    expect(ring.size).toBe(0);
    ring.push(many(1, 2));
    expect(texts(ring, null, 5)).toEqual(['request 1', 'request 2']);
  });
});

test.each([
  ['err', 'ERROR', true],
  ['Err', 'ERROR', false],
  ['err.r', 'error', true],
  ['a(', 'a(b', true],
  ['[', 'x[y', true],
])('search for %j in %j: %j', (search, text, found) => {
  expect(isMatch(searchPattern(search), text)).toBe(found);
});

test('an empty search matches everything', () => {
  expect(searchPattern('')).toBeNull();
});
