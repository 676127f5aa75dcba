// The dependency graph: its rows, what keys do in it, and how it is drawn at every width.
import { describe, expect, test } from 'vitest';
import type { DependencyStatus, InstanceState, ServiceStatus } from '../../src/api/protocol.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { graphRows } from '../../src/tui/model/graph.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { ASCII } from '../../src/tui/view/theme.ts';
import { drawnRows } from './ink-frame.ts';
import { instanceStatus, pool, press, serviceStatus, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 100, rows: 24 };
const needs = (service: string, condition: DependencyStatus['condition'] = 'ready', met = true): DependencyStatus => ({
  service,
  condition,
  met,
});
const one = (name: string, state: InstanceState, dependsOn: DependencyStatus[], reason: string | null = null) =>
  serviceStatus(name, [instanceStatus(`${name}.1`, state, { reason })], { dependsOn });

/** web waits for api, which starts once db is ready and migrate has completed; mailer stands alone. */
const SHOP: ServiceStatus[] = [
  one('web', 'waiting', [needs('api', 'ready', false)], 'Waits for api: api.1 has not become ready.'),
  { ...pool('api', 3, 'running'), dependsOn: [needs('db'), needs('migrate', 'completed')] },
  one('migrate', 'completed', [needs('db')]),
  one('db', 'ready', []),
  one('mailer', 'ready', []),
  one('worker', 'ready', [{ ...needs('db', 'started'), required: false }]),
];
const start = (size: TerminalSize = SIZE, change: Partial<UiState> = {}, services = SHOP) =>
  shownState(size, { status: shopStatus({ services }), ...change });
const opened = (keys: string[] = [], size?: TerminalSize, change?: Partial<UiState>) =>
  press(start(size, change), ['D', ...keys]).state;
/** Without the header and the footer. */
const body = (state: UiState, scene = {}) =>
  drawnRows(state, scene)
    .slice(1, -1)
    .filter((row) => row.trim() !== '');
const barOn = (state: UiState) => body(state).find((row) => row.startsWith('▌'));

describe('the rows of the graph', () => {
  test('a service hangs on each that it waits for, and what hangs on it is drawn once', () => {
    expect(body(opened())).toEqual([
      `── dependencies  1 with an unmet condition ${'─'.repeat(57)}`,
      '▌ ● db                    ready',
      '  ├─ ◑ api ×3             running 3/3  ✓ once db is ready',
      '  │  └─ ◌ web             waiting      ◌ once api is ready  Waits for api: api.1 has not become rea…',
      '  ├─ ✓ migrate            completed    ✓ once db is ready',
      '  │  └─ ◑ api ×3 (above)  running 3/3  ✓ once migrate has completed',
      '  └─ ● worker             ready        ✓ once db is started, if that can be',
      '  without dependencies',
      '  ● mailer                ready',
    ]);
  });

  test('Enter shows only what a service waits for and what waits for it; again, or Esc, everything', () => {
    const around = opened(['down', 'enter']);
    expect(body(around).slice(1)).toEqual([
      '▌ ◑ api ×3      running 3/3',
      '  waits for',
      '  ├─ ● db       ready        ✓ once db is ready',
      '  └─ ✓ migrate  completed    ✓ once migrate has completed',
      '     └─ ● db    ready        ✓ once db is ready',
      '  is waited for by',
      '  └─ ◌ web      waiting      ◌ once api is ready  Waits for api: api.1 has not become ready.',
    ]);
    expect(body(around)[0]).toMatch(/^── dependencies of api ─+$/);
    for (const key of ['enter', 'escape', 'q']) {
      const back = press(around, [key]).state;
      expect(back.view).toBe('graph');
      expect(barOn(back)).toContain('├─ ◑ api ×3 ');
    }
    expect(press(around, ['escape', 'escape']).state.view).toBe('main');
  });

  test('a service without dependencies says so when only it is shown', () => {
    const rows = body(opened(['end', 'enter'])).map((row) => row.trim());
    expect(rows).toEqual([
      expect.stringContaining('of mailer'),
      expect.stringMatching(/● mailer +ready$/),
      'waits for nothing',
      'is waited for by nothing',
    ]);
  });

  test('a dependency that is not declared any more is shown as such', () => {
    const services = [one('web', 'waiting', [needs('gone', 'ready', false)])];
    const rows = body(press(start(SIZE, {}, services), ['D', 'enter']).state);
    expect(rows.find((row) => row.includes('gone  '))).toMatch(/└─ ✗ gone +not declared +◌ once gone is ready/);
  });

  test('a circle, which no file can declare, does not hide a service', () => {
    const services = [
      one('a', 'waiting', [needs('b', 'ready', false)]),
      one('b', 'waiting', [needs('a', 'ready', false)]),
    ];
    const names = graphRows(services, null).map((row) => (row.kind === 'node' ? row.name : row.text));
    expect(names).toEqual(['a', 'b', 'a']);
  });

  test('a supervisor of an older version, which tells no dependencies, has every service alone', () => {
    const rows = graphRows([pool('api', 2), pool('db', 1)], null);
    expect(rows.map((row) => row.kind === 'node' && row.branches.length)).toEqual([0, 0]);
  });
});

describe('the cursor', () => {
  test('it begins at the service that is selected in the table', () => {
    expect(barOn(opened([], SIZE, { selected: 'migrate' }))).toContain('migrate');
    expect(barOn(opened([], SIZE, { selected: 'worker.1' }))).toContain('worker');
    expect(barOn(opened())).toContain('db');
  });

  test('it passes over titles, and stays within the rows', () => {
    expect(barOn(opened(['end']))).toContain('mailer');
    expect(barOn(opened(['end', 'down', 'k']))).toContain('worker');
    expect(barOn(opened(['end', 'home', 'up']))).toContain('db');
  });

  test('it stays on its service when the graph changes under it', () => {
    const state = opened(['down', 'down']);
    expect(barOn(state)).toContain('web');
    const services = SHOP.filter(({ name }) => name !== 'api').map((service) => ({ ...service, dependsOn: [] }));
    expect(barOn({ ...state, status: shopStatus({ services }) })).toContain('web');
  });

  test('commands act on the service under it, whatever the table has selected or filtered', () => {
    const state = opened(['down', 'down'], SIZE, { nameFilter: 'db', selected: null });
    expect(barOn(state)).toContain('web');
    expect(press(state, ['w']).effects).toEqual([{ kind: 'explain', name: 'web' }]);
    expect(press(state, ['i']).effects).toEqual([{ kind: 'describe', name: 'web' }]);
    expect(press(state, ['s']).effects).toEqual([{ kind: 'command', method: 'stop', names: ['web'] }]);
    expect(press(state, ['r']).effects).toEqual([{ kind: 'command', method: 'restart', names: ['web'] }]);
    expect(press(state, ['up', 'r']).state.overlay).toMatchObject({ question: 'restart all 3 instances of api?' });
    expect(press(state, ['l']).state).toMatchObject({ view: 'logs', selected: 'web' });
    expect(press(state, [':', 'enter']).effects).toEqual([{ kind: 'command', method: 'restart', names: ['web'] }]);
  });

  test('a panel over the graph goes back to the graph', () => {
    expect(press(opened(['down', 'w']), ['escape']).state.view).toBe('graph');
  });
});

describe('200 services', () => {
  const many = Array.from({ length: 200 }, (_, index) =>
    one(`service-${index}`, 'ready', index === 0 ? [] : [needs(`service-${Math.floor((index - 1) / 3)}`)]),
  );
  const chain = Array.from({ length: 200 }, (_, index) =>
    one(`service-${index}`, 'ready', index === 0 ? [] : [needs(`service-${index - 1}`)]),
  );

  test('the selected service is on the screen, and the title says which part is shown', () => {
    const state = press(start(SIZE, { selected: 'service-150' }, many), ['D']).state;
    expect(barOn(state)).toContain('service-150');
    expect(body(state)[0]).toMatch(/ \d+-\d+ of 200 ──$/);
    expect(barOn(press(state, ['end']).state)).toMatch(/service-\d+ +ready/);
  });

  test.each([20, 40, 60, 80, 200])(
    'no row is wider than the screen at %i columns, however deep the tree is',
    (columns) => {
      for (const services of [many, chain, SHOP]) {
        const state = press(start({ columns, rows: 15 }, {}, services), ['D', 'end']).state;
        for (const row of drawnRows(state)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
        if (columns >= 40) expect(barOn(state)).toMatch(/serv.*\d|mailer/);
      }
    },
  );

  test('levels that do not fit are a number', () => {
    const state = press(start(SIZE, {}, chain), ['D', 'end']).state;
    expect(barOn(state)).toMatch(/^▌ \+\d+ +└─ ● service-199 +ready/);
  });
});

test('an ASCII terminal gets a tree of ASCII', () => {
  const text = body(opened(), { glyphs: ASCII }).join('\n');
  expect(text).toContain('`- * worker');
  expect(text).toContain('|  `- . web');
  expect(text.replace('…', '')).toMatch(/^[\x20-\x7e\n]+$/);
});
