// What the processes of a tree are: described by the system, ordered by parent.
import { expect, test } from 'vitest';
import { parseCommandLines } from '../../src/os/process/system-tools.ts';
import { type DescribedProcess, describeProcesses, inTreeOrder } from '../../src/os/tree/process-tree.ts';
import { killTree } from '../../src/os/tree/signal.ts';
import { sweepTree } from '../../src/os/tree/sweep.ts';
import { startShell, type Tree } from './trees.ts';

const end = (tree: Tree) => killTree({ incarnation: tree.incarnation, isOurChild: true }, { withinMs: 3000 });

test('a tree is described with parents, words, memory and age, also what has left the session', async () => {
  const tree = await startShell("sh -c 'sleep 1000 & exec setsid sleep 2000' & exec sleep 3000", 3);
  const described = await describeProcesses(await sweepTree(tree.incarnation), 20);
  const placed = inTreeOrder([...described.values()]);
  const { pid } = tree.incarnation;
  const words = placed.map(({ process }) => process.words.join(' '));
  expect(words[0]).toBe('sleep 3000');
  expect(words.slice(1).sort()).toEqual(['sleep 1000', 'sleep 2000']);
  const left = placed.find(({ process }) => process.words[1] === '2000')!;
  const below = placed.find(({ process }) => process.words[1] === '1000')!;
  expect([placed[0]!.parent, left.parent, below.parent]).toEqual([null, pid, left.process.pid]);
  for (const { process } of placed) {
    expect(process.rssBytes).toBeGreaterThan(100_000);
    expect(process.ageMs).toBeLessThan(60_000);
    expect(process.cpuPercent).toBeLessThan(100);
  }
  await end(tree);
});

test('a process that ends while it is measured is left out', async () => {
  const tree = await startShell('sleep 1000 & exec sleep 2000', 2);
  const members = await sweepTree(tree.incarnation);
  const describing = describeProcesses(members, 300);
  await end(tree);
  expect([...(await describing).keys()]).toEqual([]);
  expect(members).toHaveLength(2);
});

test('parents come before their children, siblings by age, and a circle does not hang', () => {
  const process = (pid: number, parentPid: number, startTime: number): DescribedProcess => ({
    ...{ pid, parentPid, startTime: String(startTime), words: [], ageMs: 0, cpuPercent: 0, rssBytes: 0 },
  });
  const order = (...processes: DescribedProcess[]) =>
    inTreeOrder(processes).map(({ process: { pid }, parent }) => [pid, parent]);
  expect(order(process(9, 5, 3), process(7, 5, 2), process(5, 1, 1), process(3, 7, 9), process(8, 1, 4))).toEqual([
    ...[
      [5, null],
      [7, 5],
      [3, 7],
      [9, 5],
      [8, null],
    ],
  ]);
  expect(order(process(2, 3, 1), process(3, 2, 1))).toEqual([]);
});

test('the words of command lines are read from ps', () => {
  const text = '  12 /usr/bin/node server.js  --port 80\n12345 (sh)\n\n';
  expect([...parseCommandLines(text)]).toEqual([
    [12, ['/usr/bin/node', 'server.js', '--port', '80']],
    [12345, ['(sh)']],
  ]);
});
