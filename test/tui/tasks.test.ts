// The view of the tasks: last run, next run, what needs them; how it follows events, and what its keys do.
import { describe, expect, test } from 'vitest';
import type { EventRecord, InstanceState, ServiceStatus } from '../../src/api/protocol.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { formatClock } from '../../src/units.ts';
import { drawnRows } from './ink-frame.ts';
import { event, instanceStatus, NOW_MS, pool, press, serviceStatus, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 120, rows: 24 };
const ASK = { kind: 'ask', of: 'tasks' };
const clock = (ms: number) => formatClock(NOW_MS + ms);
let seq = 0;
const at = (ms: number, type: string, instance: string, details: Record<string, unknown> = {}): EventRecord =>
  event(++seq, '', { type, instance, details, time: new Date(NOW_MS + ms).toISOString() });
const task = (
  name: string,
  state: InstanceState,
  change: Partial<ServiceStatus['instances'][0]> = {},
  more: Partial<ServiceStatus> = {},
) =>
  serviceStatus(name, [instanceStatus(`${name}.1`, state, change)], {
    task: { schedule: null, nextRunAt: null },
    ...more,
  });
const SERVICES = [
  pool('api', 2),
  task('migrate', 'failed', { lastExit: { code: 3 }, crashes: 1, restarts: 0 }),
  task(
    'backup',
    'waiting',
    { lastExit: { code: 0 }, restarts: 4 },
    {
      task: { schedule: '0 3 * * *', nextRunAt: new Date(NOW_MS + 60_000).toISOString() },
    },
  ),
  task('console', 'stopped', {}, { runs: 'on_request' }),
  serviceStatus('web', [instanceStatus('web.1', 'waiting')], {
    dependsOn: [{ service: 'migrate', condition: 'completed', met: false }],
  }),
];
const EVENTS = [
  at(-9000, 'started', 'migrate.1'),
  at(-8750, 'exited', 'migrate.1', { exit: { code: 3 } }),
  at(-86_400_000, 'started', 'backup.1'),
  at(-86_400_000 + 83_000, 'exited', 'backup.1', { exit: { code: 0 } }),
];

const tell = (state: UiState, message: Parameters<typeof reduce>[1]) => reduce(state, message, new LogRing());
const opened = (services = SERVICES, size: TerminalSize = SIZE, change: Partial<UiState> = {}) =>
  press({ ...shownState(size, { status: shopStatus({ services }) }), ...change }, ['K']);
const answered = (services = SERVICES, size = SIZE, events = EVENTS): UiState =>
  tell(opened(services, size).state, { kind: 'answered', answer: { of: 'tasks', events } }).state;
const body = (state: UiState) =>
  drawnRows(state)
    .slice(1, -1)
    .map((row) => row.trimEnd())
    .filter((row) => row !== '');

test('each task has its state, last run, exit code, next run, counts, and what needs it', () => {
  const [title, head, ...rows] = body(answered());
  expect(title).toMatch(/^── tasks {2}1 failed ─+$/);
  expect(head).toMatch(/^ {2}TASK +STATE +LAST RUN +TOOK +EXIT +NEXT RUN +RUNS +FAILED +NEEDED BY +SCHEDULE$/);
  expect(rows.map((row) => row.replace(/ {2,}/g, ' '))).toEqual([
    `▌ migrate ✗ failed ${clock(-9000)} 250 ms 3 1 1 web (waits)`,
    ` backup ◌ waiting ${formatClock(NOW_MS - 86_400_000, { date: true })} 1m 23s 0 ${clock(60_000)} 5 0 0 3 * * *`,
    ' console ■ stopped by hand 0 0',
  ]);
});

test('what runs is counted in the title, and has no end yet', () => {
  const running = task('seed', 'running', { restarts: 1 });
  const rows = body(answered([running], SIZE, [at(-5000, 'started', 'seed.1')]));
  expect(rows[0]).toMatch(/^── tasks {2}1 running ─+$/);
  expect(rows[2]!.replace(/ {2,}/g, ' ')).toBe(`▌ seed ◑ running ${clock(-5000)} 2 0`);
});

test('without a task it says so', () => {
  expect(body(answered([pool('api', 2)])).slice(1)).toEqual(['  no task is declared (`restart: never` or `schedule`)']);
});

test('a schedule that is suspended, or of a disabled service, has no next run', () => {
  const scheduled = { schedule: 'every 45s', nextRunAt: null };
  const rows = body(
    answered([
      task('sync', 'stopped', {}, { task: scheduled, override: { stopped: true } }),
      task('old', 'stopped', {}, { task: scheduled, runs: 'never' }),
      serviceStatus('none', [], { task: scheduled }),
    ]),
  ).slice(2);
  expect(rows[0]).toContain('suspended');
  expect(rows[1]).toContain('disabled');
  expect(rows[2]).toContain('no instance');
});

describe('events', () => {
  test('are asked for when the view opens and by the next supervisor', () => {
    expect(opened().effects).toEqual([ASK]);
    const supervisor = { ...shopStatus().supervisor, pid: 901 };
    const other = { kind: 'status' as const, status: shopStatus({ services: SERVICES, supervisor }), nowMs: NOW_MS };
    expect(tell(answered(), other).effects).toEqual([ASK]);
    expect(tell(press(answered(), ['q']).state, other).effects).toEqual([]);
  });

  test('a new run takes the place of the last one; an event counts once', () => {
    const started = at(-2000, 'started', 'backup.1');
    const exited = at(-1000, 'exited', 'backup.1', { exit: { signal: 'SIGKILL' } });
    const state = tell(answered(), { kind: 'events', events: [...EVENTS, started] }).state;
    expect(body(state)[3]).toContain(clock(-2000));
    const after = tell(state, { kind: 'events', events: [started, exited] }).state;
    expect(body(after)[3]).toMatch(/1\.0 s +SIGKILL/);
  });
});

describe('keys', () => {
  test('Enter opens the details, `r` runs the chosen one, others act on it as elsewhere', () => {
    const state = press(answered(), ['down']).state;
    expect(press(state, ['enter']).effects).toEqual([{ kind: 'describe', name: 'backup' }]);
    expect(press(state, ['r']).effects).toEqual([{ kind: 'command', method: 'start', names: ['backup'] }]);
    expect(press(state, ['w']).effects).toEqual([{ kind: 'explain', name: 'backup' }]);
    expect(press(state, ['l']).state).toMatchObject({ view: 'logs', selected: 'backup' });
    expect(press(state, ['enter', 'escape']).state.view).toBe('tasks');
    expect(press(state, ['q']).state.view).toBe('main');
  });

  test('what runs already is not started again', () => {
    const { state, effects } = press(answered([task('seed', 'running')]), ['r']);
    expect(effects).toEqual([]);
    expect(state.notice?.text).toBe('seed runs already');
  });

  test('it opens at the task that is selected, and each instance of a pool has a row', () => {
    expect(opened(SERVICES, SIZE, { selected: 'console' }).state.tasks.chosen).toBe('console');
    const report = { ...pool('report', 3, 'completed'), task: { schedule: null, nextRunAt: null } };
    const state = press(answered([report]), ['end']).state;
    expect(body(state).at(-1)).toMatch(/^▌ report\.3/);
    expect(press(state, ['r']).effects).toEqual([{ kind: 'command', method: 'start', names: ['report.3'] }]);
  });
});

test.each([20, 40, 60, 80, 200])('no row is wider than the screen at %i columns', (columns) => {
  const state = answered(SERVICES, { columns, rows: 15 });
  for (const row of drawnRows(state)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
  expect(body(state).join('\n')).toContain('migrate');
});

test('200 tasks scroll below the names of the columns', () => {
  const many = Array.from({ length: 200 }, (_, index) => task(`task-${index}`, 'completed'));
  const state = press(answered(many), ['end']).state;
  expect(body(state)[1]).toMatch(/^ {2}TASK/);
  expect(body(state).at(-1)).toMatch(/^▌ task-199/);
});
