// The memory of a tree counts every descendant, whichever thread of its parent forked it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hasProc } from '../../src/os/platform.ts';
import { treeMemoryBytes } from '../../src/os/process/resource-use.ts';
import { living, startTree, treeSize } from './trees.ts';

const MIB = 1024 ** 2;
const HOG = `const held = Buffer.alloc(100 * ${MIB}, 1); setInterval(() => held, 1e6)`;
const SPAWNS = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(HOG)}])`;
const IN_A_WORKER = `new (require('node:worker_threads').Worker)(${JSON.stringify(SPAWNS)}, { eval: true })`;

const residentBytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;

test.runIf(hasProc).each([
  ['the main thread', SPAWNS],
  ['another thread', IN_A_WORKER],
])('a child that %s forked is counted', async (_, script) => {
  const tree = await startTree([process.execPath, '-e', `${script}; setInterval(() => undefined, 1e6)`]);
  await treeSize(tree, (size) => size >= 2);
  const all = () => living(tree).map(({ pid }) => residentBytes(pid));
  await expect.poll(() => Math.max(...all()), { timeout: 10_000 }).toBeGreaterThan(100 * MIB);
  const sum = (bytes: number[]) => bytes.reduce((one, other) => one + other, 0);
  const before = sum(all()); // it may still grow
  const bytes = treeMemoryBytes(tree.incarnation.pid)!;
  expect(bytes).toBeGreaterThan(0.9 * before);
  expect(bytes).toBeLessThan(1.1 * sum(all()));
  process.kill(-tree.incarnation.pid, 'SIGKILL');
  await tree.ended;
});

test('a process that does not exist has none', () => {
  expect(treeMemoryBytes(2 ** 22 + 1)).toBeNull();
});
