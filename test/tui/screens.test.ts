// Frames: goldens at the usual sizes; no size, status or text makes a frame too large.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InstanceState } from '../../src/api/protocol.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import { tableRows } from '../../src/tui/model/rows.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { nextChangeMs } from '../../src/tui/view/next-change.ts';
import { tableOf } from '../../src/tui/view/table.ts';
import { ASCII } from '../../src/tui/view/theme.ts';
import { drawnRows, openInkScreen } from './ink-frame.ts';
import {
  event,
  instanceStatus,
  NOW_MS,
  outputLine,
  press,
  rejectedConfig,
  ringOf,
  serviceStatus,
  shopStatus,
  shownState,
} from './sample.ts';

process.env.TZ = 'UTC';

const screenOf = (state: UiState, log = new LogRing()) => `${drawnRows(state, { log }).join('\n')}\n`;

const EVENTS = [
  event(1, 'api.1 became ready', { instance: 'api.1', type: 'ready' }),
  event(2, 'mailer.1 exited with code 1', { instance: 'mailer.1' }),
  event(3, 'mailer.1 starts again in 2 s', { instance: 'mailer.1', type: 'backoff' }),
  event(4, 'configuration applied, generation 3', { type: 'applied' }),
];
const SIZES: TerminalSize[] = [
  { columns: 80, rows: 24 },
  { columns: 40, rows: 10 },
  { columns: 120, rows: 40 },
  { columns: 160, rows: 24 },
  { columns: 20, rows: 5 },
];

describe.each(SIZES)('at $columns×$rows', (size) => {
  const name = `${size.columns}x${size.rows}`;
  const state = shownState(size, { events: EVENTS });

  test('services, output, events', async () => {
    await expect(screenOf(state, ringOf(50))).toMatchFileSnapshot(`frames/${name}.txt`);
  });

  test('a rejected configuration', async () => {
    const rejected = { ...state, status: shopStatus({ config: rejectedConfig() }) };
    await expect(screenOf(rejected, ringOf(50))).toMatchFileSnapshot(`frames/${name}-rejected.txt`);
  });

  test('help', async () => {
    await expect(screenOf(press(state, ['?']).state)).toMatchFileSnapshot(`frames/${name}-help.txt`);
  });

  test('a shutdown', async () => {
    const holdingUp = ['db.1 (pid 4001) ignores SIGTERM, SIGKILL in 3 s'];
    const leaving = { sinceMs: NOW_MS - 4000, total: 24, immediate: false, progress: { remaining: 7, holdingUp } };
    await expect(screenOf({ ...state, shutdown: leaving })).toMatchFileSnapshot(`frames/${name}-down.txt`);
  });
});

describe('what is on screen', () => {
  const size = { columns: 100, rows: 30 };

  test('the first line has the commit of what is applied, where there is room', () => {
    const commit = { hash: `a1b2c3d${'0'.repeat(33)}`, branch: 'main', dirty: true, text: 'a1b2c3d +dirty (main)' };
    const status = shopStatus({ config: { files: ['procs.yaml'], status: 'applied', problems: [], commit } });
    const headerAt = (columns: number) => screenOf({ ...shownState({ columns, rows: 30 }), status }).split('\n')[0];
    expect(headerAt(120)).toContain(' generation 3  a1b2c3d +dirty (main)  ');
    expect(headerAt(60)).toContain('shop');
    expect(headerAt(60)).not.toContain('a1b2c3d');
    expect(screenOf(shownState(size))).not.toContain('commit');
  });

  test('no line has colours when colours are off', () => {
    const log = new LogRing();
    log.push([outputLine(1, { line: '\x1b[31mred\x1b[0m text' })]);
    const text = screenOf(shownState(size), log);
    expect(text).toContain('red text');
    expect(text).not.toContain('\x1b');
  });

  test('colours of a child end with its line', () => {
    const log = new LogRing();
    log.push([outputLine(1, { line: '\x1b[31mred without end' })]);
    const rows = drawnRows(shownState(size), { log, colour: true });
    const row = rows.find((each) => each.includes('without end'))!;
    expect(row).toMatch(/\x1b\[31m.*without end\x1b\[(0|39)m/);
  });

  test('why: the chain of causes and the remedy', () => {
    const overlay = {
      kind: 'why' as const,
      name: 'api.1',
      scroll: 0,
      error: null,
      explanations: [
        {
          id: 'api.1',
          state: 'waiting' as const,
          causes: ['waits for db', 'db.1 is in back-off'],
          unblock: 'fix db',
          notes: ['A note.'],
        },
      ],
    };
    const text = screenOf(shownState(size, { overlay }));
    expect(text).toMatch(/api\.1 ◌ waiting\n {3}waits for db\n {3}└ db\.1 is in back-off\n {3}▸ fix db\n {3}A note\./);
  });

  test('a queue in trouble shows even on a small screen', () => {
    const [queue] = shopStatus().logQueues;
    const logQueues = [queue!, { ...queue!, name: 'audit', droppedLines: 340 }];
    expect(screenOf(shownState({ columns: 80, rows: 12 }, { status: shopStatus({ logQueues }) }))).toContain(
      'queue audit 2.0 KiB of 8.0 MiB, high 64 KiB ✗ 340 lines dropped',
    );
  });

  test('a queue that lags and drops lines shows how far and of which instance', () => {
    const [queue] = shopStatus().logQueues;
    const droppedByInstance = { 'a.1': 1, 'api.1': 40, 'b.1': 3, 'c.1': 1, 'flood.1': 300 };
    const logQueues = [{ ...queue!, lagMs: 2300, droppedLines: 345, droppedByInstance }];
    expect(screenOf(shownState({ columns: 160, rows: 30 }, { status: shopStatus({ logQueues }) }))).toContain(
      'high 64 KiB, 2s behind ✗ 345 lines dropped (flood.1 300, api.1 40, b.1 3, 2 more)',
    );
  });

  test('the scale question names its target', () => {
    expect(screenOf(press(shownState(size), ['+']).state)).toMatch(/scale api from 3 to {2}4 {3}edits procs\.yaml/);
    expect(screenOf(press(shownState(size), ['+', 'tab', '9']).state)).toMatch(
      /scale api from 3 to {2}9 {3}override, not in procs\.yaml/,
    );
  });

  test('a paused output counts the new lines', () => {
    const log = ringOf(100);
    const { state } = press(shownState(size), ['pageup'], log);
    log.push([outputLine(100), outputLine(101)]);
    expect(screenOf(state, log)).toMatch(/‖ paused · \d+ new lines? · End to follow/);
    expect(screenOf(state, log)).not.toContain('request 101');
  });

  test('matches are marked, other lines are hidden', () => {
    const { state } = press(shownState(size), ['f', ...'4\\d', 'enter']);
    const text = screenOf(state, ringOf(60));
    expect(text).toContain('request 49');
    expect(text).not.toContain('request 50');
  });

  test('only visible rows are built', () => {
    const services = Array.from({ length: 5000 }, (_, index) =>
      serviceStatus(`s${index}`, [instanceStatus(`s${index}.1`, 'ready')]),
    );
    const state = shownState(size, { status: shopStatus({ services }), selected: 's2500' });
    const room = { height: 10, head: 1, mayDropTitles: false };
    const { visible } = tableOf(state, tableRows(state), room, { nowMs: NOW_MS, glyphs: ASCII });
    expect(visible.length).toBe(10);
    expect(screenOf(state)).toMatch(/▌ +s2500 /);
  });

  test('a terminal without UTF-8 gets ASCII only', () => {
    expect(drawnRows(shownState(size), { glyphs: ASCII }).join('\n').replaceAll(/[▼↑↓]/g, '')).toMatch(
      /^[\x20-\x7e\n]*$/,
    );
  });
});

describe('drawing', () => {
  const size = { columns: 80, rows: 24 };

  test('a change changes its rows only', () => {
    const screen = openInkScreen();
    screen.show(shownState(size), ringOf(9));
    const first = screen.rows();
    const [api, ...others] = shopStatus().services;
    const restarted = {
      ...api!,
      instances: api!.instances.map((each, index) => (index === 1 ? { ...each, restarts: 1 } : each)),
    };
    screen.show(shownState(size, { status: shopStatus({ services: [restarted, ...others] }) }), ringOf(9));
    const changed = screen.rows().filter((row, index) => row !== first[index]);
    screen.close();
    expect(changed).toEqual([expect.stringContaining('api ×3'), expect.stringContaining('api.2')]);
  });

  test('the frame says when an uptime changes next', () => {
    expect(nextChangeMs(shownState(size), NOW_MS)).toBe(NOW_MS + 55_000);
    const services = [serviceStatus('db', [instanceStatus('db.1', 'backoff')])];
    expect(nextChangeMs(shownState(size, { status: shopStatus({ services }) }), NOW_MS)).toBeNull();
  });
});

describe('any size, any status, any text', () => {
  const hostile = fc.oneof(
    fc.constantFrom('\x1b[2J', '\x1b]0;t\x07', '日本語', '👩‍👩‍👧', '\n\n', '\u202e', ''),
    fc.string({ unit: 'binary' }),
  );
  const states: InstanceState[] = [
    'waiting',
    'starting',
    'running',
    'ready',
    'unready',
    'stopping',
    'backoff',
    'completed',
    'stopped',
    'failed',
  ];
  const service = fc
    .tuple(hostile, fc.array(fc.tuple(fc.constantFrom(...states), fc.option(hostile)), { maxLength: 12 }))
    .map(([name, instances]) =>
      serviceStatus(
        name,
        instances.map(([state, reason], index) => instanceStatus(`${name}.${index + 1}`, state, { reason })),
      ),
    );
  const key = fc.constantFrom(
    ...'jkGgz/frs+-walexxtc?',
    'enter',
    'escape',
    'pageup',
    'pagedown',
    'home',
    'end',
    'tab',
    'space',
    'backspace',
    '日',
  );

  test('a frame stays within the terminal', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 140 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(service, { maxLength: 6 }),
        fc.array(hostile, { maxLength: 30 }),
        fc.array(key, { maxLength: 12 }),
        fc.boolean(),
        (columns, rows, services, output, keys, rejected) => {
          const log = new LogRing();
          log.push(output.map((line, index) => outputLine(index, { line, instance: line.slice(0, 3) })));
          const status = shopStatus({
            services,
            project: output[0] ?? 'p',
            ...(rejected ? { config: rejectedConfig() } : {}),
          });
          const state = press(
            shownState({ columns, rows }, { status, events: output.map((text, seq) => event(seq, text)) }),
            keys,
            log,
          ).state;
          const shown = drawnRows(state, { log, colour: true });
          expect(shown.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
          for (const row of shown) {
            expect(widthOf(row)).toBeLessThanOrEqual(columns);
            expect(row.replaceAll(/\x1b\[[\d;:]*m/g, '')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
          }
        },
      ),
      { numRuns: 100 },
    );
  }, 30_000);

  test('many resizes draw', () => {
    const screen = openInkScreen();
    const log = ringOf(100);
    for (let step = 0; step < 25; step++) {
      const size = { columns: 1 + ((step * 37) % 160), rows: 1 + ((step * 17) % 60) };
      screen.show(shownState(size), log);
      for (const row of screen.rows()) expect(widthOf(row)).toBeLessThanOrEqual(size.columns);
      expect(screen.rows().length).toBeLessThanOrEqual(Math.max(1, size.rows - 1));
    }
    screen.close();
  }, 30_000);
});
