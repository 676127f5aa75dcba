// Who is asked for their exit status, and when: with a double of the C library that counts.

import { expect, test } from 'vitest';
import type { Exit } from '../../src/core/slot.ts';
import { exitOf, Reaper } from '../../src/os/spawn/reaper.ts';

const NODES = 9;
const immediate = () => new Promise((resolve) => setImmediate(resolve));

function setUp(...ours: number[]) {
  const zombies: number[] = [];
  let questions = 0;
  const library = {
    ended: () => zombies[0] ?? 0,
    reap(pid: number) {
      questions++;
      if (!zombies.includes(pid)) return null;
      zombies.splice(zombies.indexOf(pid), 1);
      return pid << 8;
    },
  };
  const told: [number, Exit][] = [];
  const reaper = new Reaper(library);
  for (const pid of ours) reaper.add(pid, (exit) => told.push([pid, exit]));
  return { reaper, zombies, told, questions: () => questions };
}

test('all that have ended are told after one signal, and nobody else is asked', () => {
  const { reaper, zombies, told, questions } = setUp(1, 2, 3, 4);
  zombies.push(3, 1);
  reaper.reap();
  expect(told).toEqual([
    [3, { code: 3 }],
    [1, { code: 1 }],
  ]);
  expect(questions()).toBe(2);
});

test('a child of Node that is still there hides nobody', async () => {
  const { reaper, zombies, told } = setUp(1, 2);
  zombies.push(NODES, 2);
  reaper.reap();
  expect(told).toEqual([]);
  await immediate();
  expect(told).toEqual([[2, { code: 2 }]]);
  expect(zombies).toEqual([NODES]);
});

test('once Node has reaped its own, nobody is asked in vain', async () => {
  const { reaper, zombies, told, questions } = setUp(1, 2);
  zombies.push(NODES, 2);
  reaper.reap();
  zombies.shift();
  await immediate();
  expect(told).toEqual([[2, { code: 2 }]]);
  expect(questions()).toBe(1);
});

test('the end of a child of Node alone costs the others nothing', async () => {
  const { reaper, zombies, questions } = setUp(1, 2);
  zombies.push(NODES);
  reaper.reap();
  zombies.shift();
  await immediate();
  expect(questions()).toBe(0);
});

test('orphans are reaped untold, whatever stands before or behind them; children of Node never', async () => {
  const { reaper, zombies, told } = setUp(1, 2);
  reaper.reapOrphans((pid) => pid === NODES);
  zombies.push(7, 1, 8, NODES, 2);
  reaper.reap();
  expect(zombies).toEqual([NODES, 2]);
  await immediate();
  expect(told.map(([pid]) => pid)).toEqual([1, 2]);
  expect(zombies).toEqual([NODES]);
});

test('without that, a stranger is left alone', async () => {
  const { reaper, zombies } = setUp(1);
  zombies.push(7);
  reaper.reap();
  await immediate();
  expect(zombies).toEqual([7]);
});

test('a storm of orphans holds the event loop for a part of them only, and all are reaped', async () => {
  const { reaper, zombies } = setUp();
  reaper.reapOrphans(() => false);
  zombies.push(...Array.from({ length: 1_700 }, (_, index) => index + 1));
  reaper.reap();
  expect(zombies.length).toBeGreaterThan(1_000);
  while (zombies.length > 0) await immediate();
});

test.each([
  [0, { code: 0 }],
  [0x100, { code: 1 }],
  [0xff00, { code: 255 }],
  [9, { signal: 'SIGKILL' }],
  [0x80 | 11, { signal: 'SIGSEGV' }],
  [6, { signal: 'SIGABRT' }],
  [40, { signal: 'SIG40' }],
])('the status %i', (status, exit) => expect(exitOf(status)).toEqual(exit));
