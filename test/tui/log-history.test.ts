// The output of the view covers the whole log: scrolling and searching over rotated and compressed files.
import { appendFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { MAX_PAUSED_LINES } from '../../src/tui/model/paused-lines.ts';
import {
  followed,
  follower,
  hit,
  iso,
  numbered,
  path,
  ring,
  state,
  texts,
  type,
  until,
  writeFiles,
} from './output-stage.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('scrolling', () => {
  test('up continues into rotated and compressed files, to the first line', async () => {
    writeFiles();
    await followed('line 19999.');
    for (let presses = 0; ring.mayHaveOlder || presses < 10; presses++) {
      const size = ring.size;
      type('pageup');
      if (ring.mayHaveOlder && ring.around(state.logBottom).older < 500)
        await until('older lines are read', () => ring.size > size || !ring.mayHaveOlder);
      if (presses > 2000) throw new Error('no end');
    }
    expect(texts()).toEqual(Array.from({ length: 20_000 }, (_, number) => `line ${number}.`));
  });

  test('Home shows the first lines of the log, and down comes back without a missing line', async () => {
    writeFiles();
    await followed('line 19999.');
    type('home');
    await until('the first line is there', () => texts()[0] === 'line 0.');
    expect(ring.window(state.logBottom, 20, null)[0]!.line).toBe('line 0.');
    const seen = new Set<string>();
    for (let presses = 0; state.logBottom !== null; presses++) {
      for (const each of ring.window(state.logBottom, 20, null)) seen.add(each.line);
      type('pagedown');
      const below = () => ring.untilGap(state.logBottom) ?? Infinity;
      if (below() < 100) await until('newer lines are read', () => below() > 100);
      if (presses > 2000) throw new Error('no end');
    }
    for (const each of ring.window(null, 20, null)) seen.add(each.line);
    expect([...seen].filter((each) => each.startsWith('…'))).toEqual([]);
    expect(seen.size).toBe(20_000);
  });

  test('End follows again, with the newest lines only', async () => {
    writeFiles();
    await followed('line 19999.');
    type('home');
    await until('the first line is there', () => texts()[0] === 'line 0.');
    appendFileSync(path, numbered(20_000, 20_010));
    await until('a new line comes', () => texts().at(-1) === 'line 20009.');
    type('end');
    expect(texts().slice(-11)).toEqual(Array.from({ length: 11 }, (_, index) => `line ${19_999 + index}.`));
    expect(texts()).not.toContain('line 0.');
  });

  test('no more than a bounded number of lines is kept', async () => {
    writeFileSync(path, numbered(0, 60_000));
    await followed('line 59999.');
    type('home');
    await until('the first line is there', () => texts()[0] === 'line 0.');
    for (let reads = 0; reads < 25; reads++) {
      const place = ring.gapPlace();
      follower.read({ kind: 'newer' });
      await until('newer lines are read', () => ring.gapPlace()?.timeMs !== place?.timeMs);
    }
    expect(ring.size).toBeLessThanOrEqual(MAX_PAUSED_LINES + 5001);
    expect(ring.mayHaveOlder).toBe(true);
  });
});

describe('a search', () => {
  test('finds in all files, newest first, with the lines around, and back', async () => {
    writeFiles();
    await followed('line 19999.');
    type('/', ...'line .*777\\.', 'enter');
    expect(hit()).toBe('line 19777.');
    const found = ['line 19777.'];
    for (let count = 1; count < 20; count++) {
      const before = hit();
      type('n');
      await until('the next one', () => hit() !== before);
      found.push(hit()!);
      const page = ring.window(state.logBottom, 20, null).map((each) => each.line);
      expect(page).toContain(hit());
      const above = () => ring.window(state.searchHit, 10, null).length;
      await until('lines before it', () => above() === 10);
      expect(page.length).toBeGreaterThan(18);
    }
    expect(found).toEqual(Array.from({ length: 20 }, (_, index) => `line ${19_777 - 1000 * index}.`));
    type('n');
    await until('the notice', () => state.notice !== null);
    expect(state.notice!.text).toBe('no older line with line .*777\\.');
    for (const expected of found.toReversed().slice(1)) {
      const before = hit();
      type('N');
      await until('the one before', () => hit() !== before);
      expect(hit()).toBe(expected);
    }
  });

  test('finds each of several lines of one time', async () => {
    const same = (text: string) => `${iso(0)} api.1 o ${text}\n`;
    writeFileSync(path, same('x 1') + same('y') + same('x 2') + same('x 3') + numbered(2, 9000));
    await followed('line 8999.');
    type('/', 'x', 'enter');
    for (const expected of ['x 3', 'x 2', 'x 1']) {
      await until(expected, () => hit() === expected);
      type('n');
    }
  });

  test('nothing is found: a notice', async () => {
    writeFiles();
    await followed('line 19999.');
    type('ctrl+f', ...'nowhere', 'enter');
    await until('the notice', () => state.notice !== null);
    expect([state.notice!.text, state.logBottom]).toEqual(['no line with nowhere', null]);
  });
});
