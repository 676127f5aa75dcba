// The small formats: durations, sizes, colours, tables. Pure.
import { describe, expect, test } from 'vitest';
import { instanceColour } from '../../src/cli/format/state-colour.ts';
import { painter } from '../../src/terminal/colour.ts';
import { escapeControls } from '../../src/terminal/sanitize.ts';
import { renderTable } from '../../src/terminal/table.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { formatCpuPercent } from '../../src/tui/view/format.ts';
import { formatDuration, formatSize, formatSpan, parseDurationMs } from '../../src/units.ts';

test.each([
  [-5, '0s'],
  [999, '0s'],
  [59_999, '59s'],
  [60_000, '1m 00s'],
  [3_599_000, '59m 59s'],
  [3_600_000, '1h 00m'],
  [90_060_000, '1d 01h'],
])('%i ms of uptime reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [3.4, '3 ms'],
  [999, '999 ms'],
  [1250, '1.3 s'],
  [65_000, '1m 05s'],
])('%d ms measured read %s', (ms, text) => expect(formatSpan(ms)).toBe(text));

test.each([
  ['250ms', 250],
  ['1.5s', 1500],
  ['0', null],
  ['2d', 172_800_000],
  ['10', null],
  ['-1s', null],
  ['1 s', null],
  ['', null],
  ['1e3s', null],
])('the duration "%s" is %s ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 KiB'],
  [43_200_000, '41.2 MiB'],
  [1023 * 1024 * 1024, '1.0 GiB'],
  [5e15, '4547 TiB'],
])('%d bytes read %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

test('percentages below 10 keep one digit', () => {
  expect([0, 0.04, 9.96, 10, 180.4].map(formatCpuPercent)).toEqual(['0%', '0%', '10%', '10%', '180%']);
});

describe('tables', () => {
  const paint = painter(false);
  const columns = [{ title: 'NAME' }, { title: 'PID', align: 'right' as const }, { title: 'REASON' }];
  const rows = [
    [{ text: 'api.1' }, { text: '7' }, { text: 'waits for db to be ready' }],
    [{ text: 'a-long-name.12' }, { text: '12345' }, { text: '' }],
  ];

  test('align their columns, without blanks at the end', () => {
    expect(renderTable(columns, rows, paint, null)).toEqual([
      'NAME              PID  REASON',
      'api.1               7  waits for db to be ready',
      'a-long-name.12  12345',
    ]);
  });

  test('leave out columns that are empty in every row, except the first', () => {
    expect(renderTable(columns, [[{ text: '' }, { text: '' }, { text: 'x' }]], paint, null)).toEqual([
      'NAME  REASON',
      '      x',
    ]);
  });

  test.each([80, 40, 20, 8, 1])('never go beyond %i columns of a terminal', (width) => {
    for (const line of renderTable(columns, rows, paint, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });

  test('cut the last column with an ellipsis, and close every colour', () => {
    const painted = [[{ text: 'api.1' }, { text: '7' }, { text: 'waits for db', colour: 'dim' as const }]];
    expect(renderTable(columns, painted, painter(true), 20)[1]).toBe('api.1    7  \x1b[2mwaits f…\x1b[22m');
    expect(renderTable(columns, painted, painter(true), 6)[1]).not.toMatch(/\x1b\[2m(?!.*\x1b\[22m)/);
  });

  test('never let a cell move the cursor', () => {
    const [, line] = renderTable([{ title: 'A' }], [[{ text: 'x\x1b[2J\r\ny\u202e' }]], paint, null);
    expect(line).toBe('x\\x1b[2J\\x0d\\x0ay\\u202e');
  });
});

test('a wide character takes two columns, an emoji with its parts too, a mark none', () => {
  const cells = ['日本語', 'e\u0301', '⚡', '👩‍👩‍👧‍👦'].map((text) => [{ text }, { text: '|' }]);
  const lines = renderTable([{ title: '' }, { title: '' }], cells, painter(false), null).slice(1);
  expect(lines).toEqual(['日本語  |', 'e\u0301       |', '⚡      |', '👩‍👩‍👧‍👦      |']);
});

test('an instance keeps its colour, and it is never red', () => {
  expect(instanceColour('api.1')).toBe(instanceColour('api.1'));
  const colours = new Set(Array.from({ length: 200 }, (_, at) => instanceColour(`api.${at}`)));
  expect(colours.has('red')).toBe(false);
  expect(colours.size).toBeGreaterThan(3);
});

test('escapeControls keeps tabs and text, shows the rest', () => {
  expect(escapeControls('a\tb ż €')).toBe('a\tb ż €');
  expect(escapeControls('\x07\x9b')).toBe('\\x07\\x9b');
});
