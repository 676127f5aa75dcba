// The order of the table, its groups, and the dots of folded pools.
import { describe, expect, test } from 'vitest';
import { outputTarget, selectedRow, tableRows } from '../../src/tui/model/rows.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { ASCII } from '../../src/tui/view/theme.ts';
import { drawnRows } from './ink-frame.ts';
import { instanceStatus, NOW_MS, pool, press, ringOf, serviceStatus, shopStatus, shownState } from './sample.ts';

const SIZES: TerminalSize[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
  { columns: 60, rows: 15 },
];
const one = (name: string, change: Parameters<typeof instanceStatus>[2] = {}, tags?: string[]) =>
  serviceStatus(name, [instanceStatus(`${name}.1`, 'ready', change)], tags === undefined ? {} : { tags });
const startedAgo = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString();
const services = [
  one('db', { pid: 30, port: 5432, cpuPercent: 2, rssBytes: 3e6, startedAt: startedAgo(100) }, ['backend', 'data']),
  one('web', { pid: 20, restarts: 1, crashes: 1, cpuPercent: 9, rssBytes: 1e6, startedAt: startedAgo(10) }),
  serviceStatus('job', [instanceStatus('job.1', 'failed', { restarts: 7 })], { tags: ['jobs'] }),
  serviceStatus(
    'api',
    [
      instanceStatus('api.1', 'ready', { pid: 41, port: 8000, cpuPercent: 1, rssBytes: 4e6 }),
      instanceStatus('api.2', 'unready', { pid: 40, port: 8001, cpuPercent: 3, rssBytes: 5e6 }),
    ],
    { tags: ['backend'] },
  ),
];
const start = (change: Partial<UiState> = {}) =>
  shownState(SIZES[0]!, { status: shopStatus({ services }), folds: { api: true }, ...change });
const ids = (state: UiState) => tableRows(state).map(({ id }) => id);
const pressed = (...keys: string[]) => press(start(), keys).state;

describe('sorting', () => {
  test.each([
    [0, ['db', 'web', 'job', 'api'], null],
    [1, ['api', 'db', 'job', 'web'], 'NAME▲'],
    [2, ['job', 'api', 'db', 'web'], 'STATE▲'],
    [3, ['web', 'db', 'job', 'api'], 'CRASH▼'],
    [4, ['job', 'web', 'db', 'api'], 'RST▼'],
    [5, ['web', 'db', 'api', 'job'], 'PID▲'],
    [6, ['db', 'api', 'web', 'job'], 'PORT▲'],
    [7, ['api', 'db', 'web', 'job'], 'UP▼'],
    [8, ['web', 'api', 'db', 'job'], 'CPU▼'],
    [9, ['api', 'db', 'web', 'job'], 'MEM▼'],
    [10, ['db', 'web', 'job', 'api'], null],
  ])('%i times o', (times, order, title) => {
    const state = pressed(...Array(times).fill('o'));
    expect(ids(state)).toEqual(order);
    const [, head = ''] = drawnRows(state);
    if (title !== null) expect(head).toContain(title);
    expect(/[▲▼]/.test(head)).toBe(title !== null);
  });

  test('O is the other way round; what has no value stays last', () => {
    expect(ids(pressed('o', 'O'))).toEqual(['web', 'job', 'db', 'api']);
    expect(ids(pressed('O'))).toEqual(['web', 'job', 'db', 'api']);
    expect(ids(pressed('o', 'o', 'o', 'o', 'o', 'O'))).toEqual(['api', 'db', 'web', 'job']);
  });

  test('the instances of a pool are sorted as well', () => {
    const unfolded = start({ folds: { api: false }, sort: { column: 'cpu', isReversed: false } });
    expect(ids(unfolded)).toEqual(['web', 'api', 'api.2', 'api.1', 'db', 'job']);
  });

  test('the row under the cursor stays selected when values change, and its output is not switched to', () => {
    const sorted = pressed(...Array(8).fill('o'));
    expect(selectedRow(sorted)?.id).toBe('db');
    expect(outputTarget(sorted).title).toBe('all output');
    const [db, ...others] = services;
    const busy = { ...db!, instances: db!.instances.map((each) => ({ ...each, cpuPercent: 99 })) };
    const next = reduce(
      sorted,
      { kind: 'status', status: shopStatus({ services: [busy, ...others] }), nowMs: 0 },
      ringOf(0),
    );
    expect(ids(next.state)[0]).toBe('db');
    expect(selectedRow(next.state)?.id).toBe('db');
  });
});

describe('groups', () => {
  const grouped = (...keys: string[]) => pressed('T', ...keys);

  test('services are under their first tag, those without one last', () => {
    expect(ids(grouped())).toEqual(['tag:backend', 'db', 'api', 'tag:jobs', 'job', 'no tag', 'web']);
    expect(ids(grouped('T'))).toEqual(ids(start()));
    expect(ids(grouped('o'))).toEqual(['tag:backend', 'api', 'db', 'tag:jobs', 'job', 'no tag', 'web']);
  });

  test('a group folds; a search unfolds it and drops empty ones', () => {
    expect(ids(grouped('enter'))).toEqual(['tag:backend', 'tag:jobs', 'job', 'no tag', 'web']);
    expect(ids(grouped('enter', 'right'))).toEqual(ids(grouped()));
    expect(ids(grouped('enter', '/', ...'db'))).toEqual(['tag:backend', 'db']);
  });

  test('commands on a group are asked about, and name its services', () => {
    expect(press(grouped(), ['r']).effects).toEqual([]);
    expect(press(grouped(), ['r', 'y']).effects).toEqual([
      { kind: 'command', method: 'restart', names: ['db', 'api'] },
    ]);
    expect(press(grouped(), ['w', '+', '-', 'enter']).effects).toEqual([]);
  });

  test('the output of a group is that of its services', () => {
    expect(outputTarget(grouped('j', 'k'))).toMatchObject({
      title: 'tag:backend',
      names: ['db', 'api'],
      isMixed: true,
    });
  });

  test('the selected row stays selected', () => {
    expect(selectedRow(press(start({ selected: 'api' }), ['T']).state)?.id).toBe('api');
    expect(selectedRow(press(start({ selected: 'api' }), ['T', 'T']).state)?.id).toBe('api');
    expect(selectedRow(grouped('j', 'k', 'T'))?.id).toBe('db');
  });

  test.each(SIZES)('a group shows its states and costs at $columns×$rows', (size) => {
    const row = drawnRows({ ...grouped(), size }).find((each) => each.includes('tag:backend'));
    expect(row).toMatch(/▾ tag:backend +◐ unready 1\/3 +6\.0% +11M/);
  });
});

describe('a folded pool', () => {
  const states = ['ready', 'failed', 'ready', 'backoff', 'unready'] as const;
  const mixed = (size: number) => {
    const instances = Array.from({ length: size }, (_, index) =>
      instanceStatus(`w.${index + 1}`, states[index] ?? 'ready'),
    );
    return shopStatus({ services: [serviceStatus('w', instances)] });
  };
  const rowOf = (size: TerminalSize, count: number, colour = false) =>
    drawnRows(shownState(size, { status: mixed(count), selected: 'none' }), { colour }).find((row) =>
      row.includes('×'),
    )!;

  test.each(SIZES.slice(0, 3))('of 20 shows each instance in its place at $columns×$rows', (size) => {
    expect(rowOf(size, 20)).toContain(`●✗●↻◐${'●'.repeat(15)} `);
  });

  test('shows counts, the worst first, where dots do not fit', () => {
    expect(rowOf(SIZES[0]!, 120)).toContain('✗1 ↻1 ◐1 ●117');
    expect(rowOf({ columns: 60, rows: 15 }, 20)).toMatch(/failed 1\/20/);
  });

  test('has its restarts in place of dots where they were', () => {
    const status = mixed(20);
    status.services[0]!.instances[3]!.restarts = 5;
    const rows = drawnRows(shownState(SIZES[0]!, { status }));
    expect(rows.find((row) => row.includes('×'))).toMatch(/1\/20 +5 +✗1 ↻1 ◐1 ●17/);
  });

  test('has the colours of the states', () => {
    const status = mixed(20);
    const shown = shownState(SIZES[1]!, { status: { ...status, services: [pool('a', 1), ...status.services] } });
    const row = drawnRows(shown, { colour: true }).find((each) => each.includes('×'))!;
    expect(row).toContain('\x1b[31m✗');
    expect(row).toContain('\x1b[33m↻');
  });

  test('is plain ASCII where the terminal is', () => {
    const rows = drawnRows(shownState(SIZES[0]!, { status: mixed(20) }), { glyphs: ASCII });
    expect(rows.find((row) => row.includes('w x20'))).toContain('*X*~?***************');
  });
});
