// The table in too little room: long names, many rows.
import { describe, expect, test } from 'vitest';
import type { UiState } from '../../src/tui/model/state.ts';
import { drawnRows } from './ink-frame.ts';
import { instanceStatus, pool, serviceStatus, shopStatus, shownState } from './sample.ts';

const screenOf = (state: UiState) => drawnRows(state).join('\n');

describe('long names', () => {
  const name = 'a-very-long-service-name-that-was-once-chosen-for-europe-or-asia';
  const status = (change = {}) => shopStatus({ services: [pool(name, 3), { ...pool('db', 1), ...change }] });
  const rowsAt = (columns: number, rows: number, shown = status()) => {
    const screen = drawnRows(shownState({ columns, rows }, { status: shown }));
    return screen.filter((row) => row.includes('a-ver')).slice(0, 4);
  };

  test('get the room that reasons leave', () => {
    const [first, ...instances] = rowsAt(159, 40);
    expect(first).toContain(`${name} ×3`);
    expect(instances.map((row) => row.slice(6, 6 + name.length + 2))).toEqual([1, 2, 3].map((n) => `${name}.${n}`));
  });

  test.each([
    [120, 40],
    [80, 24],
    [60, 15],
    [40, 10],
  ])('are cut in their middle at %i×%i: the number and the size stay', (columns, rows) => {
    const [first, ...instances] = rowsAt(columns, rows);
    expect(first).toMatch(/a-very.*….*asia ×3/);
    for (const [index, row] of instances.entries()) expect(row).toMatch(new RegExp(`a-ver.*….*asia\\.${index + 1}\\b`));
  });

  test("do not take the room of a live row's reason", () => {
    const reason = 'readiness probe: GET /health answers 503 since 12:00';
    const waiting = status({ instances: [instanceStatus('db.1', 'unready', { reason })] });
    expect(screenOf(shownState({ columns: 150, rows: 40 }, { status: waiting }))).toContain(reason);
  });
});

describe('more rows than there is room for', () => {
  const many = (length: number) =>
    Array.from({ length }, (_, index) => serviceStatus(`s${index}`, [instanceStatus(`s${index}.1`, 'ready')]));
  const rowOf = (columns: number, rows: number, change = {}) =>
    drawnRows(shownState({ columns, rows }, { status: shopStatus({ services: many(100) }), ...change })).find((row) =>
      / of 100\b/.test(row),
    );

  test.each([
    [120, 40, /NAME.*REASON.* 1─\d+ of 100$/],
    [80, 24, /NAME.*REASON.* 1─11 of 100$/],
    [60, 24, /── all output .* rows 1─11 of 100 ── ▼ following ──$/],
    [40, 15, /── all output ─+ rows 1─7 of 100 ──$/],
    [40, 10, /NAME +STATE +CPU +1─6 of 100$/],
    [20, 10, /NAME +1─6 of 100$/],
    [40, 8, /^ shop .* 1─5 of 100 ?$/],
  ])('at %i×%i say so', (columns, rows, expected) => {
    expect(rowOf(columns, rows)).toMatch(expected);
  });

  test('show the visible range', () => {
    expect(rowOf(80, 24, { selected: 's99' })).toMatch(/90─100 of 100$/);
  });

  test('the visible range is dropped for the mark of a pause, not of following', () => {
    const paused = rowOf(56, 24, { logBottom: 3 });
    expect(paused).toBeUndefined();
    expect(rowOf(40, 24, { logBottom: 3 })).toMatch(/── all output ─+ rows 1─11 of 100 ──$/);
  });

  test('no range is shown when all rows are visible', () => {
    const status = shopStatus({ services: many(3) });
    expect(screenOf(shownState({ columns: 80, rows: 24 }, { status }))).not.toContain(' of 3');
  });
});

describe('crashes', () => {
  const crashed = shopStatus({
    services: [
      serviceStatus('web', [instanceStatus('web.1', 'ready', { restarts: 5, crashes: 2 })]),
      serviceStatus('db', [instanceStatus('db.1', 'ready', { restarts: 3, crashes: 0 })]),
    ],
  });
  test.each([
    [120, /NAME +STATE +CRASHES +RESTARTS +PID /],
    [80, /NAME +STATE +CRASH +RST +PID /],
    [60, /NAME +STATE +CRASH +RST +UP /],
    [50, /NAME +STATE +CRASH +CPU /],
  ])('have a column of their own at %i columns', (columns, head) => {
    const rows = drawnRows(shownState({ columns, rows: 24 }, { status: crashed }));
    expect(rows.join('\n')).toMatch(head);
    expect(rows.find((row) => / web /.test(row))).toMatch(columns >= 60 ? / ready +2 +5 / : / ready +2 +1\.5%/);
    expect(rows.find((row) => / db /.test(row))).toMatch(columns >= 60 ? / ready +3 / : / ready +1\.5%/);
  });

  test('have none where nothing has crashed', () => {
    expect(screenOf(shownState({ columns: 120, rows: 24 }, { status: shopStatus() }))).not.toContain('CRASH');
  });

  test('of a folded pool stay in front of its dots', () => {
    const worker = pool('worker', 3);
    worker.instances[1]!.crashes = 7;
    const state = shownState(
      { columns: 120, rows: 24 },
      { status: shopStatus({ services: [worker] }), folds: { worker: true } },
    );
    expect(screenOf(state)).toMatch(/worker ×3 +● ready 3\/3 +7 +●●● /);
  });
});
