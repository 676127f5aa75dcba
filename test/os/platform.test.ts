// Code for systems that the tests do not run on: which tool is called, and how its output is read.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { findProgram, platformOf } from '../../src/os/platform.ts';
import {
  parseBootTime,
  parseCpuSeconds,
  parsePsLine,
  parseWindowsProcess,
  statByTool,
  statsByTool,
} from '../../src/os/process/system-tools.ts';
import { parseProcessList } from '../../src/os/tree/process-scan.ts';
import { treeInListing } from '../../src/os/tree/signal.ts';
import { living, startShell } from './trees.ts';

test.each([
  ['linux', 'linux'],
  ['darwin', 'darwin'],
  ['win32', 'win32'],
  ['freebsd', 'other'],
])('%s is %s', (name, platform) => {
  expect(platformOf(name)).toBe(platform);
});

test('programs are found along PATH, in order, skipping other files', () => {
  expect(findProgram('sh', '/nowhere::/bin')).toBe('/bin/sh');
  expect(findProgram('no-such-program')).toBeNull();
});

test('a tree is found by parent links, parents first', () => {
  const listing = '    1     0\n   42     1\n  100    42\n   43    42\n   44   100\n  101     1\n';
  expect(treeInListing(42, listing)).toEqual([42, 100, 43, 44]);
  expect(treeInListing(7, '')).toEqual([7]);
});

test('the tree of a live process is found in the output of ps', async () => {
  const tree = await startShell('sleep 1000 & setsid sleep 1000 & wait', 3);
  const listing = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  expect(treeInListing(tree.incarnation.pid, listing).sort()).toEqual(
    living(tree)
      .map(({ pid }) => pid)
      .sort(),
  );
  for (const { pid } of living(tree)) process.kill(pid, 'SIGKILL');
  await tree.ended;
});

describe('ps', () => {
  test('of macOS is read', () => {
    expect(parsePsLine('  501     1   501 Ss    12345   1:02.50 Mon Jan  5 09:08:07 2026    \n')).toEqual({
      pid: 501,
      comm: '',
      state: 'S',
      ppid: 1,
      pgid: 501,
      session: 501,
      cpuTicks: 6250,
      startTime: 'Mon Jan 5 09:08:07 2026',
      rssPages: 3086,
      environBytes: null,
      environAt: '0',
    });
    expect(parsePsLine('')).toBeNull();
    expect(parsePsLine('ps: no such process')).toBeNull();
  });

  test.each([
    ['0:00.05', 0.05],
    ['1:02:03', 3723],
    ['2-00:00:01', 172801],
  ])('CPU time %s is %f s', (text, seconds) => {
    expect(parseCpuSeconds(text)).toBeCloseTo(seconds);
  });

  test('of this system has the same form', async () => {
    const tree = await startShell('exec sleep 1000', 1);
    const { pid } = tree.incarnation;
    const stat = statByTool(pid, 'other');
    expect(stat).toMatchObject({ pid, pgid: pid, state: 'S', ppid: process.pid });
    expect(stat?.startTime).toMatch(/^\w{3} \w{3} \d+ \d\d:\d\d:\d\d \d{4}$/);
    expect(statsByTool([pid, 4_000_000], 'other').get(pid)).toEqual(stat);
    expect(statsByTool([pid, 4_000_000], 'other').size).toBe(1);
    process.kill(pid, 'SIGKILL');
    await tree.ended;
    expect(statByTool(pid, 'other')).toBeNull();
  });

  test('with environments is swept', () => {
    const list = [
      '  10   10 Ss   Mon Jan  5 09:08:07 2026     /usr/bin/node server.js ORCH_NONCE=n-1 ORCH_INSTANCE_ID=api.1 HOME=/x',
      '  11   10 S    Mon Jan  5 09:08:08 2026     sleep 10 ORCH_NONCE=n-1',
      '  12   12 Z    Mon Jan  5 09:08:08 2026     (sleep) ORCH_NONCE=n-1',
      '  13   13 S    Mon Jan  5 09:08:08 2026     login HOME=/x',
      '',
    ].join('\n');
    const { carriers, others } = parseProcessList(list);
    expect(carriers).toMatchObject([
      { pid: 10, nonce: 'n-1', isSessionLeader: true, environment: { ORCH_NONCE: 'n-1', ORCH_INSTANCE_ID: 'api.1' } },
      { pid: 11, nonce: 'n-1', isSessionLeader: false, startTime: 'Mon Jan 5 09:08:08 2026', command: 'sleep' },
    ]);
    expect(others.map(({ pid }) => pid)).toEqual([13]);
  });
});

test('the boot time of sysctl is read', () => {
  expect(parseBootTime('{ sec = 1767600000, usec = 123456 } Mon Jan  5 08:00:00 2026\n')).toBe('boot-1767600000');
});

test('the output of Windows is read', () => {
  expect(parseWindowsProcess('42 7 134000000000000000 8192 50000000\r\n')).toMatchObject({
    pid: 42,
    ppid: 7,
    startTime: '134000000000000000',
    rssPages: 2,
    cpuTicks: 500,
  });
  expect(parseWindowsProcess('\r\n')).toBeNull();
});
