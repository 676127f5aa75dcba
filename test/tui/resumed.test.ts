// The choices that a view keeps when another supervisor takes over.
import { describe, expect, test } from 'vitest';
import { selectedRow } from '../../src/tui/model/rows.ts';
import { choicesOf, contextOf, initialState, type UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { press, ringOf, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 80, rows: 24 };
const start = () => shownState(SIZE);
const selectedId = (state: UiState) => selectedRow(state)?.id;

describe('another view, for another supervisor', () => {
  const next = (state: UiState): UiState =>
    reduce(
      initialState({ size: SIZE, owning: true, canEditFile: true }, choicesOf(state)),
      { kind: 'status', status: shopStatus() },
      ringOf(0),
    ).state;

  test('has the same row, filter, folds and switches, so that a key means the same', () => {
    const state = press(start(), ['/', ...'a', 'enter', 'enter', 'G', 'x', 't']).state;
    const after = next(state);
    expect(choicesOf(after)).toEqual(choicesOf(state));
    expect(press(after, ['r']).effects).toEqual(press(state, ['r']).effects);
    expect(selectedId(after)).not.toBe('api');
  });

  test('keeps its place, and half-typed text does not act as keys', () => {
    expect(contextOf(next(press(start(), ['l', 'f', 'e']).state))).toBe('search');
    expect(press(next(press(start(), ['/', 'm']).state), ['a', 'r']).effects).toEqual([]);
    expect(press(next(press(start(), ['+']).state), ['enter']).effects).toMatchObject([{ service: 'api', size: 4 }]);
  });

  test('does not wait for an answer or a page of the earlier supervisor', () => {
    expect(contextOf(next(press(start(), ['w']).state))).toBe('main');
    expect(next(press(start(), ['pageup'], ringOf(100)).state).logBottom).toBeNull();
  });
});
