// The view without a terminal, against a scripted supervisor and real log files: what is printed, how it ends.
import { mkdirSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import type { EventRecord, InstanceState, Status } from '../../src/api/protocol.ts';
import { createContext } from '../../src/cli/context/context.ts';
import { Interrupts } from '../../src/cli/up/interrupts.ts';
import { areTasksOver, runLineMode } from '../../src/cli/up/line-mode.ts';
import { LinePrinter } from '../../src/cli/up/line-printer.ts';
import type { ShownProject } from '../../src/cli/up/shown-project.ts';
import { type Answers, type FakeSupervisor, sampleStatus, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { holdsFor } from '../rig/wait-for.ts';
import { type Capture, capture } from './run-command.ts';

let supervisor: FakeSupervisor;
let interrupts: Interrupts;
let stdout: Capture;
let stderr: Capture;
const answers: Answers = {};
const silence = () => new Promise<never>(() => undefined);
let send: (status: Status) => void;
let tell: (message: string, type?: string, details?: object) => void;

beforeEach(async () => {
  [stdout, stderr] = [capture(), capture()];
  interrupts = new Interrupts();
  answers.watchStatus = (_params, call) => {
    send = (status) => call.event(status);
    send(sampleStatus());
    return silence();
  };
  answers.events = (_params, call) => {
    const time = new Date().toISOString();
    const rest = { seq: 1, time, service: null, instance: null };
    tell = (message, type = 'started', details = {}) => call.event({ ...rest, type, message, details } as EventRecord);
    return silence();
  };
  answers.down = (_params, call) => {
    setTimeout(call.hangUp, 20);
    return { stopped: 2, leftovers: [] };
  };
  supervisor = await startFakeSupervisor(answers);
});
afterEach(() => {
  interrupts.stop();
  return supervisor.close();
});

async function show(view: Partial<ShownProject> = {}, columns?: number) {
  if (columns) stdout = capture(columns);
  const client = (await connect(supervisor.paths))!;
  const around = { stdout, stderr, environment: {}, cwd: supervisor.paths.root };
  const { paths } = supervisor;
  const all = { client, paths, owning: true, wantsTui: false, tasks: null, sinceMs: 0, interrupts, ...view };
  const code = runLineMode(createContext({}, around), all);
  await expect.poll(() => supervisor.requests.map(({ method }) => method)).toContain('events');
  return code;
}
const start = (view?: Partial<ShownProject>, columns?: number) => ({ code: show(view, columns) });
const seen = (text: string | RegExp) => expect.poll(() => stdout.text(), { timeout: 5000 }).toMatch(text);
const isWatching = () => expect.poll(() => supervisor.requests.length, { timeout: 5000 }).toBeGreaterThan(1);

async function writes(line: string): Promise<void> {
  const path = resolve(supervisor.paths.root, '.orch/logs/default.log');
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, `${new Date().toISOString()} ${line}\n`);
}

test('line mode prints output and events with their instance in front; Ctrl-C stops everything', async () => {
  const { code } = start();
  await isWatching();
  await writes('api.1 o hello');
  await seen('hello');
  tell('api.2 started (pid 7)');
  tell('api.2 ended with success', 'exited');
  await seen('api.2 started');
  await writes('migrate.1 e \x1b[2Jrubbish');
  await seen('rubbish');
  process.emit('SIGINT');
  expect(await code).toBe(0);
  expect(stdout.text()).toBe('api.1     | hello\norch      | api.2 started (pid 7)\nmigrate.1 | \x1b[2Jrubbish\n');
  expect(stderr.text()).toBe('everything is down (2 instances stopped)\n');
});

test('in a terminal a line sets colours and nothing else', async () => {
  const { code } = start({}, 80);
  await isWatching();
  await writes('api.1 o \x1b[31mred\x1b[2J\x1b]0;title\x07 end');
  await seen('end');
  process.emit('SIGTERM');
  await code;
  expect(stdout.text()).toContain('\x1b[31mred end\x1b[0m\n');
  expect(stdout.text()).not.toMatch(/\x1b\[2J|\x1b\]0|title/);
});

test('a second Ctrl-C kills at once', async () => {
  let finish: () => void = () => undefined;
  answers.down = async ({ timeoutMs }) => {
    if (timeoutMs === 0) finish();
    else await new Promise<void>((resolve) => (finish = resolve));
    return { stopped: 1, leftovers: [] };
  };
  const { code } = start();
  await isWatching();
  process.emit('SIGINT');
  const downs = () => supervisor.requests.filter(({ method }) => method === 'down').map(({ params }) => params);
  await expect.poll(downs).toEqual([{ timeoutMs: null }]);
  process.emit('SIGINT');
  expect(await code).toBe(0);
  expect(downs()).toEqual([{ timeoutMs: null }, { timeoutMs: 0 }]);
  expect(stderr.text()).toBe('killing what is left\neverything is down (1 instance stopped)\n');
});

test('Ctrl-C ends the view and stops nothing if `up` does not own the project', async () => {
  const { code } = start({ owning: false });
  await isWatching();
  process.emit('SIGINT');
  expect(await code).toBe(0);
  expect(supervisor.requests.map(({ method }) => method)).not.toContain('down');
});

test('a failed service makes the exit code 1', async () => {
  answers.watchStatus = (_params, call) => {
    call.event(withStates({ 'api.1': 'failed', 'api.2': 'ready' }));
    return silence();
  };
  const { code } = start();
  await isWatching();
  process.emit('SIGINT');
  expect(await code).toBe(1);
});

test('line mode ends after a `down` once all tasks have ended', async () => {
  const { code } = start({ tasks: ['migrate'] });
  await isWatching();
  send(withStates({ 'migrate.1': 'completed' }));
  expect(await code).toBe(0);
  expect(supervisor.requests.at(-1)?.method).toBe('down');
});

test('a lost supervisor is reported as lost; one that was asked to go down is not', async () => {
  const { code } = start();
  await isWatching();
  await supervisor.close();
  expect(await code).toEqual({ lostAtMs: expect.any(Number) });
  expect(stderr.text()).toBe('');

  supervisor = await startFakeSupervisor(answers);
  stderr = capture();
  const second = start();
  await isWatching();
  send(withStates({ 'api.1': 'stopped' }));
  tell('Everything is being stopped.', 'going_down');
  tell('marker');
  await seen('marker');
  await supervisor.close();
  expect(await second.code).toBe(0);
  expect(stderr.text()).toBe('The project was stopped.\n');
});

test.each([
  ['no process lives, and no client asked for the end', 'completed', 'marker'],
  ['it was being stopped, and something lives', 'ready', 'going_down'],
] as [string, InstanceState, string][])('lost while %s', async (_when, state, type) => {
  const { code } = start();
  await isWatching();
  send(withStates({ 'api.1': state }));
  tell('what happened last', type);
  await seen('what happened last');
  // One that went down in order removes it.
  mkdirSync(supervisor.paths.stateDir, { recursive: true });
  writeFileSync(supervisor.paths.stateFile, '{}');
  await supervisor.close();
  expect(await code).toEqual({ lostAtMs: expect.any(Number) });
});

/** A stream without a reader: the first write never ends, the others wait. */
function unread(): Capture {
  return Object.assign(new Writable({ write: () => undefined }), { text: () => '' });
}

describe('a reader of the output that does not read on', () => {
  const LINES = 50_000;
  const flood = `${new Date().toISOString()} api.1 o ${'x'.repeat(100)}\n`.repeat(LINES);

  beforeEach(async () => {
    stdout = unread();
    const path = resolve(supervisor.paths.root, '.orch/logs/default.log');
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, flood);
  });

  test('slows the reading down: memory holds no more than one batch', async () => {
    const { code } = start();
    await expect.poll(() => stdout.writableLength, { timeout: 5000 }).toBeGreaterThan(0);
    const isBounded = (bytes: number) => bytes < flood.length / 2;
    await holdsFor('little is held', () => stdout.writableLength, isBounded, 1000);
    stdout.destroy();
    process.emit('SIGINT');
    expect(await code).toBe(0);
  });

  test('does not keep Ctrl-C from stopping everything', async () => {
    const { code } = start();
    await expect.poll(() => stdout.writableLength, { timeout: 5000 }).toBeGreaterThan(0);
    process.emit('SIGINT');
    expect(await code).toBe(0);
    expect(supervisor.requests.at(-1)?.method).toBe('down');
  }, 15_000);

  test.each([true, false])('does not make memory grow with events (json: %s)', async (json) => {
    const context = createContext({ json }, { stdout, stderr, environment: {}, cwd: supervisor.paths.root });
    const printer = new LinePrinter(context);
    const message = 'api.1 has failed, '.repeat(1000);
    const event = { seq: 1, time: '', type: 'failed', service: null, instance: null, message, details: {} };
    for (let count = 0; count < 10_000; count += 1) printer.event(event as EventRecord);
    expect(stdout.writableLength).toBeLessThan(16 * 1024 * 1024);
  });
});

test('the number of events that were not kept is printed once there is room again', () => {
  const printer = new LinePrinter(createContext({}, { stdout, stderr, environment: {}, cwd: '/' }));
  let unreadBytes = 100 * 1024 * 1024;
  Object.defineProperty(stdout, 'writableLength', { get: () => unreadBytes });
  const event = { seq: 1, time: '', type: 'failed', service: null, instance: null, message: 'gone', details: {} };
  for (let count = 0; count < 3; count += 1) printer.event(event as EventRecord);
  expect(stdout.text()).toBe('');
  unreadBytes = 0;
  printer.event({ ...event, message: 'there' } as EventRecord);
  expect(stdout.text()).toBe('orch | … 3 events not shown\norch | there\n');
});

test.each([
  [{ 'a.1': 'completed', 'b.1': 'completed' }, true],
  [{ 'a.1': 'completed', 'b.1': 'ready' }, false],
  [{ 'a.1': 'completed', 'b.1': 'waiting' }, false],
  [{ 'a.1': 'failed', 'b.1': 'waiting' }, true],
  [{ 'a.1': 'failed', 'b.1': 'backoff' }, false],
  [{ 'a.1': 'completed', 'other.1': 'stopped' }, true],
  [{ 'other.1': 'completed' }, false],
  [{}, false],
] as [Record<string, InstanceState>, boolean][])('%j: nothing left to do is %s', (states, over) => {
  expect(areTasksOver(withStates(states), ['a', 'b'])).toBe(over);
});

function withStates(states: Record<string, InstanceState>): Status {
  const [, , sample] = sampleStatus().services;
  const services = Object.entries(states).map(([id, state]) => ({
    ...sample!,
    name: id.replace(/\.\d+$/, ''),
    instances: [{ ...sample!.instances[0]!, id, state, pid: state === 'ready' ? 7 : null }],
  }));
  return sampleStatus({ services });
}
