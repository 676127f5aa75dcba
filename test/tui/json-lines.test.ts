// JSON lines in the output of the view: as they are, on one line, with a line for each field.
import { describe, expect, test } from 'vitest';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { outputFilter } from '../../src/tui/model/output-filter.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { cellsWidth } from '../../src/tui/view/line.ts';
import { paneLines, screenRowsOf } from '../../src/tui/view/pane.ts';
import { UNICODE } from '../../src/tui/view/theme.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, outputLine, press, shownState } from './sample.ts';

process.env.TZ = 'UTC';

const size = { columns: 80, rows: 24 };
const SLOW = '{"level":40,"time":0,"msg":"slow","req":{"url":"/a"},"took":1200}';
const ring = new LogRing();
ring.push([
  outputLine(0, { line: 'starting' }),
  outputLine(1, { line: SLOW }),
  outputLine(2, { line: '{"level":30}' }),
]);

const HEIGHT = 10;
const drawn = (change: Partial<UiState>, height = HEIGHT) =>
  paneLines(shownState(size, change), ring, { height, colour: true, glyphs: UNICODE, nowMs: NOW_MS });
const texts = (change: Partial<UiState>, height?: number) =>
  drawn(change, height).map((cells) =>
    cells
      .map(({ text }) => text)
      .join('')
      .replace(/^.*?│ /, ''),
  );

test('J goes from lines as they are to one line, to a line for each field, and back', () => {
  const forms = [['J'], ['J', 'J'], ['J', 'J', 'J']].map((keys) => press(shownState(size), keys).state);
  expect(forms.map(({ jsonLines }) => jsonLines)).toEqual(['compact', 'pretty', 'raw']);
  expect(forms.map((state) => drawnRows(state).at(-1)!.trim())).toEqual([
    '✓ JSON lines: on one line',
    '✓ JSON lines: with a line for each field',
    '✓ JSON lines: as they are',
  ]);
});

describe('a JSON line', () => {
  test('is shown as it is at first', () => {
    expect(texts({ showTimes: false })).toEqual(['starting', SLOW, '{"level":30}']);
  });

  test('compact has the style of its level, and the rest is dim', () => {
    const time = '1970-01-01 00:00:00.000';
    const [plain, slow] = drawn({ jsonLines: 'compact' });
    expect(plain!.at(-1)).toEqual({ text: 'starting', style: 'plain' });
    expect(slow!.slice(-4)).toEqual([
      { text: `${time} `, style: 'dim' },
      { text: 'WARN  ', style: 'levelWarn' },
      { text: 'slow ', style: 'levelWarn' },
      { text: expect.stringMatching(/^req\.url=\/a/), style: 'dim' },
    ]);
  });

  test('names no time a second time', () => {
    const same = new LogRing();
    same.push([outputLine(0, { line: `{"time":${NOW_MS - 10_100},"msg":"x"}` })]);
    const textOf = (change: Partial<UiState>) =>
      paneLines(shownState(size, { jsonLines: 'compact', ...change }), same, {
        height: 5,
        colour: true,
        glyphs: UNICODE,
        nowMs: NOW_MS,
      })
        .flat()
        .map(({ text }) => text)
        .join('');
    expect(textOf({})).toMatch(/^11:59:50 api\.1 +│ x$/);
    expect(textOf({ showTimes: false })).toMatch(/^api\.1 +│ 11:59:49\.900 x$/);
  });

  test('pretty takes a row for each field, and scrolling counts them', () => {
    expect(texts({ jsonLines: 'pretty', showTimes: false })).toEqual([
      'starting',
      '1970-01-01 00:00:00.000 WARN  slow',
      expect.stringMatching(/^ +req\.url: \/a$/),
      expect.stringMatching(/^ +took: 1200$/),
      'INFO ',
    ]);
    const rowsOf = screenRowsOf(shownState(size, { jsonLines: 'pretty' }), ring, { height: HEIGHT, nowMs: NOW_MS });
    expect(ring.window(null, 3, null).map(rowsOf)).toEqual([1, 3, 1]);
  });

  test('is no longer than the page', () => {
    const rows = texts({ jsonLines: 'pretty', logBottom: ring.lastSeq - 1 }, 2);
    expect(rows).toEqual([expect.stringContaining('WARN'), expect.stringMatching(/^ +…$/)]);
  });

  test.each([20, 40, 60, 80])('fits into %i columns, wrapped and cut, and wrapped nothing is lost', (columns) => {
    const long = new LogRing();
    const fields = { level: 'error', msg: '日本 '.repeat(12), url: 'x'.repeat(70), 日本: 'a b '.repeat(9) };
    long.push([outputLine(0, { line: JSON.stringify(fields) })]);
    for (const jsonLines of ['compact', 'pretty'] as const)
      for (const wrapLines of [true, false]) {
        const state = shownState({ columns, rows: 50 }, { jsonLines, wrapLines, selected: 'api.1', showTimes: false });
        const lines = paneLines(state, long, { height: 40, colour: true, glyphs: UNICODE, nowMs: NOW_MS });
        for (const cells of lines) expect(cellsWidth(cells)).toBeLessThanOrEqual(columns);
        const all = lines.map((cells) => cells.map(({ text }) => text.replace(/[│ ]/g, '')).join('')).join('');
        const whole = ['日本'.repeat(12), 'x'.repeat(70), 'ab'.repeat(9)].every((text) => all.includes(text));
        if (wrapLines) expect([columns, jsonLines, whole]).toEqual([columns, jsonLines, true]);
      }
  });
});

test('filters and searches see the line as it is, and what they find is highlighted where it is shown', () => {
  const state = press(shownState(size, { jsonLines: 'compact' }), ['f', ...'"took":12', 'enter'], ring).state;
  expect(ring.window(null, 9, null).filter(outputFilter(state).passes!)).toHaveLength(1);
  const { state: found } = press(shownState(size, { jsonLines: 'pretty' }), ['/', 'escape'], ring);
  const lines = drawn({ ...found, search: 'slow' });
  expect(lines.flat().filter(({ style }) => style === 'match')).toEqual([{ text: 'slow', style: 'match' }]);
});
