// The view while no supervisor answers, and once another one does: what the user sees and chose stays.
import { describe, expect, test } from 'vitest';
import { selectedRow } from '../../src/tui/model/rows.ts';
import { contextOf, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { drawnRows } from './ink-frame.ts';
import { event, NOW_MS, press, ringOf, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 80, rows: 24 };
const start = (change: Partial<UiState> = {}) => shownState(SIZE, change);
const lost = (state: UiState): UiState => reduce(state, { kind: 'lost', nowMs: NOW_MS }, ringOf(0)).state;
const found = (state: UiState): UiState => {
  const next = reduce(state, { kind: 'found', text: 'another one answers', nowMs: NOW_MS }, ringOf(0)).state;
  return reduce(next, { kind: 'status', status: shopStatus(), nowMs: 0 }, ringOf(0)).state;
};
const screenOf = (state: UiState) => drawnRows(state).join('\n');

describe('without a supervisor', () => {
  test.each([SIZE, { columns: 120, rows: 40 }, { columns: 200, rows: 50 }, { columns: 60, rows: 15 }])(
    'the screen stays, under a banner, at $columns×$rows',
    (size) => {
      const screen = screenOf({ ...lost(start()), size });
      expect(screen).toContain('supervisor lost');
      expect(screen).toContain('no supervisor answers since 12:00:00');
      expect(screen).toContain('api');
    },
  );

  test('q in the owning view still asks; what it asks for goes to the command', () => {
    expect(press(lost(start()), ['q', 'd']).effects).toEqual([{ kind: 'leave', outcome: 'lost' }]);
    expect(press(lost(start()), ['q', 's']).effects).toEqual([{ kind: 'leave', outcome: 'lostDown' }]);
    expect(press(lost(start()), ['ctrl+c']).effects).toEqual([{ kind: 'leave', outcome: 'lostDown' }]);
    expect(press(lost(start({ owning: false })), ['q']).effects).toEqual([{ kind: 'leave', outcome: 'lost' }]);
  });
});

test('a shutdown under way is left to the command', () => {
  const leaving = press(start(), ['ctrl+c']).state;
  expect(reduce(leaving, { kind: 'lost', nowMs: NOW_MS }, ringOf(0)).effects).toEqual([
    { kind: 'leave', outcome: 'lostDown' },
  ]);
});

describe('with the next supervisor', () => {
  test('row, filter, folds and switches are the same, so that a key means the same', () => {
    const state = press(start(), ['/', ...'a', 'enter', 'enter', 'G', 'x', 't']).state;
    const after = found(lost(state));
    for (const key of ['view', 'selected', 'folds', 'nameFilter', 'allOutput', 'wrapLines', 'showTimes'] as const)
      expect(after[key]).toEqual(state[key]);
    expect(press(after, ['r']).effects).toEqual(press(state, ['r']).effects);
    expect(selectedRow(after)?.id).not.toBe('api');
    expect(screenOf(after)).toContain('another one answers');
    expect(screenOf(after)).not.toContain('supervisor lost');
  });

  test('half-typed text does not act as keys', () => {
    expect(contextOf(found(lost(press(start(), ['l', 'f', 'e']).state)))).toBe('search');
    expect(press(found(lost(press(start(), ['/', 'm']).state)), ['a', 'r']).effects).toEqual([]);
    expect(press(found(lost(press(start(), ['+']).state)), ['enter']).effects).toMatchObject([
      { service: 'api', size: 4 },
    ]);
  });

  test('an answer of the earlier one is not waited for; the page that the user reads stays', () => {
    for (const key of ['w', 'i']) expect(contextOf(found(lost(press(start(), [key]).state)))).toBe('main');
    const paged = press(start(), ['pageup'], ringOf(100)).state;
    expect(found(lost(paged)).logBottom).toBe(paged.logBottom);
  });

  test('its events replace those of the earlier one, which it sends again', () => {
    expect(found(lost(start({ events: [event(1, 'old')] }))).events).toEqual([]);
  });
});
