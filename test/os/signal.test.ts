// Ending trees: every way in which processes get out of a group's reach, and unrelated processes that must never get a signal.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readStat as readWholeStat } from '../../src/os/process/proc-stat.ts';
import type { TreeMember } from '../../src/os/tree/process-scan.ts';
import { groupIsEmpty, killTree, signalOutsideGroup, signalTree } from '../../src/os/tree/signal.ts';
import { stopTree } from '../../src/os/tree/stop-tree.ts';
import { sweepByNonce } from '../../src/os/tree/sweep.ts';
import { findProcesses, isAlive, readStat } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';
import { living, program, startShell, startTree, type Tree, treeSize } from './trees.ts';

const target = (tree: Tree) => ({ incarnation: tree.incarnation, isOurChild: tree.exit() === null });
const sweep = async ({ nonce, incarnation }: Tree) =>
  (await sweepByNonce([nonce], new Map([[nonce, incarnation]]))).get(nonce) ?? [];

/** Lines of sh, and how many processes they make. */
const trees: [name: string, line: string, size: number][] = [
  ['one process', 'exec sleep 1000', 1],
  ['a group', 'sleep 1000 & sleep 1000 & wait', 3],
  ['a setsid grandchild', 'setsid sleep 1000 & exec sleep 1000', 2],
  ['a double fork', '(setsid sh -c "sleep 1000 & exit" &) ; exec sleep 1000', 2],
  ['ignores SIGTERM', 'trap "" TERM; while :; do sleep 0.1; done', 2],
  [
    'ignores SIGTERM in a session of its own',
    'setsid sh -c \'trap "" TERM; while :; do sleep 0.1; done\' & exec sleep 1000',
    3,
  ],
  ['a stopped member', 'sh -c "kill -STOP \\$\\$" & exec sleep 1000', 2],
  ['a zombie of a parent that never waits', 'sleep 0 & exec sleep 1000', 1],
  ['a closed stdout', 'exec >&- 2>&-; sleep 1000', 2],
];

describe('killTree', () => {
  test.each(trees)('leaves nothing of %s', async (_name, line, size) => {
    const tree = await startShell(line, size);
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(living(tree)).toEqual([]);
    expect(await tree.ended).toEqual({ signal: 'SIGKILL' });
  });

  test.each([
    ['in its group', 'trap "" TERM; sleep 1000 & exit 0', 1],
    ['in a session of its own', 'setsid sleep 1000 & exit 0', 1],
    ['after a double fork', '(setsid sh -c "sleep 1000 & sleep 1000 & exit" &); exit 3', 2],
  ])('finds what remains when the leader has gone: %s', async (_name, line, size) => {
    const tree = await startShell(line, size);
    await tree.ended;
    await treeSize(tree, (now) => now === size);
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(living(tree)).toEqual([]);
  });

  test('outruns a tree that forks while it is killed', async () => {
    const tree = await startShell(
      `setsid /bin/sh ${program('forks-on.sh')} & exec /bin/sh ${program('forks-on.sh')}`,
      12,
    );
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(living(tree)).toEqual([]);
  });

  test('finds a process that changes its session again and again', async () => {
    const tree = await startShell(`exec /bin/sh ${program('hops.sh')} 400`, 1);
    await tree.ended;
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(living(tree)).toEqual([]);
  });

  test.each([
    ['while the leader lives', 'env -i /bin/sleep 1000 & exec sleep 1000', false],
    ['after the leader has gone', 'env -i /bin/sleep 1000 & sleep 0.05', true],
  ])('finds a member of the session whose environment was cleared: %s', async (_name, line, leaderGone) => {
    const tree = await startTree(['/bin/sh', '-c', line]);
    const { pid } = tree.incarnation;
    const cleared = () =>
      findProcesses(['/bin/sleep\u00001000']).filter(({ pid }) => sessionOf(pid) === tree.incarnation.pid);
    const seen = await waitFor('the member lives', cleared, (found) => found.some(({ nonce }) => nonce === null));
    if (leaderGone) await tree.ended;
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(seen.filter(isAlive)).toEqual([]);
    expect(readStat(pid)).toBeNull();
  });

  test.skipIf(!existsSync('/usr/bin/perl'))('finds a program that wrote a title over its environment', async () => {
    const tree = await startTree(['perl', '-e', '$0 = "x" x 4000; sleep 1000']);
    await waitFor(
      'renamed',
      () => findProcesses(['xxxxxxxx']),
      (found) => found.some(({ pid }) => pid === tree.incarnation.pid),
    );
    expect((await sweep(tree)).map(({ pid }) => pid)).toEqual([tree.incarnation.pid]);
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(await tree.ended).toEqual({ signal: 'SIGKILL' });
  });
});

describe('signalTree', () => {
  test('wakes a stopped process so that it gets its signal', async () => {
    const tree = await startShell('trap "exit 5" TERM; kill -STOP $$; sleep 1000', 1);
    await waitFor(
      'stopped',
      () => readStat(tree.incarnation.pid)?.state,
      (state) => state === 'T',
    );
    expect(signalTree(target(tree), 'SIGTERM', [])).toEqual({ signalled: [tree.incarnation.pid], gone: false });
    await tree.ended;
    expect(living(tree)).toEqual([]);
  });

  test('gives each process its signal once, inside and outside of the group', async () => {
    const tree = await startShell('setsid sleep 1000 & sleep 1000 & exec sleep 1000', 3);
    const leaders = (found: TreeMember[]) => found.filter((member) => member.isSessionLeader).length === 2;
    const members = await waitFor('two sessions', () => sweep(tree), leaders);
    const { signalled, gone } = signalTree(target(tree), 'SIGTERM', members);
    const outside = members.find((member) => member.isSessionLeader && member.pid !== tree.incarnation.pid);
    expect(signalled.sort()).toEqual([tree.incarnation.pid, outside?.pid].sort());
    expect(gone).toBe(false);
    expect(await tree.ended).toEqual({ signal: 'SIGTERM' });
    await treeSize(tree, (size) => size === 0);
    expect(signalTree(target(tree), 'SIGTERM', members)).toEqual({ signalled: [], gone: true });
  });

  test('reaches only those outside when the group had its signal', async () => {
    const tree = await startShell('setsid sleep 1000 & exec sleep 1000', 2);
    const leaders = (found: TreeMember[]) => found.every((member) => member.isSessionLeader);
    const members = await waitFor('two sessions', () => sweep(tree), leaders);
    const { signalled } = signalOutsideGroup(target(tree), 'SIGTERM', members);
    await treeSize(tree, (size) => size === 1);
    expect(signalled).toHaveLength(1);
    expect(tree.exit()).toBeNull();
    await killTree(target(tree), { withinMs: 3000 });
    await tree.ended;
  });

  test.each([1, 0, -1, process.pid, process.ppid])('never signals %i: without proof, init, ourselves', (pid) => {
    const wrong = { pid, startTime: '1', bootId: 'another boot', nonce: 'x' };
    const member = { ...wrong, isSessionLeader: true, environment: {}, command: 'x' };
    expect(signalTree({ incarnation: wrong, isOurChild: false }, 'SIGKILL', [member]).signalled).toEqual([]);
  });

  test('never signals our own group, not even by a claim that it is our child', () => {
    const self = { pid: process.pid, startTime: '1', bootId: '', nonce: 'x' };
    expect(signalTree({ incarnation: self, isOurChild: true }, 'SIGKILL', []).signalled).toEqual([]);
  });
});

describe('groupIsEmpty', () => {
  test('counts live processes and not zombies', async () => {
    const tree = await startShell('sleep 1000 & exec sleep 1000', 2);
    const { pid } = tree.incarnation;
    expect(groupIsEmpty(pid)).toBe(false);
    process.kill(-pid, 'SIGKILL');
    await tree.ended;
    await waitFor('empty', () => groupIsEmpty(pid), Boolean);
    expect(groupIsEmpty(1)).toBe(false);
  });

  test('is true of a group of one zombie', async () => {
    const tree = await startShell('setsid sleep 0 & exec sleep 1000', 1);
    const zombie = await waitFor(
      'a zombie child',
      () => zombieChildOf(tree.incarnation.pid),
      (pid) => pid !== null,
    );
    expect(groupIsEmpty(zombie as number)).toBe(true);
    await killTree(target(tree), { withinMs: 3000 });
    await tree.ended;
  });
});

describe('stopTree', () => {
  test('resolves as soon as a tree has exited by itself', async () => {
    const tree = await startShell('trap "sleep 0.1; exit 0" TERM; while :; do sleep 0.02; done', 2);
    const began = performance.now();
    expect(await stopTree(target(tree), { signal: 'SIGTERM', graceMs: 60_000 })).toEqual({ survivors: [] });
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(await tree.ended).toEqual({ code: 0 });
  });

  test('kills after the grace period', async () => {
    const tree = await startShell('trap "" TERM; while :; do sleep 0.1; done', 2);
    expect(await stopTree(target(tree), { signal: 'SIGTERM', graceMs: 100 })).toEqual({ survivors: [] });
    expect(await tree.ended).toEqual({ signal: 'SIGKILL' });
  });
});

const mayUnshare = (() => {
  try {
    execFileSync('unshare', ['-pf', '--mount-proc', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // needs root, or a kernel that lets users have namespaces
  }
})();

test.skipIf(!mayUnshare)('another process with a reused pid is never signalled', async () => {
  const rounds = Number(process.env.REUSE_ROUNDS ?? 60);
  const args = ['-pf', '--kill-child', '--mount-proc', process.execPath, bundle('recycles-pids'), String(rounds)];
  const { stdout } = await promisify(execFile)('unshare', args, {
    timeout: 10_000 + rounds * 500,
    killSignal: 'SIGKILL',
  });
  expect(JSON.parse(stdout)).toEqual({ recycled: rounds, harmed: 0 });
});

const sessionOf = (pid: number) => readWholeStat(pid)?.session;

function zombieChildOf(parent: number): number | null {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=']).toString().trim().split('\n');
  const found = lines
    .map((line) => line.trim().split(/\s+/))
    .find(([, ppid, stat]) => Number(ppid) === parent && stat?.startsWith('Z'));
  return found === undefined ? null : Number(found[0]);
}
