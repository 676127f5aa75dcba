// Which exit statuses are read, and when: with a double of the C library that counts calls.

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
  const reported: [number, Exit][] = [];
  const reaper = new Reaper(library);
  for (const pid of ours) reaper.add(pid, (exit) => reported.push([pid, exit]));
  return { reaper, zombies, reported, questions: () => questions };
}

test('all exits are reported after one signal, and no other child is queried', () => {
  const { reaper, zombies, reported, questions } = setUp(1, 2, 3, 4);
  zombies.push(3, 1);
  reaper.reap();
  expect(reported).toEqual([
    [3, { code: 3 }],
    [1, { code: 1 }],
  ]);
  expect(questions()).toBe(2);
});

test('a child is awaited until it has been reaped', () => {
  const { reaper, zombies } = setUp(1);
  expect([reaper.awaits(1), reaper.awaits(2)]).toEqual([true, false]);
  zombies.push(1);
  expect(reaper.awaits(1)).toBe(true);
  reaper.reap();
  expect(reaper.awaits(1)).toBe(false);
});

test('an unreaped child of Node does not hide others', async () => {
  const { reaper, zombies, reported } = setUp(1, 2);
  zombies.push(NODES, 2);
  reaper.reap();
  expect(reported).toEqual([]);
  await immediate();
  expect(reported).toEqual([[2, { code: 2 }]]);
  expect(zombies).toEqual([NODES]);
});

test('once Node has reaped its own, no child is queried needlessly', async () => {
  const { reaper, zombies, reported, questions } = setUp(1, 2);
  zombies.push(NODES, 2);
  reaper.reap();
  zombies.shift();
  await immediate();
  expect(reported).toEqual([[2, { code: 2 }]]);
  expect(questions()).toBe(1);
});

test('the exit of a child of Node does not query the others', async () => {
  const { reaper, zombies, questions } = setUp(1, 2);
  zombies.push(NODES);
  reaper.reap();
  zombies.shift();
  await immediate();
  expect(questions()).toBe(0);
});

test('orphans are reaped without a report, in any order; children of Node never', async () => {
  const { reaper, zombies, reported } = setUp(1, 2);
  reaper.reapOrphans((pid) => pid === NODES);
  zombies.push(7, 1, 8, NODES, 2);
  reaper.reap();
  expect(zombies).toEqual([NODES, 2]);
  await immediate();
  expect(reported.map(([pid]) => pid)).toEqual([1, 2]);
  expect(zombies).toEqual([NODES]);
});

test('an orphan is left alone unless orphans are reaped', async () => {
  const { reaper, zombies } = setUp(1);
  zombies.push(7);
  reaper.reap();
  await immediate();
  expect(zombies).toEqual([7]);
});

test('many orphans are reaped in several ticks', async () => {
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
