// The view of the start-up: the chain, every instance, what is open and what is not known; how it follows events.
import { describe, expect, test } from 'vitest';
import type { EventRecord, Status } from '../../src/api/protocol.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { drawnRows } from './ink-frame.ts';
import { event, instanceStatus, NOW_MS, pool, press, serviceStatus, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 100, rows: 24 };
const ASK = { kind: 'ask', of: 'startUp' };
let seq = 0;
const at = (ms: number, type: string, instance: string | null, details: Record<string, unknown> = {}): EventRecord =>
  event(++seq, '', { type, instance, details, time: new Date(NOW_MS + ms).toISOString() });
const started = (ms: number, instance: string, waitedFor: string | null) =>
  at(ms, 'started', instance, { tookMs: 10, waitedFor, restarts: 0 });
const EVENTS = [
  at(0, 'config_applied', null),
  started(10, 'db.1', null),
  started(12, 'cache.1', null),
  at(400, 'became_ready', 'db.1'),
  started(410, 'migrate.1', 'db.1'),
  at(2410, 'completed', 'migrate.1'),
  started(2420, 'api.1', 'migrate.1'),
  at(2900, 'became_ready', 'api.1'),
];
const single = (name: string, state: Parameters<typeof instanceStatus>[1], change = {}) =>
  serviceStatus(name, [instanceStatus(`${name}.1`, state, change)]);
const SERVICES = [pool('api', 1), single('db', 'ready'), single('cache', 'ready'), single('migrate', 'completed')];

const tell = (state: UiState, message: Parameters<typeof reduce>[1]) => reduce(state, message, new LogRing());
const opened = (change: Partial<Status> = {}, size: TerminalSize = SIZE) =>
  press(shownState(size, { status: shopStatus({ services: SERVICES, ...change }) }), ['B']);
const answered = (events = EVENTS, change: Partial<Status> = {}, size = SIZE): UiState =>
  tell(opened(change, size).state, { kind: 'answered', answer: { of: 'startUp', events } }).state;
const body = (state: UiState) =>
  drawnRows(state)
    .slice(1, -1)
    .map((row) => row.trimEnd())
    .filter((row) => row !== '');

test('the chain that decided the time, then every instance, the slowest first', () => {
  const rows = body(answered());
  expect(rows[0]).toMatch(/^── start-up {2}2\.9 s in all ─+$/);
  expect(rows.slice(1).map((row) => row.replace(/ +[█░]+$/, ''))).toEqual([
    '  the chain that decided it',
    '  db.1           +0 ms     400 ms ready',
    '  migrate.1    +400 ms      2.0 s completed',
    '  api.1         +2.4 s     490 ms ready',
    '  every instance, the slowest first',
    '  migrate.1    +400 ms      2.0 s completed',
    '  api.1         +2.4 s     490 ms ready',
    '  db.1           +0 ms     400 ms ready',
    '  cache.1        +2 ms      10 ms started',
  ]);
  const bars = rows.slice(2, 5).map((row) => /[█░]+$/.exec(row)![0]);
  expect(bars.map((bar) => bar.indexOf('█'))).toEqual([0, 8, 46]);
  for (const bar of bars) expect(bar).toHaveLength(55);
});

describe('what is open', () => {
  test('instances that are not ready yet come with their state and reason', () => {
    const web = single('web', 'waiting', { reason: 'Waits for api (ready).' });
    const slow = single('slow', 'running', { reason: 'Alive, not ready yet.' });
    const text = body(answered([...EVENTS, started(20, 'slow.1', null)], { services: [...SERVICES, slow, web] })).join(
      '\n',
    );
    expect(text).toMatch(
      /not ready yet\n {2}◑ slow\.1 {2}running .*\n {2}◌ web\.1 {2}waiting {2}Waits for api \(ready\)\./,
    );
    expect(text).not.toMatch(/slow\.1 +\+/);
  });

  test('the title says so far as long as an instance is not ready', () => {
    const web = single('web', 'waiting');
    expect(body(answered(EVENTS, { services: [...SERVICES, web] }))[0]).toContain('2.9 s so far');
  });

  test('the start of an adopted instance is not known', () => {
    const old = serviceStatus('old', [instanceStatus('old.1', 'ready', { adopted: true })]);
    const text = body(answered(EVENTS, { services: [...SERVICES, old] })).join('\n');
    expect(text).toMatch(/not known\n {2}old\.1: adopted\. They were started by an earlier supervisor/);
    expect(body(answered([], { services: [old] })).join('\n')).toContain('No start was seen by this supervisor.');
  });
});

test('it is asked for when the view opens and by the next supervisor, and follows new events', () => {
  expect(opened().effects).toEqual([ASK]);
  expect(body(opened().state).join('\n')).toContain('asking the supervisor …');
  const state = answered(EVENTS.slice(0, -1));
  expect(body(state)[0]).toContain('2.4 s in all');
  const next = tell(state, { kind: 'events', events: [EVENTS.at(-2)!, EVENTS.at(-1)!] });
  expect(next.effects).toEqual([]);
  expect(body(next.state)[0]).toContain('2.9 s in all');
  expect(next.state.startUp.answer).toHaveLength(EVENTS.length);
  const supervisor = { ...shopStatus().supervisor, pid: 901 };
  const other = { kind: 'status' as const, status: shopStatus({ services: SERVICES, supervisor }), nowMs: NOW_MS };
  expect(tell(next.state, other).effects).toEqual([ASK]);
  expect(tell(press(next.state, ['q']).state, other).effects).toEqual([]);
});

test('200 instances scroll', () => {
  const many = Array.from({ length: 200 }, (_, index) => [
    started(10 + index, `service-${index}.1`, null),
    at(1000 + index * 10, 'became_ready', `service-${index}.1`),
  ]).flat();
  const state = answered([at(0, 'config_applied', null), ...many]);
  expect(body(state)[0]).toMatch(/3\.0 s in all.* 1-20 of \d+ ──$/);
  expect(body(press(state, ['end']).state).join('\n')).toContain('service-0.1');
});

test.each([20, 40, 60, 80, 200])('no row is wider than the screen at %i columns', (columns) => {
  const services = [...SERVICES, single('web', 'waiting', { reason: 'Waits for api (ready). '.repeat(10) })];
  const state = answered(EVENTS, { services }, { columns, rows: 15 });
  for (const row of drawnRows(state)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
  expect(body(state).join('\n')).toContain(columns < 40 ? 'migr' : 'migrate.1');
});
