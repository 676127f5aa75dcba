// CPU and memory figures of live processes, and the descriptors that they cost.
import { readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { readStartTime } from '../../src/os/process/identity.ts';
import { ResourceSampler } from '../../src/os/process/resource-use.ts';
import { waitFor } from '../rig/wait-for.ts';
import { startShell, type Tree } from './trees.ts';

const samplers: ResourceSampler[] = [];
afterEach(() => {
  for (const sampler of samplers.splice(0)) sampler.close();
});
const create = (maxOpenFiles?: number) => {
  const sampler = new ResourceSampler(maxOpenFiles);
  samplers.push(sampler);
  return sampler;
};
const end = async (tree: Tree) => {
  process.kill(-tree.incarnation.pid, 'SIGKILL');
  await tree.ended;
};
const heldFiles = () => readdirSync('/proc/self/fd').length;

test('the sampler measures the CPU and memory of a busy and an idle process', async () => {
  const busy = await startShell('while :; do :; done', 1);
  const idle = await startShell('exec sleep 1000', 1);
  const sampler = create();
  const pids = [busy.incarnation, idle.incarnation];
  sampler.sample(pids);
  const later = await waitFor(
    'some work',
    () => sampler.sample(pids),
    (use) => (use.get(busy.incarnation.pid)?.cpuPercent ?? 0) > 20,
  );
  expect(later.get(busy.incarnation.pid)?.cpuPercent).toBeLessThan(250);
  expect(later.get(idle.incarnation.pid)?.cpuPercent).toBe(0);
  expect(later.get(idle.incarnation.pid)?.rssBytes).toBeGreaterThan(100_000);
  expect(later.get(idle.incarnation.pid)?.rssBytes).toBeLessThan(50_000_000);
  await end(busy);
  await end(idle);
});

test('the sampler counts memory as Node does', () => {
  const sampler = create();
  const [own] = [...sampler.sample([{ pid: process.pid, startTime: readStartTime(process.pid) ?? '' }]).values()];
  expect((own?.rssBytes ?? 0) / process.memoryUsage.rss()).toBeGreaterThan(0.8);
  expect((own?.rssBytes ?? 0) / process.memoryUsage.rss()).toBeLessThan(1.2);
});

test('the sampler omits a process that ended, and another with the same pid', async () => {
  const tree = await startShell('exec sleep 1000', 1);
  const sampler = create();
  expect([...sampler.sample([{ ...tree.incarnation, startTime: '1' }]).keys()]).toEqual([]);
  expect([...sampler.sample([tree.incarnation]).keys()]).toEqual([tree.incarnation.pid]);
  await end(tree);
  expect([...sampler.sample([tree.incarnation]).keys()]).toEqual([]);
  expect(sampler.openFiles).toBe(0);
});

test('the sampler closes every descriptor', async () => {
  const trees = await Promise.all(Array.from({ length: 8 }, () => startShell('exec sleep 1000', 1)));
  const before = heldFiles();
  const sampler = create(5);
  expect(sampler.sample(trees.map(({ incarnation }) => incarnation)).size).toBe(8);
  expect(sampler.openFiles).toBe(5);
  sampler.sample(trees.slice(0, 2).map(({ incarnation }) => incarnation));
  expect(sampler.openFiles).toBe(2);
  sampler.close();
  expect(heldFiles()).toBe(before);
  for (const tree of trees) await end(tree);
});
