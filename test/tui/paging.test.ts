// Paging shows every line, wrapped or not; above the oldest line the pane says that the log has older ones.
import { describe, expect, test } from 'vitest';
import { bodyHeight, layoutOf } from '../../src/tui/model/layout.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { paneLines } from '../../src/tui/view/pane.ts';
import { UNICODE } from '../../src/tui/view/theme.ts';
import { NOW_MS, outputLine, press, shownState } from './sample.ts';

/** `longest`: characters of a line, less than a page. */
const SIZES: (TerminalSize & { longest: number })[] = [
  { columns: 120, rows: 40, longest: 350 },
  { columns: 80, rows: 24, longest: 350 },
  { columns: 40, rows: 15, longest: 60 },
];

/** `worker.20 │ `: the longest name there could be. */
const PREFIX = 12;

/** The lines of the output, without its title. */
function paneOf(state: UiState, log: LogRing): string[] {
  const { pane } = layoutOf(state);
  const height = state.view === 'main' ? pane : bodyHeight(state) - 1;
  return paneLines(state, log, { height, colour: false, glyphs: UNICODE, nowMs: NOW_MS }).map((line) =>
    line.map((each) => each.text).join(''),
  );
}

/** `<1 xxx 1>`, each line of another length. */
function longLines(count: number, longest: number): LogRing {
  const ring = new LogRing();
  const text = (number: number) => `<${number} ${'x'.repeat((number * 97) % longest)} ${number}>`;
  ring.push(Array.from({ length: count }, (_, index) => outputLine(index, { line: text(index + 1) })));
  return ring;
}

/** Numbers of the lines that are whole on the screen. */
function whole(pane: string[]): number[] {
  const text = pane.map((row) => row.slice(PREFIX)).join('');
  return Array.from(text.matchAll(/<(\d+) x* *(\d+)>/g), (found) => Number(found[1]));
}

/** All that is seen while `key` is pressed until nothing changes any more. */
function seenBy(key: string, from: UiState, log: LogRing): { seen: Set<number>; state: UiState; presses: number } {
  const seen = new Set<number>();
  let state = from;
  for (let presses = 0; ; presses++) {
    for (const number of whole(paneOf(state, log))) seen.add(number);
    const next = press(state, [key], log).state;
    if (next.logBottom === state.logBottom) return { seen, state, presses };
    if (presses > 300) throw new Error('no end');
    state = next;
  }
}

const all = (count: number) => new Set(Array.from({ length: count }, (_, index) => index + 1));

describe.each(SIZES)('at $columns×$rows', ({ longest, ...size }) => {
  const log = longLines(100, longest);
  const wrapped = shownState(size, { wrapLines: true, showTimes: false });

  test.each([
    ['next to the table', wrapped],
    ['on the whole screen', { ...wrapped, view: 'logs' as const }],
  ])('wrapped, %s: pages up and down show every line', (_where, start) => {
    const up = seenBy('pageup', start, log);
    expect(up.seen).toEqual(all(100));
    const down = seenBy('pagedown', up.state, log);
    expect(down.seen).toEqual(all(100));
    expect(down.state.logBottom).toBeNull();
    expect(up.presses).toBeLessThan(100);
  });

  test('wrapped, line by line shows every line', () => {
    const logs = { ...wrapped, view: 'logs' as const };
    expect(seenBy('up', logs, log).seen).toEqual(all(100));
  });

  test('wrapped, the oldest lines are at the top of a full page', () => {
    const { state } = press(wrapped, ['home'], log);
    const pane = paneOf(state, log);
    expect(pane[0]).toContain('<1 ');
    expect(pane.every((row) => row.trim() !== '')).toBe(true);
    expect(state.logBottom).toBe(seenBy('pageup', wrapped, log).state.logBottom);
  });

  test('wrapped, few lines do not scroll', () => {
    expect(press(wrapped, ['home'], longLines(1, longest)).state.logBottom).toBeNull();
    expect(press(wrapped, ['pageup'], longLines(1, longest)).state.logBottom).toBeNull();
  });
});

test('a line longer than the page is shown from its start, and cut', () => {
  const log = new LogRing();
  log.push([1, 2, 3].map((number) => outputLine(number, { line: `<${number} ${'x'.repeat(2000)}` })));
  const start = shownState({ columns: 80, rows: 24 }, { wrapLines: true });
  for (const [presses, number] of [3, 2, 1].entries()) {
    const pane = paneOf(press(start, Array(presses).fill('pageup'), log).state, log).join('\n');
    expect(pane).toContain(`<${number} xxx`);
    expect(pane).toContain('x…');
  }
});

describe('above the oldest line', () => {
  const size = { columns: 80, rows: 24 };
  const linesOf = (count: number) => {
    const ring = new LogRing();
    ring.push(Array.from({ length: count }, (_, index) => outputLine(index)));
    return ring;
  };
  const atHome = (count: number, change: Partial<UiState> = {}) => {
    const log = linesOf(count);
    return paneOf(press(shownState(size, change), ['home'], log).state, log);
  };

  test.each([
    ['all output', {}],
    ['an instance, wrapped', { selected: 'api.2', wrapLines: true }],
  ])('of %s it says that there are older ones', (_what, change) => {
    for (const count of [1000, 6000]) {
      const pane = atHome(count, change);
      expect(pane[0]!.trim()).toBe('older lines: scroll up, they are read from the log');
      expect(pane[1]).toContain(`request ${count === 1000 ? 0 : 1000}`);
    }
  });

  test('it does not when all past lines were read', () => {
    expect(atHome(999)[0]).toContain('request 0');
  });

  test('paging up ends at the oldest line', () => {
    const log = linesOf(1200);
    const { state } = seenBy('pageup', shownState(size), log);
    expect(paneOf(state, log)[0]).toContain('older lines');
  });
});
