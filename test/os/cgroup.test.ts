// Containment by cgroup v2: processes that a sweep cannot find are found and ended, and no directory is left behind.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  cgroupPids,
  cgroupDirOfNonce as dirOf,
  findExistingCgroup,
  killCgroup,
  ownCgroupDir,
  prepareCgroup,
  releaseCgroup,
  topCgroupOf,
} from '../../src/os/cgroup/cgroup.ts';
import { killTree } from '../../src/os/tree/signal.ts';
import { sweepByNonce } from '../../src/os/tree/sweep.ts';
import { isAlive } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { living, program, startTree, type Tree } from './trees.ts';

const mayContain = prepareCgroup('probe');
if (mayContain) releaseCgroup('probe');

const contained = (line: string) => startTree(['/bin/sh', '-c', line], {}, true);
const target = (tree: Tree) => ({ incarnation: tree.incarnation, isOurChild: tree.exit() === null });

/** Where the kernel says that a process lives. */
function cgroupOf(pid: number): string {
  const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  return ownCgroupDir(readFileSync('/proc/self/mountinfo', 'utf8'), own) ?? '';
}

describe.skipIf(!mayContain)('a contained instance', () => {
  test('lives in a cgroup below ours, which is removed with it', async () => {
    const tree = await contained('exec sleep 1000');
    const directory = cgroupOf(tree.incarnation.pid);
    expect(directory).toBe(join(cgroupOf(process.pid), 'orch', tree.nonce));
    expect(cgroupPids(tree.nonce)).toEqual([tree.incarnation.pid]);
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    await tree.ended;
    await sweepByNonce([tree.nonce]);
    expect(existsSync(directory)).toBe(false);
  });

  test('cannot hide a process without environment in a session of its own, its leader gone', async () => {
    const tree = await contained('setsid env -i /bin/sh -c "/bin/sleep 1000; true" & sleep 0.1');
    await tree.ended;
    const hidden = await waitFor(
      'two hidden',
      () => cgroupPids(tree.nonce),
      (pids) => pids.length === 2,
    );
    const swept = (await sweepByNonce([tree.nonce])).get(tree.nonce) ?? [];
    expect(swept.map(({ pid }) => pid).sort()).toEqual(hidden.sort());
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(swept.filter(isAlive)).toEqual([]);
  });

  test('cannot outrun SIGKILL by forking', async () => {
    const hops = `setsid /bin/sh ${program('hops.sh')} 400`;
    const tree = await contained(`${hops} & ${hops} & exec /bin/sh ${program('forks-on.sh')}`);
    await waitFor(
      'a crowd',
      () => cgroupPids(tree.nonce).length,
      (size) => size > 10,
    );
    expect(await killTree(target(tree), { withinMs: 3000 })).toEqual({ survivors: [] });
    expect(cgroupPids(tree.nonce).filter((pid) => pid !== tree.incarnation.pid)).toEqual([]);
    expect(living(tree)).toEqual([]);
    await tree.ended;
    await sweepByNonce([tree.nonce]);
  });
});

describe.skipIf(!mayContain)('a process that a supervisor in another cgroup contained', () => {
  test('is found by its own cgroup and ended, and the cgroup is removed', async () => {
    const top = join(cgroupOf(process.pid), `orch-test-${process.pid}`);
    const tree = await startTree(['/bin/sh', '-c', 'sleep 1000 & exec sleep 1001'], {});
    await waitFor(
      'both sleep',
      () => living(tree).map(({ command }) => command),
      (commands) => commands.filter((command) => command.startsWith('sleep')).length === 2,
    );
    const directory = join(top, 'orch', tree.nonce);
    const own = cgroupPids(tree.nonce);
    mkdirSync(join(directory, 'of-its-own'), { recursive: true });
    for (const { pid } of living(tree)) writeFileSync(join(directory, 'cgroup.procs'), String(pid));
    writeFileSync(join(directory, 'of-its-own/cgroup.procs'), String(tree.incarnation.pid));
    expect(own).toEqual([]);
    expect(cgroupPids(tree.nonce)).toEqual([]);
    findExistingCgroup(tree.incarnation.pid, tree.nonce);
    expect(dirOf(tree.nonce)).toBe(directory);
    findExistingCgroup(process.pid, tree.nonce);
    expect(dirOf(tree.nonce)).toBe(directory);
    killCgroup(tree.nonce);
    await tree.ended;
    rmdirSync(join(directory, 'of-its-own'));
    await waitFor(
      'it is empty',
      () => cgroupPids(tree.nonce),
      (pids) => pids.length === 0,
    );
    await sweepByNonce([tree.nonce]);
    expect(existsSync(join(top, 'orch'))).toBe(false);
    rmdirSync(top);
    expect(dirOf(tree.nonce)).toBe(join(cgroupOf(process.pid), 'orch', tree.nonce));
  });
});

describe('the directory of our own cgroup', () => {
  const mounts = [
    '24 1 0:22 / /proc rw - proc proc rw',
    '31 25 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw',
  ].join('\n');

  test.each<[name: string, mountinfo: string, cgroup: string, directory: string | null]>([
    ['hybrid', mounts, '8:pids:/\n0::/\n', '/sys/fs/cgroup/unified'],
    ['a service', mounts, '0::/system.slice/orch.service\n', '/sys/fs/cgroup/unified/system.slice/orch.service'],
    ['v1 only', '31 25 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro', '8:pids:/\n', null],
    ['not mounted', '31 25 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro', '0::/\n', null],
    ['a part is mounted', '41 31 0:38 /docker/x /cg rw - cgroup2 cgroup rw', '0::/docker/x/y\n', '/cg/y'],
    ['another part is mounted', '41 31 0:38 /docker/x /cg rw - cgroup2 cgroup rw', '0::/docker/xy\n', null],
  ])('%s', (_name, mountinfo, cgroup, directory) => {
    expect(ownCgroupDir(mountinfo, cgroup)).toBe(directory);
  });
});

test.each([
  ['/cg/a', '/cg/a'],
  ['/cg/a/orch/supervisor', '/cg/a'],
  ['/cg/orch/supervisors', '/cg/orch/supervisors'],
  ['/orch/supervisor', '/'],
])('from %s on, instances are contained below %s: a supervisor may begin in the leaf of the one before', (own, top) => {
  expect(topCgroupOf(own)).toBe(top);
});
