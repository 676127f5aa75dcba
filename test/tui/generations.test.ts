// The history in the view: its rows, the cursor, and the way back to a generation.
import { describe, expect, test } from 'vitest';
import type { GenerationRecord } from '../../src/api/protocol-edits.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, press, shopStatus, shownState } from './sample.ts';

process.env.TZ = 'UTC';

const SIZE = { columns: 110, rows: 24 };
const ASK = { kind: 'ask', of: 'history' };
const record = (generation: number, change: Partial<GenerationRecord> = {}): GenerationRecord => ({
  generation,
  at: new Date(NOW_MS - (10 - generation) * 60_000).toISOString(),
  by: 'edit',
  env: null,
  commit: null,
  summary: `summary ${generation}`,
  ...change,
});
const RECORDS = [
  record(1, { by: 'up', commit: 'a1b2c3d4e5f6a7b8', summary: '5 changes: 5 starts' }),
  record(2),
  record(3, { by: 'rollback', to: 1, summary: '1 change: 1 restarts' }),
];
const tell = (state: UiState, message: Parameters<typeof reduce>[1]) => reduce(state, message, new LogRing());
const opened = (size: TerminalSize = SIZE) => press(shownState(size), ['H']);
const answered = (generations = RECORDS, size = SIZE, current = 3): UiState =>
  tell(opened(size).state, { kind: 'answered', answer: { of: 'history', history: { current, generations } } }).state;
const body = (state: UiState) =>
  drawnRows(state)
    .slice(1, -1)
    .map((row) => row.trimEnd())
    .filter((row) => row !== '');
const barOn = (state: UiState) => body(state).find((row) => row.startsWith('▌'));

test('the newest comes first; the one in force is marked, and under the cursor', () => {
  expect(body(answered())).toEqual([
    `── generations ${'─'.repeat(95)}`,
    '▌ ● 3  2026-03-01 11:53:00  rollback to 1              1 change: 1 restarts',
    '    2  2026-03-01 11:52:00  edit                       summary 2',
    '    1  2026-03-01 11:51:00  up             a1b2c3d4e5  5 changes: 5 starts',
  ]);
});

describe('Enter', () => {
  test('it rolls back to the chosen generation after a question', () => {
    const asked = press(answered(), ['down', 'down', 'enter']);
    expect(asked.effects).toEqual([]);
    expect(drawnRows(asked.state).at(-1)).toContain('put the configuration of generation 1 in force again?');
    expect(barOn(asked.state)).toContain('5 changes: 5 starts');
    expect(press(asked.state, ['y']).effects).toEqual([{ kind: 'rollBack', to: 1 }]);
    expect(press(asked.state, ['n']).state).toMatchObject({ view: 'history', overlay: null });
  });

  test('it does nothing for the one in force, and while nothing is known', () => {
    const same = press(answered(), ['enter']);
    expect(same).toMatchObject({ effects: [], state: { overlay: null, notice: { text: 'generation 3 is in force' } } });
    expect(press(opened().state, ['enter', 'down']).state.overlay).toBeNull();
  });
});

test('it is asked for when the view opens, and again with each generation; the cursor stays', () => {
  expect(opened().effects).toEqual([ASK]);
  const state = press(answered(), ['down']).state;
  const next = tell(state, { kind: 'status', status: shopStatus({ generation: 4 }), nowMs: NOW_MS });
  expect(next.effects).toEqual([ASK]);
  expect(tell(state, { kind: 'status', status: shopStatus({ converged: true }), nowMs: NOW_MS }).effects).toEqual([]);
  const history = { current: 4, generations: [...RECORDS, record(4)] };
  expect(barOn(tell(next.state, { kind: 'answered', answer: { of: 'history', history } }).state)).toContain(
    'summary 2',
  );
});

test('a roll-back that is in force is in the title; errors and an empty history are said', () => {
  const config = { ...shopStatus().config, rollback: { to: 1, since: '2026-03-01T11:53:00.000Z' } };
  const state = { ...answered(), status: shopStatus({ config }) };
  expect(body(state)[0]).toContain('rolled back to 1 until the files change');
  expect(body(opened().state).join('\n')).toContain('asking the supervisor …');
  expect(body(answered([])).join('\n')).toContain('no generation is known');
  const failed = tell(opened().state, { kind: 'unanswered', of: 'history', error: 'it is going down' }).state;
  expect(body(failed).join('\n')).toContain('it is going down');
});

test('a hundred generations scroll with the cursor', () => {
  const many = Array.from({ length: 100 }, (_, index) => record(index + 1));
  const end = press(answered(many, SIZE, 100), ['end']).state;
  expect(barOn(end)).toContain('summary 1');
  expect(body(end)[0]).toMatch(/ 81-100 of 100 ──$/);
  expect(barOn(press(end, ['home', 'pagedown']).state)).toContain('summary 80');
});

test.each([20, 40, 60, 80, 200])('no row is wider than the screen at %i columns, and the number stays', (columns) => {
  const state = answered([record(1), record(2, { summary: 'x'.repeat(300), env: 'prod' })], { columns, rows: 15 }, 2);
  for (const row of drawnRows(state)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
  expect(barOn(state)).toMatch(/^▌ ● 2 .*x/);
});
