// Making a controller available below our own cgroup, on the real hierarchy: with hugetlb in the place of memory, which
// many machines still have in cgroup v1. Leaves no directory behind.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownCgroupDir } from '../../src/os/cgroup/cgroup.ts';
import { type ControllerTarget, disableController, enableController } from '../../src/os/cgroup/cgroup-controller.ts';
import { waitFor } from '../rig/wait-for.ts';

const CONTROLLER = 'hugetlb';
/** The root of the hierarchy; tests may only change cgroups below it. Null where it is not available. */
const root = ownCgroupDir(readFileSync('/proc/self/mountinfo', 'utf8'), '0::/\n');
const mayDivide = root !== null && isWritable(root) && words(root, 'cgroup.controllers').includes(CONTROLLER);

function isWritable(directory: string): boolean {
  const probe = join(directory, `orch-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false; // read-only, or not ours
  }
}

function words(directory: string, file: string): string[] {
  return readFileSync(join(directory, file), 'latin1').split(/\s+/).filter(Boolean);
}
const pidsIn = (directory: string): number[] => words(directory, 'cgroup.procs').map(Number);

describe.skipIf(!mayDivide)('a cgroup that contains', () => {
  const wasOffered = mayDivide && words(root!, 'cgroup.subtree_control').includes(CONTROLLER);
  const children = new Set<ReturnType<typeof spawn>>();
  let top = '';
  let count = 0;

  beforeAll(() => {
    if (!wasOffered) writeFileSync(join(root!, 'cgroup.subtree_control'), `+${CONTROLLER}`);
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await waitFor(
      'they have ended',
      () => [...children].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null),
      (living) => living.length === 0,
    );
    children.clear();
    for (const part of ['orch/supervisor', 'orch/one', 'orch', '.']) {
      const directory = join(top, part);
      if (existsSync(directory)) rmdirSync(directory);
    }
    expect(existsSync(top)).toBe(false);
  });
  afterAll(() => {
    if (!wasOffered) writeFileSync(join(root!, 'cgroup.subtree_control'), `-${CONTROLLER}`);
  });

  /** @returns the pids of `size` processes in a new cgroup. */
  function inhabit(size: number): number[] {
    top = join(root!, `orch-test-${process.pid}-${++count}`);
    mkdirSync(top);
    return Array.from({ length: size }, () => {
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
      children.add(child);
      writeFileSync(join(top, 'cgroup.procs'), String(child.pid));
      return child.pid!;
    });
  }
  const place = (isOurs: ControllerTarget['isOurs']): ControllerTarget => ({ top, controller: CONTROLLER, isOurs });

  test('processes cannot enable a controller (kernel rule)', () => {
    inhabit(1);
    expect(() => writeFileSync(join(top, 'cgroup.subtree_control'), `+${CONTROLLER}`)).toThrow('EBUSY');
  });

  test('only our own processes is emptied: they move into a leaf, and its children can be limited', () => {
    const pids = inhabit(3);
    expect(enableController(place((pid) => pids.includes(pid)))).toBe(null);
    expect(pidsIn(top)).toEqual([]);
    expect(pidsIn(join(top, 'orch/supervisor')).sort()).toEqual(pids.sort());
    mkdirSync(join(top, 'orch/one'));
    expect(words(join(top, 'orch/one'), 'cgroup.controllers')).toContain(CONTROLLER);
    expect(existsSync(join(top, 'orch/one', `${CONTROLLER}.2MB.max`))).toBe(true);
  });

  test('an unrelated process is left unchanged', () => {
    const [own, stranger] = inhabit(2);
    expect(enableController(place((pid) => pid === own))).toBe(
      `the cgroup of orch also contains other processes, such as sleep (pid ${stranger})`,
    );
    expect(pidsIn(top).sort()).toEqual([own, stranger].sort());
    expect(existsSync(join(top, 'orch'))).toBe(false);
    expect(words(top, 'cgroup.subtree_control')).toEqual([]);
  });

  test('no process needs no move: a second call changes nothing', () => {
    const pids = inhabit(1);
    expect(enableController(place((pid) => pids.includes(pid)))).toBe(null);
    const mayNotAsk = (): never => expect.unreachable();
    expect(enableController(place(mayNotAsk))).toBe(null);
  });

  test('only our own processes is restored at the end', () => {
    const pids = inhabit(2);
    const own = place((pid) => pids.includes(pid));
    enableController(own);
    disableController(own);
    expect(pidsIn(top).sort()).toEqual(pids.sort());
    expect(words(top, 'cgroup.subtree_control')).toEqual([]);
    expect(existsSync(join(top, 'orch'))).toBe(false);
  });

  test('other processes at the end stays divided', () => {
    const pids = inhabit(1);
    const own = place((pid) => pids.includes(pid));
    enableController(own);
    mkdirSync(join(top, 'orch/one'));
    disableController(own);
    rmdirSync(join(top, 'orch/one'));
    disableController(place(() => false));
    expect(pidsIn(join(top, 'orch/supervisor'))).toEqual(pids);
    expect(words(top, 'cgroup.subtree_control')).toEqual([CONTROLLER]);
  });

  test('no such controller is left unchanged', () => {
    inhabit(1);
    const absent = { ...place(() => true), controller: 'no-such-controller' };
    expect(enableController(absent)).toBe('cgroup v2 has no no-such-controller control here');
    expect(existsSync(join(top, 'orch'))).toBe(false);
  });
});

describe('a directory that stands in for', () => {
  let top = '';
  afterEach(() => rmSync(top, { recursive: true }));

  function standIn(files: Record<string, string>): ControllerTarget {
    top = mkdtempSync(join(tmpdir(), 'orch-cgroup-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(top, name), text);
    return { top, controller: 'memory', isOurs: () => false };
  }

  test('the root of the hierarchy, which may have processes and bound its children', () => {
    const procs = `${process.pid}\n`;
    const place = standIn({
      'cgroup.controllers': 'cpu memory\n',
      'cgroup.subtree_control': '',
      'cgroup.procs': procs,
    });
    mkdirSync(join(top, 'orch'));
    writeFileSync(join(top, 'orch/cgroup.subtree_control'), '');
    expect(enableController(place)).toBe(null);
    expect(words(top, 'cgroup.subtree_control')).toEqual(['+memory']);
    expect(words(join(top, 'orch'), 'cgroup.subtree_control')).toEqual(['+memory']);
    expect(existsSync(join(top, 'orch/supervisor'))).toBe(false);
  });

  test('a cgroup with processes of another pid namespace', () => {
    const files = { 'cgroup.controllers': 'memory', 'cgroup.subtree_control': '', 'cgroup.type': 'domain' };
    expect(enableController(standIn({ ...files, 'cgroup.procs': '0\n' }))).toContain('another pid namespace');
  });

  test('one that we may not write to', () => {
    const place = standIn({ 'cgroup.controllers': 'memory' });
    expect(enableController(place)).toBe(`the cgroup ${top} cannot be divided (ENOENT)`);
  });
});
