// Containment when something goes wrong in between: a child that ends while it is moved, a cgroup that cannot be created.
import type fs from 'node:fs';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  cgroupDirOfNonce,
  cgroupPids,
  moveIntoCgroup,
  prepareCgroup,
  releaseCgroup,
} from '../../src/os/cgroup/cgroup.ts';
import { killTree } from '../../src/os/tree/signal.ts';
import { sweepByNonce } from '../../src/os/tree/sweep.ts';
import { living, startShell, startTree, type Tree } from './trees.ts';

/** No pid reaches PID_MAX_LIMIT (proc(5)). */
const ENDED = 4_194_304;

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, mkdirSync: vi.fn(real.mkdirSync), readFileSync: vi.fn(real.readFileSync) };
});

const mayContain = prepareCgroup('probe-faults');
if (mayContain) releaseCgroup('probe-faults');

async function end(tree: Tree): Promise<void> {
  const directory = cgroupDirOfNonce(tree.nonce);
  expect(await killTree({ incarnation: tree.incarnation, isOurChild: true }, { withinMs: 3000 })).toEqual({
    survivors: [],
  });
  await tree.ended;
  await sweepByNonce([tree.nonce]);
  expect(existsSync(directory ?? '')).toBe(false);
}

test.skipIf(!mayContain)('a child that exits before its move does not keep its siblings outside', async () => {
  const tree = await startShell('sleep 1000 & sleep 1001 & wait', 3);
  const list = `/proc/${tree.incarnation.pid}/task/${tree.incarnation.pid}/children`;
  const real = vi.mocked(readFileSync).getMockImplementation() as typeof readFileSync;
  onTestFinished(() => void vi.mocked(readFileSync).mockImplementation(real));
  vi.mocked(readFileSync).mockImplementation(((path: string, options: 'latin1') =>
    path === list ? `${ENDED} ${real(path, options)}` : real(path, options)) as typeof readFileSync);
  expect(prepareCgroup(tree.nonce)).toBe(true);
  moveIntoCgroup(tree.incarnation.pid, tree.nonce);
  const pids = living(tree).map(({ pid }) => pid);
  expect(cgroupPids(tree.nonce).sort()).toEqual(pids.sort());
  await end(tree);
});

test.skipIf(!mayContain)('a cgroup that cannot be created does not affect existing ones', async () => {
  const tree = await startTree(['sleep', '1000'], {}, true);
  vi.mocked(mkdirSync).mockImplementationOnce(() => {
    throw Object.assign(new Error('no memory'), { code: 'ENOMEM' });
  });
  expect(prepareCgroup('cannot-be-made')).toBe(false);
  expect(cgroupPids(tree.nonce)).toEqual([tree.incarnation.pid]);
  await end(tree);
});
