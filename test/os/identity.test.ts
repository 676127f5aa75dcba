// The identity of a process, and the reading of /proc behind it.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { bootId, currentTicks, identify, isAlive, liveStat, readStartTime } from '../../src/os/process/identity.ts';
import { parseStat } from '../../src/os/process/proc-stat.ts';
import { waitFor } from '../rig/wait-for.ts';
import { startShell, startTree } from './trees.ts';

describe('an incarnation', () => {
  test('is alive until it exits, and only during its own boot', async () => {
    const tree = await startShell('exec sleep 1000', 1);
    const { incarnation } = tree;
    expect(incarnation).toMatchObject({ bootId: bootId(), nonce: tree.nonce });
    expect(isAlive(incarnation)).toBe(true);
    expect(isAlive({ ...incarnation, bootId: 'another' })).toBe(false);
    expect(isAlive({ ...incarnation, startTime: String(Number(incarnation.startTime) - 1) })).toBe(false);
    process.kill(incarnation.pid, 'SIGKILL');
    await tree.ended;
    expect(isAlive(incarnation)).toBe(false);
    expect(readStartTime(incarnation.pid)).toBeNull();
    expect(identify(incarnation.pid, 'x')).toBeNull();
  });

  test('stays the same over exec, and while it is stopped', async () => {
    const tree = await startTree(['/bin/sh', '-c', 'sleep 0.05; kill -STOP $$; exec sleep 1000']);
    await waitFor(
      'stopped',
      () => liveStat(tree.incarnation.pid)?.state,
      (state) => state === 'T',
    );
    expect(isAlive(tree.incarnation)).toBe(true);
    process.kill(tree.incarnation.pid, 'SIGCONT');
    await waitFor(
      'sleep',
      () => liveStat(tree.incarnation.pid)?.comm,
      (comm) => comm === 'sleep',
    );
    expect(isAlive(tree.incarnation)).toBe(true);
    process.kill(tree.incarnation.pid, 'SIGKILL');
    await tree.ended;
  });

  test('of a zombie is not alive, though kill(pid, 0) succeeds', async () => {
    const tree = await startShell('sleep 0.05 & exec sleep 1000', 1);
    const isZombie = () => execFileSync('ps', ['-o', 'pid=,stat=', '--ppid', String(tree.incarnation.pid)]).toString();
    const line = await waitFor('a zombie', isZombie, (text) => /Z/.test(text));
    const pid = Number.parseInt(line, 10);
    expect(() => process.kill(pid, 0)).not.toThrow();
    const zombie = identify(pid, 'x');
    expect(zombie).toMatchObject({ pid });
    expect(isAlive(zombie as NonNullable<typeof zombie>)).toBe(false);
    process.kill(-tree.incarnation.pid, 'SIGKILL');
    await tree.ended;
  });

  test.each([0, -1, 2 ** 22 + 1])('of pid %i does not exist', (pid) => {
    expect(isAlive({ pid, startTime: '0', bootId: bootId() })).toBe(false);
  });

  test('is checked in microseconds', async () => {
    const own = identify(process.pid, 'x');
    const began = performance.now();
    for (let round = 0; round < 1000; round++) isAlive(own as NonNullable<typeof own>);
    expect((performance.now() - began) / 1000).toBeLessThan(1); // 0.015 on a quiet machine
  });
});

test('the boot id names the pid namespace as well', () => {
  expect(bootId()).toMatch(/^[0-9a-f-]{36}:\d+$/);
});

test('start times use the clock of currentTicks', async () => {
  const tree = await startShell('exec sleep 1000', 1);
  expect(currentTicks() - Number(tree.incarnation.startTime)).toBeLessThan(500);
  expect(currentTicks() - Number(tree.incarnation.startTime)).toBeGreaterThanOrEqual(0);
  process.kill(tree.incarnation.pid, 'SIGKILL');
  await tree.ended;
});

describe('parseStat', () => {
  const fields = 'S 1 42 42 0 -1 4194560 1 0 0 0 7 3 0 0 20 0 1 0 8765 1000 250 18446744073709551615';

  test.each(['sleep', 'a b', ') S 1 (', '((', 'x) Z 9'])('reads past a program named "%s"', (comm) => {
    expect(parseStat(`42 (${comm}) ${fields}`)).toEqual({
      pid: 42,
      comm,
      state: 'S',
      ppid: 1,
      pgid: 42,
      session: 42,
      cpuTicks: 10,
      startTime: '8765',
      rssPages: 250,
      environBytes: null,
      environAt: '0',
    });
  });

  test.each(['', '42', '42 (sleep', '42 (sleep) S 1'])('returns null for "%s"', (text) => {
    expect(parseStat(text)).toBeNull();
  });
});
