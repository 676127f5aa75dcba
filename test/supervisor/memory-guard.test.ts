// The memory limit with and without a limit of the kernel. A directory stands in for the cgroups, a number for the memory.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { slotSpecOf } from '../../src/core/slot.ts';
import { MemoryGuard, MemoryLimits, memoryNote } from '../../src/supervisor/instances/memory-guard.ts';
import { alive, slotOf, spec as specOf } from '../core/fixtures.ts';
import { contextOf } from './context.ts';

const MIB = 1024 ** 2;
const MAX = 512 * MIB;
const NONCE = 'nonce-10';
let mount = '';

beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'orch-guard-'));
  world.missing = null;
  world.prepare = makeCgroup;
});
afterEach(() => rmSync(mount, { recursive: true }));

const directory = (): string => join(mount, NONCE);

/** Makes a cgroup, as the kernel does. */
function makeCgroup(nonce: string): boolean {
  mkdirSync(join(mount, nonce), { recursive: true });
  for (const file of ['memory.max', 'memory.oom.group', 'memory.events', 'cgroup.procs'])
    writeFileSync(join(mount, nonce, file), '');
  return true;
}

/** `missing`: the reason why memory cannot be limited; `prepare`: makes a cgroup. */
const world = vi.hoisted(() => ({ missing: null as string | null, prepare: (_nonce: string): boolean => false }));
vi.mock(import('../../src/os/cgroup/cgroup.ts'), async (original) => ({
  ...(await original()),
  topCgroup: () => mount,
  prepareCgroup: (nonce) => world.prepare(nonce),
  releaseCgroup: (nonce) => rmSync(join(mount, nonce), { recursive: true }),
  cgroupDirOfNonce: (nonce) => join(mount, nonce),
  cgroupPids: (nonce) =>
    readFileSync(join(mount, nonce, 'cgroup.procs'), 'latin1')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(Number),
  findExistingCgroup: () => undefined,
}));
vi.mock(import('../../src/os/cgroup/cgroup-controller.ts'), async (original) => ({
  ...(await original()),
  enableController: () => world.missing,
}));
vi.mock(import('../../src/os/cgroup/cgroup-memory.ts'), async (original) => ({
  ...(await original()),
  isExemptFromOom: () => false,
}));

const enter = (): void => writeFileSync(join(directory(), 'cgroup.procs'), '4242\n');
const hit = (): void => writeFileSync(join(directory(), 'memory.events'), 'max 9\noom 1\noom_kill 2\n');

/** A supervisor with one live instance that uses `bytes`. */
function guarded(action: 'restart' | 'kill', bytes = 10 * MIB) {
  const limits = { memory: { maxBytes: MAX, action }, nofile: null, nice: null };
  const spec = specOf('hog', { limits });
  const slot = slotOf(spec, 1, { phase: alive(10) });
  const context = contextOf({
    specs: { ...contextOf().specs, slots: new Map([[slot.id, slot]]), specOf: () => spec },
  });
  const guard = new MemoryGuard(context, new MemoryLimits('test.'), () => bytes);
  return { guard, spec, slot, reports: context.reported, events: context.received };
}

const OVER = { signal: 'SIGKILL', because: 'over its memory bound of 512 MiB' };

test('kill with a limit of the kernel sets it before the fork and samples nothing', () => {
  const { guard, spec, slot, reports } = guarded('kill', 600 * MIB);
  expect(guard.prepare(spec, NONCE)).toBe(true);
  expect(readFileSync(join(directory(), 'memory.max'), 'latin1')).toBe(String(MAX));
  enter();
  guard.poll();
  expect(reports).toEqual([]);
  const status = guard.statusOf(slot)!;
  expect(status).toEqual({ maxBytes: MAX, action: 'kill', enforcedBy: 'kernel', because: null });
  expect(memoryNote(status)).toBe('Its memory bound of 512 MiB is enforced by the kernel.');
});

test('the limit of a version that is not declared any more is known from its slot', () => {
  const { spec, slot, reports } = guarded('restart');
  const slots = new Map([[slot.id, { ...slot, spec: slotSpecOf(spec) }]]);
  const context = contextOf({ specs: { ...contextOf().specs, slots, specOf: () => null } });
  new MemoryGuard(context, new MemoryLimits('test.'), () => 600 * MIB).poll();
  expect(context.received).toMatchObject([{ kind: 'unhealthy' }]);
  expect(reports).toEqual([]);
});

test('an exit caused by the limit is reported as such, once', () => {
  const { guard, spec, reports } = guarded('kill');
  guard.prepare(spec, NONCE);
  enter();
  expect(guard.explainKill(NONCE)).toBe(null);
  hit();
  expect(guard.explainKill(NONCE)).toEqual(OVER);
  expect(guard.explainKill(NONCE)).toEqual(OVER);
  expect(reports).toMatchObject([
    { type: 'memory_exceeded', instance: 'hog.1', details: { maxBytes: MAX, action: 'kill', enforcedBy: 'kernel' } },
  ]);
});

test('a later supervisor finds the limit and the reason of the exit', () => {
  const first = guarded('kill');
  first.guard.prepare(first.spec, NONCE);
  enter();
  const next = guarded('kill', 600 * MIB);
  next.guard.poll();
  expect(next.reports).toEqual([]);
  expect(next.guard.statusOf(next.slot)).toMatchObject({ enforcedBy: 'kernel' });
  hit();
  expect(guarded('kill').guard.explainKill(NONCE)).toEqual(OVER);
});

test('kill without a limit of the kernel is sampled, with the reason', () => {
  world.missing = 'orch has no cgroup v2 that it may write to';
  const { guard, spec, slot, reports } = guarded('kill', 600 * MIB);
  expect(guard.prepare(spec, NONCE)).toBe(false);
  expect(existsSync(directory())).toBe(false);
  expect(memoryNote(guard.statusOf(slot)!)).toBe(
    'Its memory bound of 512 MiB is sampled once a second: orch has no cgroup v2 that it may write to.',
  );
  expect(guard.explainKill(NONCE)).toBe(null);
  guard.poll();
  guard.poll();
  expect(reports).toMatchObject([{ type: 'memory_exceeded', details: { bytes: 600 * MIB, enforcedBy: 'sampling' } }]);
  expect(guard.explainKill(NONCE)).toEqual(OVER);
});

test('kill of a process that is not in its cgroup is sampled', () => {
  const { guard, spec, slot } = guarded('kill');
  expect(guard.prepare(spec, NONCE)).toBe(true);
  expect(guard.statusOf(slot)).toMatchObject({ enforcedBy: 'sampling' });
});

test('kill where the kernel refuses the limit removes the cgroup', () => {
  world.prepare = (nonce) => !!mkdirSync(join(mount, nonce), { recursive: true });
  const { guard, spec, slot } = guarded('kill');
  expect(guard.prepare(spec, NONCE)).toBe(false);
  expect(existsSync(directory())).toBe(false);
  expect(guard.statusOf(slot)).toMatchObject({ because: 'the kernel rejected memory.max (ENOENT)' });
});

test('restart is sampled: a limit of the kernel would not stop it gracefully', () => {
  const { guard, spec, slot, events } = guarded('restart', 600 * MIB);
  expect(guard.prepare(spec, NONCE)).toBe(false);
  expect(existsSync(directory())).toBe(false);
  expect(guard.statusOf(slot)).toMatchObject({ enforcedBy: 'sampling', because: expect.stringContaining('restart') });
  guard.poll();
  expect(events).toEqual([{ kind: 'unhealthy', because: 'it uses 600MiB, limits.memory is 512MiB' }]);
  expect(guard.explainKill(NONCE)).toBe(null);
});
