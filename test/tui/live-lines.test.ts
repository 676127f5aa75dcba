// New output is drawn without the components, and looks as if they had drawn it.
import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { Frames } from '../../src/tui/frames.tsx';
import { InkOutput } from '../../src/tui/ink-output.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, outputLine, ringOf, shownState } from './sample.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A keyboard without input. */
const stdin = Object.assign(new EventEmitter(), { isTTY: false }) as unknown as NodeJS.ReadStream;

function openFrames(log: LogRing) {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_MS });
  const drawnByInk = vi.spyOn(InkOutput.prototype, 'write');
  let rows: string[] = [];
  const frames = new Frames({
    ...{ colour: false, stdin, size: { columns: 80, rows: 24 }, log },
    onRows: (next) => {
      rows = next;
    },
    onInput: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  return { draw: (state: UiState) => frames.draw(state), rows: () => rows, drawnByInk, close: () => frames.close() };
}

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 40, rows: 10 },
  { columns: 200, rows: 30 },
];

test.each(SIZES)('new lines look the same with and without the components, at $columns×$rows', (size) => {
  const main = shownState(size);
  for (const state of [main, { ...main, view: 'logs' as const }, { ...main, view: 'events' as const }]) {
    for (const before of [0, 3, 50]) {
      const log = before === 0 ? new LogRing() : ringOf(before);
      const screen = openFrames(log);
      screen.draw(state);
      log.push([outputLine(101), outputLine(102)]);
      screen.draw(state);
      expect(screen.drawnByInk).toHaveBeenCalledTimes(1);
      screen.close();
      expect(screen.rows()).toEqual(drawnRows(state, { log }));
      vi.restoreAllMocks();
    }
  }
});

test('lines that go leave empty rows', () => {
  const log = ringOf(50);
  const state = shownState({ columns: 200, rows: 30 });
  const screen = openFrames(log);
  screen.draw(state);
  log.clear();
  screen.draw(state);
  screen.close();
  expect(screen.rows()).toEqual(drawnRows(state, { log }));
});

test('the title counts the lines that come while the output is paused', () => {
  const log = ringOf(50);
  const state = { ...shownState({ columns: 80, rows: 24 }), logBottom: 30 };
  log.setPaused(true);
  const screen = openFrames(log);
  screen.draw(state);
  expect(screen.rows().join('\n')).toContain('19 new lines');
  log.push([outputLine(101)]);
  screen.draw(state);
  screen.close();
  expect(screen.rows().join('\n')).toContain('20 new lines');
});

test('an uptime that changes is drawn by the components, once a second at most', () => {
  const log = ringOf(50);
  const state = shownState({ columns: 80, rows: 24 });
  const screen = openFrames(log);
  const changesMs = screen.draw(state)!;
  expect(changesMs).toBeGreaterThan(NOW_MS);
  vi.setSystemTime(NOW_MS + 500);
  screen.draw(state);
  expect(screen.drawnByInk).toHaveBeenCalledTimes(1);
  vi.setSystemTime(Math.max(changesMs, NOW_MS + 1000));
  screen.draw(state);
  expect(screen.drawnByInk).toHaveBeenCalledTimes(2);
  screen.close();
});
