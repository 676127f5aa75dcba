// A client that does not read: what it costs itself, and what it must not cost the project.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MAX_FRAME_BYTES } from '../../src/api/protocol.ts';
import { LineSplitter } from '../../src/rpc/line-splitter.ts';
import { type MethodTable, serve } from '../../src/supervisor/api/api-server.ts';
import { createMethods } from '../../src/supervisor/api/methods.ts';
import type { Supervisor } from '../../src/supervisor/supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';

const MIB = 1024 * 1024;

type Served = { socket: Socket; ownersGone: () => number };

/** A client that owns, asks for `method` and does not read from then on. */
async function suspendedOwner(methods: MethodTable, method: 'watchStatus' | 'events', params: object): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'orch-api-'));
  let ownersGone = 0;
  const server = await serve(join(directory, 'sock'), methods, () => ownersGone++);
  const socket = connect(join(directory, 'sock'));
  onTestFinished(async () => {
    socket.destroy();
    await new Promise<void>((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  });
  const owns = new Promise((resolve) => socket.once('data', resolve));
  socket.write('{"id":1,"method":"own","params":{}}\n');
  await owns;
  socket.pause();
  socket.write(`${JSON.stringify({ id: 2, method, params })}\n`);
  return { socket, ownersGone: () => ownersGone };
}

/** @returns `change`: something happens; the status says how often so far. */
function watchedSupervisor(statusBytes: number) {
  const listeners = new Set<() => void>();
  let changes = 0;
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const supervisor = {
    kernel: {},
    status: async () => ({ generation: changes, filler: 'x'.repeat(statusBytes) }),
    onStep: subscribe,
    events: { subscribe },
  } as unknown as Supervisor;
  const change = () => {
    for (const listener of listeners) listener();
    return ++changes;
  };
  return {
    methods: createMethods(supervisor, { onDown: () => undefined, followLink: () => Promise.resolve(null) }),
    change,
  };
}

test('`status` asks the log writer and git, unless only what is known is wanted', async () => {
  const asked: unknown[] = [];
  const supervisor = { kernel: {}, status: async (onlyKnown: boolean) => asked.push(onlyKnown) };
  const { status } = createMethods(supervisor as unknown as Supervisor, {
    onDown: () => undefined,
    followLink: () => Promise.resolve(null),
  });
  for (const params of [{}, { known: true }]) await status(params, {} as never);
  expect(asked).toEqual([false, true]);
});

test.each([
  [false, [false]],
  [true, [true, false]],
])('`watchStatus` (known: %s) begins with what is known at once, where that is wanted', async (known, wanted) => {
  const asked: boolean[] = [];
  const subscribe = () => () => undefined;
  const status = async (onlyKnown = false) => {
    asked.push(onlyKnown);
    if (onlyKnown) return { onlyKnown };
    return new Promise(() => undefined); // the log writer hangs
  };
  const supervisor = { kernel: {}, status, onStep: subscribe, events: { subscribe } } as unknown as Supervisor;
  const { watchStatus } = createMethods(supervisor, {
    onDown: () => undefined,
    followLink: () => Promise.resolve(null),
  });
  const [emitted, abort]: [unknown[], AbortController] = [[], new AbortController()];
  const call = {
    emit: (event: unknown) => emitted.push(event) > 0,
    isBehind: () => false,
    signal: abort.signal,
  };
  const ended = watchStatus({ minIntervalMs: 20, known }, call as never);
  await waitFor(
    'all are asked',
    () => asked.length,
    (count) => count === wanted.length,
  );
  abort.abort();
  await ended;
  expect(asked).toEqual(wanted);
  expect(emitted).toEqual(known ? [{ onlyKnown: true }] : []);
});

test('a frozen server carries out nothing and answers nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orch-api-'));
  const calls: string[] = [];
  const { methods } = watchedSupervisor(0);
  let answerLate = (): void => undefined;
  const table: MethodTable = {
    ...methods,
    own: () => void calls.push('own') as never,
    why: () => new Promise((resolve) => (answerLate = () => resolve({ explanations: [] }))),
  };
  let ownersGone = 0;
  const server = await serve(join(directory, 'sock'), table, () => ownersGone++);
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const socket = connect(join(directory, 'sock'));
  const answers: string[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => answers.push(String(chunk)));
  socket.write('{"id":1,"method":"own","params":{}}\n{"id":2,"method":"why","params":{"name":"a"}}\n');
  await waitFor(
    'the first is answered',
    () => answers.length,
    (count) => count === 1,
  );
  server.freeze();
  answerLate();
  socket.write('{"id":3,"method":"own","params":{}}\n');
  socket.end();
  await new Promise<void>((resolve) => server.close(resolve));
  expect(calls).toEqual(['own']);
  expect(answers).toHaveLength(1);
  expect(ownersGone).toBe(0);
});

test('an owner that does not read gets the latest status once it reads again', async () => {
  const { methods, change } = watchedSupervisor(MIB / 2);
  const { socket, ownersGone } = await suspendedOwner(methods, 'watchStatus', { minIntervalMs: 20 });
  const last = await waitFor('far more has happened than is kept for it', change, (changes) => changes > 60);
  const seen: number[] = [];
  const lines = new LineSplitter(MAX_FRAME_BYTES);
  socket.on('data', (chunk) => lines.push(chunk, (line) => seen.push(JSON.parse(line).event.generation)));
  socket.resume();
  await waitFor('the latest has come', change, () => (seen.at(-1) ?? 0) >= last);
  expect(seen.length).toBeLessThan(20);
  expect(ownersGone()).toBe(0);
});

test('an owner that is cut off for unread data does not take the project down', async () => {
  let cut = (): void => undefined;
  const isCut = new Promise<void>((resolve) => {
    cut = resolve;
  });
  const flood: MethodTable['events'] = (_params, { emit, signal }) =>
    new Promise((resolve) => {
      const timer = setInterval(() => emit({ message: 'x'.repeat(MIB) } as never) || cut(), 1);
      signal.addEventListener('abort', () => {
        clearInterval(timer);
        resolve({});
      });
    });
  const { methods } = watchedSupervisor(0);
  const { socket, ownersGone } = await suspendedOwner({ ...methods, events: flood }, 'events', { follow: true });
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  await isCut;
  socket.resume();
  await ended;
  expect(ownersGone()).toBe(0);
});
