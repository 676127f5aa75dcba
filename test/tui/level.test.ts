// Levels of lines: how they are found, coloured, and filtered.
import { describe, expect, test } from 'vitest';
import { forwardFilter } from '../../src/logs/reader/entry-filter.ts';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { paneColumns } from '../../src/tui/model/layout.ts';
import { type Level, levelOf } from '../../src/tui/model/level.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { outputFilter } from '../../src/tui/model/output-filter.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { cellsWidth } from '../../src/tui/view/line.ts';
import { paneLines, paneTitle } from '../../src/tui/view/pane.ts';
import { UNICODE } from '../../src/tui/view/theme.ts';
import { NOW_MS, outputLine, press, shownState } from './sample.ts';

test.each<[string, Level | null]>([
  // JSON: pino, bunyan, zap, Google Cloud, Python
  ['{"level":50,"time":1,"msg":"x"}', 'error'],
  ['{"time":1,"level":40}', 'warn'],
  ['{"level":30,"msg":"an ERROR in the text"}', 'info'],
  ['{"level":20}', 'debug'],
  ['{"ts":1,"level":"warn","msg":"x"}', 'warn'],
  ['{"severity": "ERROR", "message": "x"}', 'error'],
  ['{"levelname": "WARNING"}', 'warn'],
  ['{"msg":"[error] in a text"}', null],
  // logfmt
  ['time=2026-01-31T00:00:00Z level=warn msg="ERROR before"', 'warn'],
  ['ts=1 lvl="error" msg=x', 'error'],
  ['level=info msg=ok', 'info'],
  // words
  ['[ERROR] boom', 'error'],
  ['2026-01-31 14:05:00,123 [main] WARN  com.example.App - slow', 'warn'],
  ['[error] 12#12: *1 open() failed', 'error'],
  ['<warn> x', 'warn'],
  ['12:00:00 INF started', 'info'],
  ['ERROR:root:boom', 'error'],
  ['INFO|started', 'info'],
  ['FATAL: database "x" does not exist', 'error'],
  ['LOG: checkpoint complete', null],
  ['error: expected ;', 'error'],
  ['src/a.c:3:1: warning: unused variable', 'warn'],
  ['Error: boom', 'error'],
  ['TypeError: x is not a function', 'error'],
  ['panic: runtime error', 'error'],
  ['DEBUG x', 'debug'],
  ['npm ERR! code', 'error'],
  ['E0131 14:05:00.000000 1 main.go:1] boom', 'error'],
  ['W0131 14:05:00.000000 1 main.go:1] slow', 'warn'],
  ['Traceback (most recent call last):', 'error'],
  ['Exception in thread "main" java.lang.IllegalStateException: x', 'error'],
  // none
  ['GET /errors 200', null],
  ['no error here', null],
  ['ERROR_LOG=/var/log/x', null],
  ['0 errors, 0 warnings', null],
  ['information', null],
  ['', null],
  [`${'x'.repeat(500)} ERROR`, null],
])('%s: %s', (text, level) => {
  expect(levelOf(text)).toBe(level);
});

const size = { columns: 80, rows: 24 };
/** As the view takes lines in. */
function shownBy(state: UiState): (line: LogLine) => boolean {
  const { passes, entries } = outputFilter(state);
  return forwardFilter(passes ?? (() => true), entries);
}

describe('the output', () => {
  const ring = new LogRing();
  const texts = ['ERROR a', 'WARN b', 'INFO c', 'DEBUG d', 'e', '\x1b[32mERROR\x1b[0m f'];
  ring.push(texts.map((line, index) => outputLine(index, { line })));
  const drawn = (change = {}) =>
    paneLines(shownState(size, change), ring, { height: 10, colour: true, glyphs: UNICODE, nowMs: NOW_MS });

  test('is coloured by level, and the colours of a program stay', () => {
    expect(drawn().map((cells) => cells.at(-1)!.style)).toEqual([
      'levelError',
      'levelWarn',
      'plain',
      'dim',
      'plain',
      'plain',
    ]);
    expect(drawn().at(-1)!.at(-1)!.text).toContain('\x1b[32m');
  });

  test('keeps its colours around what a search finds', () => {
    const [first] = drawn({ search: 'a' });
    expect(first!.filter(({ text }) => text !== '').slice(-2)).toEqual([
      { text: 'ERROR ', style: 'levelError' },
      { text: 'a', style: 'match' },
    ]);
  });

  test('is filtered: warnings and errors, errors, all', () => {
    const shown = (keys: string[]) => {
      const { state } = press(shownState(size), keys, ring);
      const isShown = shownBy(state);
      const title = paneTitle(state, ring, UNICODE).map((each) => each.text);
      return [texts.filter((_, index) => isShown(outputLine(index, { line: texts[index]! }))).length, title.join('')];
    };
    // One of them, without a level, is of an instance whose last line is a warning.
    expect(shown(['v'])).toEqual([4, expect.stringContaining('all output, warnings and errors')]);
    expect(shown(['v', 'v'])).toEqual([2, expect.stringContaining('all output, errors only')]);
    expect(shown(['v', 'v', 'v'])).toEqual([6, expect.not.stringContaining('only')]);
    expect(shown(['v', 'escape'])).toEqual([6, expect.not.stringContaining('warnings')]);
  });

  test('a filter by level and one by text hold together; a mark for skipped lines passes the level', () => {
    const isShown = shownBy(press(shownState(size), ['v', 'f', ...'a$', 'enter'], ring).state);
    expect(texts.map((line, index) => isShown(outputLine(index, { line })))).toEqual([
      true,
      ...Array(texts.length - 1).fill(false),
    ]);
    const mark = outputLine(1, { line: '… 5 KiB not shown', instance: '', service: '', gap: 0 });
    expect(shownBy(shownState(size, { levels: 'errors' }))(mark)).toBe(true);
  });
});

describe('with a level chosen, an entry is shown with all its lines', () => {
  const shown = (levels: 'errors' | 'warnings', lines: string[]) => {
    const isShown = shownBy(shownState(size, { levels }));
    return lines.filter((line, index) => isShown(outputLine(index, { line, instance: 'api.1' })));
  };

  test.each<[string, string[]]>([
    [
      'Node',
      ['TypeError: x is not a function', '    at f (/a.js:1:2)', '    at node:internal/main', '', '  [cause]: y'],
    ],
    [
      'Java',
      ['ERROR [main] failed', 'java.lang.A: x', '\tat a.B(C.java:1)', 'Caused by: d.Error: WARN', '\t... 12 more'],
    ],
    [
      'Python',
      ['Traceback (most recent call last):', '  File "a.py", line 1, in <module>', '    x()', 'ValueError: x'],
    ],
    ['Python, logged', ['ERROR:root:failed', 'Traceback (most recent call last):', '  File "/ERROR/a.py", line 1']],
    ['Go', ['panic: x', '', 'goroutine 1 [running]:', 'main.main()', '\t/a.go:3 +0x1d']],
  ])('%s', (_language, trace) => {
    expect(shown('errors', ['INFO before', ...trace, 'INFO after', '    at the end of it'])).toEqual(trace);
  });

  test('that of a warning only with warnings', () => {
    const lines = ['WARN slow', '    at f', 'Caused by: an ERROR', 'INFO x', 'y'];
    expect(shown('errors', lines)).toEqual([]);
    expect(shown('warnings', lines)).toEqual(lines.slice(0, 3));
  });
});

test('a line of another day has its date', () => {
  const ring = new LogRing();
  ring.push([outputLine(1, { timeMs: NOW_MS - 86_400_000 }), outputLine(2)]);
  const rows = paneLines(shownState(size), ring, { height: 10, colour: false, glyphs: UNICODE, nowMs: NOW_MS });
  const dates = rows.map((cells) => /^2026-02-28 \d/.test(cells[0]!.text));
  expect(dates).toEqual([true, false]);
});

test('a mark is a rule with its time', () => {
  const ring = new LogRing();
  ring.push([outputLine(1)]);
  ring.setMarks([NOW_MS]);
  ring.setMarks([NOW_MS, NOW_MS + 1000]);
  const rows = paneLines(shownState(size), ring, { height: 10, colour: false, glyphs: UNICODE, nowMs: NOW_MS });
  const drawn = rows.map((cells) => cells.map((each) => each.text).join(''));
  expect(drawn.slice(1)).toEqual([
    expect.stringMatching(/^── \d\d:00:00 ─+$/),
    expect.stringMatching(/^── \d\d:00:01 ─{60,}$/),
  ]);
});

test('next to the table, the rule is as wide as the output', () => {
  const ring = new LogRing();
  ring.setMarks([NOW_MS]);
  const state = shownState({ columns: 200, rows: 50 });
  const [rule] = paneLines(state, ring, { height: 10, colour: false, glyphs: UNICODE, nowMs: NOW_MS });
  expect(paneColumns(state)).toBeLessThan(200);
  expect(cellsWidth(rule!)).toBe(paneColumns(state));
});
