// The output of the view covers the whole log: scrolling, searching and filters over rotated and compressed files.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { MAX_PAUSED_LINES } from '../../src/tui/model/paused-lines.ts';
import { searchPattern } from '../../src/tui/model/search-pattern.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { OutputFollower } from '../../src/tui/output-follower.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { pool, shownState } from './sample.ts';

vi.setConfig({ testTimeout: 60_000 });

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const iso = (ms: number) => new Date(T0 + ms).toISOString();
const stamp = (ms: number) => iso(ms).replace(/[-:.]/g, '');
/** Two lines in each millisecond. */
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => {
    const number = from + index;
    return `${iso(Math.floor(number / 2))} ${number % 2 ? 'api.1' : 'api.2'} o line ${number}.\n`;
  }).join('');

let root: string;
let path: string;
let ring: LogRing;
let follower: OutputFollower;
let state: UiState;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orch-history-'));
  path = join(root, '.orch/logs/default.log');
  mkdirSync(dirname(path), { recursive: true });
  ring = new LogRing();
  state = shownState({ columns: 80, rows: 24 }, { status: sampleStatus({ services: [pool('api', 2)] }), view: 'logs' });
  follower = new OutputFollower(
    ring,
    root,
    () => undefined,
    null,
    (request, seq) => {
      dispatch({ kind: 'logRead', request, seq, nowMs: 0 });
    },
  );
});
afterEach(() => {
  follower.close();
  rmSync(root, { recursive: true, force: true });
});

/** As the controller does it. */
function dispatch(message: Parameters<typeof reduce>[1]): void {
  const { state: next, effects } = reduce(state, message, ring);
  state = next;
  ring.setPaused(state.logBottom !== null);
  follower.update(state);
  for (const effect of effects) {
    if (effect.kind === 'readLog') follower.read(effect.request);
  }
}
const type = (...keys: string[]) => {
  for (const name of keys) dispatch({ kind: 'key', name, nowMs: 0 });
};
const texts = () => ring.window(null, 1e6, null).map((each) => each.line);
const hit = () => ring.window(state.searchHit, 1, null)[0]?.line;
const followed = async (last: string) => {
  follower.update(state);
  await waitFor('the newest line is there', texts, () => texts().at(-1) === last && !ring.isReading);
};
const until = (what: string, isDone: () => boolean) =>
  waitFor(what, () => [hit(), ring.size, state.logBottom, state.notice], isDone);

/** 20,000 lines: compressed, rotated, live. */
function writeFiles(): void {
  writeFileSync(`${path}.${stamp(4000)}.gz`, gzipSync(numbered(0, 8000)));
  writeFileSync(`${path}.${stamp(8000)}`, numbered(8000, 16_000));
  writeFileSync(path, numbered(16_000, 20_000));
}

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

describe('a filter', () => {
  test('shows the matching lines of all files, and those that come', async () => {
    writeFiles();
    await followed('line 19999.');
    type('f', ...'[05]00\\.', 'enter');
    await until('the oldest is there', () => texts()[0] === 'line 500.');
    expect(texts()).toEqual(Array.from({ length: 39 }, (_, index) => `line ${500 * (index + 1)}.`));
    expect(ring.mayHaveOlder).toBe(false);
    appendFileSync(path, numbered(20_000, 20_010));
    await until('a new one comes', () => texts().at(-1) === 'line 20000.');
    type('escape');
    await until('all lines are back', () => texts().at(-1) === 'line 20009.' && ring.size >= 1000);
  });

  test('with ! in front shows the others', async () => {
    writeFileSync(path, numbered(0, 30));
    await followed('line 29.');
    type('f', ...'!line .*[0-8]', 'enter');
    await until('only one is left', () => ring.size === 1);
    expect(texts()).toEqual(['line 9.']);
  });

  test('a search within a filter finds filtered lines only', async () => {
    writeFiles();
    await followed('line 19999.');
    type('f', ...'00\\.', 'enter');
    await until('the filter is on', () => texts().at(-1) === 'line 19900.' && !ring.isReading && ring.size > 150);
    type('/', '3', '3', 'enter');
    await until('the first', () => hit() === 'line 13300.');
    type('n');
    await until('the next', () => hit() === 'line 3300.');
  });
});

describe('a time', () => {
  const startedAt = iso(9000);

  test('is gone to, with the lines before it a page up', async () => {
    writeFiles();
    await followed('line 19999.');
    type('@', ...iso(2500), 'enter');
    await until('its first line is on top', () => state.logBottom !== null);
    const page = () => ring.window(state.logBottom, 20, null).map((each) => each.line);
    expect(page()[0]).toBe('line 5000.');
    type('up');
    expect(page()[0]).toBe('line 4999.');
  });

  test('that is none, or has no lines after it, gives a notice', async () => {
    writeFiles();
    await followed('line 19999.');
    type('@', ...'noon', 'enter');
    expect(state.notice!.text).toMatch(/^noon is not a time such as 10m/);
    type('@', ...'2100-01-01', 'enter');
    await until('the notice', () => state.notice!.text === 'no lines from then on');
    expect([state.logBottom, texts().at(-1)]).toEqual([null, 'line 19999.']);
    type('@', 'enter');
    expect(state.logBottom).toBeNull();
  });

  test('bounds the output: one of the ranges, and what is read of it', async () => {
    writeFiles();
    const status = sampleStatus({ services: [pool('api', 2)] });
    for (const { instances } of status.services) for (const each of instances) each.startedAt = startedAt;
    state = { ...state, status, selected: 'api' };
    await followed('line 19999.');
    for (const name of ['1 m', '15 m', '1 h', 'start']) {
      dispatch({ kind: 'key', name: 'm', nowMs: T0 + 60_000 + 5000 });
      expect(state.range!.name).toBe(name);
    }
    await until('its lines are read', () => !ring.isReading);
    type('home');
    await until('its first line', () => texts()[0] === 'line 18000.');
    expect(ring.mayHaveOlder).toBe(false);
    expect(texts()).toHaveLength(2000);
    type('m');
    expect(state.range).toBeNull();
    await until('all lines are back', () => !ring.isReading);
    type('home');
    await until('the first line', () => texts()[0] === 'line 0.');
  });

  test('of a range is that of the key, and bounds a search', async () => {
    writeFiles();
    await followed('line 19999.');
    dispatch({ kind: 'key', name: 'm', nowMs: T0 + 60_000 + 5000 });
    await until('its lines are read', () => !ring.isReading);
    type('/', ...'line 9999\\.', 'enter');
    await until('the notice', () => state.notice !== null);
    expect(state.notice!.text).toBe('no line with line 9999\\.');
    type('/', 'ctrl+u', ...'line 10000\\.', 'enter');
    await until('the first line of the range', () => hit() === 'line 10000.');
  });
});

test('while it is typed, a filter hides lines of the ring and reads nothing', async () => {
  writeFiles();
  await followed('line 19999.');
  const { size } = ring;
  type('f', '7');
  expect(ring.size).toBe(size);
  expect(ring.window(null, 2, searchPattern(state.lineFilter)).map((each) => each.line)).toEqual([
    'line 19987.',
    'line 19997.',
  ]);
});
