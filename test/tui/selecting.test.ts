// Selecting lines of output by keys: which lines are selected, what is copied of them, and what is on screen meanwhile.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { clipboardSequence, isTooLong, MAX_COPIED_BYTES } from '../../src/tui/clipboard-sequence.ts';
import { pageHeight } from '../../src/tui/model/layout.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { contextOf, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { paneLines } from '../../src/tui/view/pane.ts';
import { UNICODE } from '../../src/tui/view/theme.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, outputLine, press, ringOf, shownState } from './sample.ts';

const SIZE = { columns: 80, rows: 24 };

function ringWith(lines: (string | Partial<LogLine>)[]): LogRing {
  const ring = new LogRing();
  ring.push(lines.map((each, index) => outputLine(index, typeof each === 'string' ? { line: each } : each)));
  return ring;
}
const copied = (ring: LogRing, keys: string[], state = shownState(SIZE)) => {
  const pressed = press(state, keys, ring);
  const effect = pressed.effects.find(({ kind }) => kind === 'copyLines');
  return { ...pressed, copied: effect?.kind === 'copyLines' ? effect.copied : null };
};
const textOf = (ring: LogRing, keys: string[], state?: UiState) => copied(ring, keys, state).copied?.text;

describe('which lines are selected', () => {
  test.each<[string[], string]>([
    [['V', 'y'], 'request 49'],
    [['V', 'enter'], 'request 49'],
    [['V', 'up', 'k', 'y'], 'request 47'],
    [['V', 'shift+up', 'K', 'y'], 'request 47\nrequest 48\nrequest 49'],
    [['V', 'k', 'k', 'space', 'j', 'y'], 'request 47\nrequest 48'],
    [['V', 'k', 'k', 'K', 'K', 'J', 'y'], 'request 46\nrequest 47'],
    [['V', 'K', 'k', 'k', 'space', 'y'], 'request 46'],
    [['V', 'down', 'J', 'y'], 'request 49'],
    [['V', 'g', 'J', 'y'], 'request 0\nrequest 1'],
    [['V', 'home', 'space', 'down', 'end', 'up', 'up', 'v', 'k', 'y'], 'request 46\nrequest 47'],
  ])('%j copies %j', (keys, text) => {
    expect(textOf(ringOf(50), keys)).toBe(text);
  });

  test('a page up and down moves by a page less one line', () => {
    const state = shownState(SIZE, { view: 'logs' });
    expect(textOf(ringOf(50), ['V', 'pageup', 'y'], state)).toBe('request 30');
    expect(textOf(ringOf(50), ['V', 'pageup', 'pageup', 'ctrl+d', 'y'], state)).toBe('request 30');
  });

  test('paused, it begins at the lowest line on screen', () => {
    const ring = ringOf(50);
    const { state } = press(shownState(SIZE, { view: 'logs' }), ['up', 'up'], ring);
    expect(textOf(ring, ['V', 'y'], state)).toBe('request 47');
  });

  test('it does not begin at a line without a newline, which becomes another', () => {
    const ring = ringOf(2);
    ring.setUnfinished([outputLine(5, { line: 'name? ', unfinished: true })]);
    expect(textOf(ring, ['V', 'y'])).toBe('request 1');
    expect(textOf(ring, ['V', 'J', 'y'])).toBe('request 1\nname? ');
  });

  test('lines that a filter hides are not selected', () => {
    const state = shownState(SIZE, { lineFilter: '[05]$' });
    expect(textOf(ringOf(50), ['V', 'K', 'K', 'y'], state)).toBe('request 35\nrequest 40\nrequest 45');
  });

  test('lines that come meanwhile do not move it', () => {
    const ring = ringOf(50);
    const { state } = press(shownState(SIZE), ['V', 'K'], ring);
    ring.setPaused(state.logBottom !== null);
    ring.push(Array.from({ length: 100 }, (_, index) => outputLine(50 + index)));
    expect(textOf(ring, ['K', 'y'], state)).toBe('request 47\nrequest 48\nrequest 49');
  });

  test('without output there is nothing to select', () => {
    const { state } = press(shownState(SIZE), ['V']);
    expect(state).toMatchObject({ selection: null, logBottom: null, notice: { text: 'no output to select' } });
  });
});

describe('what is copied', () => {
  test('the own text of programs: no times, names, colours or marks', () => {
    const ring = ringWith([
      '\x1b[31mred\x1b[0m and plain',
      { line: '\tindented\twith tabs', stream: 'e' },
      { line: 'by a hook', source: 'before_start' },
    ]);
    ring.setMarks([NOW_MS + 1000]);
    const { copied: lines } = copied(ring, ['V', 'g', 'space', 'G', 'y']);
    expect(lines).toEqual({ text: 'red and plain\n\tindented\twith tabs\nby a hook', lines: 3, note: '' });
  });

  test('a wrapped line is one line', () => {
    const long = 'word '.repeat(60).trim();
    const state = shownState(SIZE, { wrapLines: true });
    expect(textOf(ringWith(['first', long]), ['V', 'K', 'y'], state)).toBe(`first\n${long}`);
  });

  test('a mark alone is not copied', () => {
    const ring = ringWith(['one']);
    ring.setMarks([NOW_MS + 1000]);
    const pressed = copied(ring, ['V', 'y']);
    expect(pressed.copied).toBeNull();
    expect(pressed.state.notice?.text).toBe('no line of a program is selected');
  });

  test('says which lines are cut, and that some are missing', () => {
    const cut = copied(ringWith(['one', 'x'.repeat(5000)]), ['V', 'K', 'y']).copied;
    expect(cut?.note).toBe('; 1 line cut at 4,096 characters');
    expect(cut?.text.length).toBe(4 + 4096);
    const ring = ringOf(10);
    const { state } = press(shownState(SIZE, { view: 'logs' }), ['V', 'K'], ring);
    ring.setPaused(true);
    ring.push(Array.from({ length: 6000 }, (_, index) => outputLine(100 + index)));
    const gap = copied(ring, ['end', 'y'], state).copied;
    expect(gap?.note).toBe('; lines in between are missing');
    expect(copied(ring, ['k', 'y'], state).copied?.note).toBe('');
  });

  test('says that lines are missing once the line where it began had to go for others', () => {
    const ring = ringWith(Array.from({ length: 1000 }, () => 'x'));
    const { state } = press(shownState(SIZE, { view: 'logs' }), ['V', 'space', 'g'], ring);
    ring.setPaused(true);
    const others = (count: number) => Array.from({ length: count }, () => outputLine(0, { line: 'y' }));
    ring.addOlder(others(19_500), false);
    expect(copied(ring, ['y'], state).copied).toMatchObject({ lines: 1000, note: '' });
    ring.push(others(5000));
    expect(copied(ring, ['y'], state).copied).toMatchObject({ lines: 500, note: '; lines in between are missing' });
  });

  test('more than the clipboard takes is refused, and stays selected to be saved', () => {
    const ring = ringWith(Array.from({ length: 40 }, () => 'x'.repeat(4000)));
    const { state, effects } = press(shownState(SIZE), ['V', 'space', 'g', 'y'], ring);
    expect(effects.some(({ kind }) => kind === 'copyLines')).toBe(false);
    expect(state.notice?.text).toBe('40 lines: too long to be copied (at most 73.2 KiB); w saves them');
    const saved = press(state, ['w', 'ctrl+u', 'o', 'k', 'enter'], ring);
    expect(saved.effects).toEqual([
      {
        kind: 'saveOutput',
        file: 'ok',
        selected: { text: Array(40).fill('x'.repeat(4000)).join('\n'), lines: 40, note: '' },
      },
    ]);
    expect(contextOf(saved.state)).toBe('select');
  });
});

describe('leaving', () => {
  test.each(['escape', 'q', 'V', 'y'])('%j goes back to the newest line, where it was followed', (key) => {
    const { state } = press(shownState(SIZE), ['V', 'g', 'K', key], ringOf(50));
    expect(state).toMatchObject({ selection: null, logBottom: null, view: 'main' });
    expect(contextOf(state)).toBe('main');
  });

  test('paused output stays where it is', () => {
    const ring = ringOf(50);
    const paused = press(shownState(SIZE, { view: 'logs' }), ['pageup'], ring).state;
    expect(press(paused, ['V', 'K', 'escape'], ring).state.logBottom).toBe(paused.logBottom);
  });

  test('a key with Shift that has no meaning of its own means what it means without', () => {
    expect(press(shownState(SIZE), ['shift+down', 'shift+down']).state.selected).toBe('api.2');
  });

  test('keys of the table do nothing meanwhile', () => {
    const { state, effects } = press(shownState(SIZE), ['V', 'r', 's', 'd', '+', 'l', 'x'], ringOf(50));
    expect(effects).toEqual([]);
    expect(contextOf(state)).toBe('select');
  });
});

describe('on screen', () => {
  const rowsOf = (state: UiState, log: LogRing) => drawnRows(state, { log });

  test('cursor and selected lines can be told apart without colours', () => {
    const ring = ringOf(50);
    const { state } = press(shownState(SIZE), ['V', 'K', 'K'], ring);
    const rows = rowsOf(state, ring);
    const marksOf = (mark: string) =>
      rows.filter((row) => row.includes(`${mark} request`)).map((row) => row.slice(-10));
    expect(marksOf('▌')).toEqual(['request 47']);
    expect(marksOf('◆')).toEqual(['request 48', 'request 49']);
    expect(rows.find((row) => row.includes('all output'))).toContain('3 lines selected');
    expect(rows.at(-1)).toMatch(
      /^ \? help {2}Esc back {2}y copy {2}w save {2}Space begin {2}↑↓ move {2}Shift-↑ extend/,
    );
  });

  const keys = ['up', 'down', 'K', 'J', 'pageup', 'pagedown', 'home', 'end', 'space'];
  test('the line at the cursor is on screen after every key', () => {
    const rowsAt = (state: UiState, ring: LogRing) =>
      paneLines(state, ring, { height: pageHeight(state), colour: false, glyphs: UNICODE, nowMs: NOW_MS }).map(
        (cells) => cells.map(({ text }) => text).join(''),
      );
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...keys), { maxLength: 30 }),
        fc.constantFrom({ columns: 80, rows: 24 }, { columns: 60, rows: 15 }, { columns: 200, rows: 50 }),
        fc.boolean(),
        fc.constantFrom('main' as const, 'logs' as const),
        (pressed, size, wrapLines, view) => {
          const ring = ringWith(
            Array.from({ length: 120 }, (_, index) => `${index} ${'words '.repeat((index * 7) % 40)}`),
          );
          let { state } = press(shownState(size, { wrapLines, view }), ['V'], ring);
          for (const key of pressed) {
            state = reduce(state, { kind: 'key', name: key, nowMs: NOW_MS }, ring).state;
            const number = ring.window(state.selection!.cursor, 1, null)[0]!.line.split(' ')[0];
            expect(
              rowsAt(state, ring).filter((row) => row.includes(`▌ ${number} `) || row.endsWith(`▌ ${number}`)),
            ).toHaveLength(1);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('OSC 52', () => {
  test('a text cannot end the sequence: it is encoded', () => {
    expect(clipboardSequence('a\x07b', {})).toBe('\x1b]52;c;YQdi\x07');
  });

  test('the longest text makes a sequence of 100,000 bytes at most', () => {
    const longest = 'x'.repeat(MAX_COPIED_BYTES);
    expect(isTooLong(longest)).toBe(false);
    expect(isTooLong(`${longest}x`)).toBe(true);
    expect(isTooLong('é'.repeat(MAX_COPIED_BYTES / 2 + 1))).toBe(true);
    expect(clipboardSequence(longest, {}).length).toBeLessThanOrEqual(100_000);
  });

  test('GNU Screen gets it in parts that it can pass on', () => {
    const parts = clipboardSequence('x'.repeat(3000), { STY: '1.pts-0' }).split('\x1b\\');
    expect(parts.pop()).toBe('');
    expect(parts.every((part) => part.startsWith('\x1bP') && part.length <= 768)).toBe(true);
    expect(parts.map((part) => part.slice(2)).join('')).toBe(clipboardSequence('x'.repeat(3000), {}));
  });
});
