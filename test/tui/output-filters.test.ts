// Filters of the output: by text, time and service. They cover the whole log, and the lines that come.
import { appendFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { searchPattern } from '../../src/tui/model/search-pattern.ts';
import { sampleStatus } from '../api/fake-supervisor.ts';
import {
  change,
  dispatch,
  followed,
  follower,
  hit,
  iso,
  numbered,
  path,
  ring,
  state,
  T0,
  texts,
  type,
  until,
  writeFiles,
} from './output-stage.ts';
import { pool } from './sample.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('a filter', () => {
  test('shows the matching lines of all files, and those that come', async () => {
    writeFiles();
    await followed('line 19999.');
    type('f', ...'[05]00\\.', 'enter');
    await until('the oldest is there', () => texts()[0] === 'line 500.');
    expect(texts()).toEqual(Array.from({ length: 39 }, (_, index) => `line ${500 * (index + 1)}.`));
    expect(ring.mayHaveOlder).toBe(false);
    appendFileSync(path, numbered(20_000, 20_010));
    await until('a new one comes', () => texts().at(-1) === 'line 20000.');
    type('escape');
    await until('all lines are back', () => texts().at(-1) === 'line 20009.' && ring.size >= 1000);
  });

  test('with ! in front shows the others', async () => {
    writeFileSync(path, numbered(0, 30));
    await followed('line 29.');
    type('f', ...'!line .*[0-8]', 'enter');
    await until('only one is left', () => ring.size === 1);
    expect(texts()).toEqual(['line 9.']);
  });

  test('a search within a filter finds filtered lines only', async () => {
    writeFiles();
    await followed('line 19999.');
    type('f', ...'00\\.', 'enter');
    await until('the filter is on', () => texts().at(-1) === 'line 19900.' && !ring.isReading && ring.size > 150);
    type('/', '3', '3', 'enter');
    await until('the first', () => hit() === 'line 13300.');
    type('n');
    await until('the next', () => hit() === 'line 3300.');
  });
});

describe('a time', () => {
  const startedAt = iso(9000);

  test('is gone to, with the lines before it a page up', async () => {
    writeFiles();
    await followed('line 19999.');
    type('@', ...iso(2500), 'enter');
    await until('its first line is on top', () => state.logBottom !== null);
    const page = () => ring.window(state.logBottom, 20, null).map((each) => each.line);
    expect(page()[0]).toBe('line 5000.');
    type('up');
    expect(page()[0]).toBe('line 4999.');
  });

  test('that is none, or has no lines after it, gives a notice', async () => {
    writeFiles();
    await followed('line 19999.');
    type('@', ...'noon', 'enter');
    expect(state.notice!.text).toMatch(/^noon is not a time such as 10m/);
    type('@', ...'2100-01-01', 'enter');
    await until('the notice', () => state.notice!.text === 'no lines from then on');
    expect([state.logBottom, texts().at(-1)]).toEqual([null, 'line 19999.']);
    type('@', 'enter');
    expect(state.logBottom).toBeNull();
  });

  test('bounds the output: one of the ranges, and what is read of it', async () => {
    writeFiles();
    const status = sampleStatus({ services: [pool('api', 2)] });
    for (const { instances } of status.services) for (const each of instances) each.startedAt = startedAt;
    change({ status, selected: 'api' });
    await followed('line 19999.');
    for (const name of ['1 m', '15 m', '1 h', 'start']) {
      dispatch({ kind: 'key', name: 'm', nowMs: T0 + 60_000 + 5000 });
      expect(state.range!.name).toBe(name);
    }
    await until('its lines are read', () => !ring.isReading);
    type('home');
    await until('its first line', () => texts()[0] === 'line 18000.');
    expect(ring.mayHaveOlder).toBe(false);
    expect(texts()).toHaveLength(2000);
    type('m');
    expect(state.range).toBeNull();
    await until('all lines are back', () => !ring.isReading);
    type('home');
    await until('the first line', () => texts()[0] === 'line 0.');
  });

  test('of a range is that of the key, and bounds a search', async () => {
    writeFiles();
    await followed('line 19999.');
    dispatch({ kind: 'key', name: 'm', nowMs: T0 + 60_000 + 5000 });
    await until('its lines are read', () => !ring.isReading);
    type('/', ...'line 9999\\.', 'enter');
    await until('the notice', () => state.notice !== null);
    expect(state.notice!.text).toBe('no line with line 9999\\.');
    type('/', 'ctrl+u', ...'line 10000\\.', 'enter');
    await until('the first line of the range', () => hit() === 'line 10000.');
  });
});

test('errors are shown with their stack traces, also where the lines that are read first begin within one', async () => {
  const of = (line: string, ms = 0) => `${iso(ms)} api.1 o ${line}\n`;
  const trace = ['ERROR failed', ...Array.from({ length: 5 }, (_, index) => `    at f${index}`)];
  const others = Array.from({ length: 997 }, (_, index) => of(`INFO ${index}`, 1));
  writeFileSync(path, of('INFO first') + trace.map((line) => of(line)).join('') + others.join(''));
  await followed('INFO 996');
  type('v');
  await until('the trace is whole', () => !ring.isReading && texts().length === trace.length);
  expect(texts()).toEqual(trace);
  appendFileSync(path, of('ERROR next', 2) + of('    at g', 3) + of('INFO last', 3) + of('    at h', 3));
  await until('those that come are there', () => texts().length >= trace.length + 2);
  expect(texts().slice(-2)).toEqual(['ERROR next', '    at g']);
});

test('cleared, the output is empty; Esc brings back what was there', async () => {
  writeFiles();
  await followed('line 19999.');
  dispatch({ kind: 'key', name: 'C', nowMs: T0 + 10_000 });
  await until('nothing is left', () => ring.size === 0 && !ring.isReading);
  appendFileSync(path, numbered(20_000, 20_003));
  await until('a new line comes', () => texts().at(-1) === 'line 20002.');
  expect(texts()).toEqual(['line 20000.', 'line 20001.', 'line 20002.']);
  dispatch({ kind: 'key', name: 'm', nowMs: T0 + 70_000 });
  expect(state.range).toEqual({ name: '1 m', sinceMs: T0 + 10_000 });
  type('escape');
  await until('all lines are back', () => texts().includes('line 19999.'));
});

test('a service is left out of the output of all, and comes back', async () => {
  const from = (service: string) => `${iso(1)} ${service}.1 o from ${service}\n`;
  writeFileSync(path, from('api') + from('db') + from('api'));
  change({ status: sampleStatus({ services: [pool('db', 1), pool('api', 1)] }), view: 'main' });
  await followed('from api');
  type('M');
  expect([state.muted, state.notice!.text]).toEqual([['db'], 'the output of all services leaves out db']);
  await until('its line is gone', () => !texts().includes('from db'));
  expect(texts()).toEqual(['from api', 'from api']);
  type('g', 'down', 'up', 'M');
  expect(state.muted).toEqual([]);
  type('M', 'a');
  change({ allOutput: false, selected: 'db' });
  follower.update(state);
  await until('its own output has it', () => texts().join() === 'from db');
});

test('one instance of a pool is left out, and comes back alone from a pool that is left out', async () => {
  const from = (instance: string) => `${iso(1)} ${instance} o from ${instance}\n`;
  writeFileSync(path, from('api.1') + from('api.2') + from('api.3') + from('apis.1'));
  change({ status: sampleStatus({ services: [pool('api', 3), pool('apis', 1)] }), view: 'main' });
  await followed('from apis.1');
  const shown = (...names: string[]) =>
    until(`shown: ${names.join()}`, () => texts().join() === names.map((name) => `from ${name}`).join());
  type('a', 'down', 'down', 'a', 'M');
  expect([state.muted, state.notice!.text]).toEqual([['api.2'], 'the output of all services leaves out api.2']);
  await shown('api.1', 'api.3', 'apis.1');
  type('g', 'M');
  expect(state.muted).toEqual(['api']);
  await shown('apis.1');
  type('down', 'M');
  expect([state.muted, state.notice!.text]).toEqual([['api.2', 'api.3'], 'the output of all services has api.1']);
  await shown('api.1', 'apis.1');
  type('M', 'g', 'M', 'M');
  expect(state.muted).toEqual([]);
  await shown('api.1', 'api.2', 'api.3', 'apis.1');
});

test('a mark stands under the newest line, and there again when the log is read again', async () => {
  writeFileSync(path, numbered(0, 20));
  await followed('line 19.');
  dispatch({ kind: 'key', name: 'L', nowMs: T0 + 100 });
  expect(texts().slice(-2)).toEqual(['line 19.', '── mark ──']);
  appendFileSync(path, numbered(300, 302));
  await until('new lines come', () => texts().at(-1) === 'line 301.');
  const marked = ['line 19.', '── mark ──', 'line 300.', 'line 301.'];
  expect(texts().slice(-4)).toEqual(marked);
  type('f', ...'1', 'enter');
  await until('the filter is on', () => texts()[0] === 'line 1.' && !ring.isReading);
  expect(texts().slice(-3)).toEqual(['line 19.', '── mark ──', 'line 301.']);
  type('escape');
  await until('all lines are back', () => texts()[0] === 'line 0.' && !ring.isReading);
  expect(texts().slice(-4)).toEqual(marked);
  type('/', ...'mark', 'enter');
  expect(state.notice!.text).toBe('no line with mark');
});

test('while it is typed, a filter hides lines of the ring and reads nothing', async () => {
  writeFiles();
  await followed('line 19999.');
  const { size } = ring;
  type('f', '7');
  expect(ring.size).toBe(size);
  expect(ring.window(null, 2, searchPattern(state.lineFilter)).map((each) => each.line)).toEqual([
    'line 19987.',
    'line 19997.',
  ]);
});
