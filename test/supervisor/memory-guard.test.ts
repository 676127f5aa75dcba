// The bound on memory with and without the kernel's wall. A directory stands in for the cgroups, a figure for the memory.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InstanceEvent } from '../../src/core/model.ts';
import {
  type MemoryCgroups,
  MemoryGuard,
  MemoryLimits,
  memoryNote,
} from '../../src/supervisor/instances/memory-guard.ts';
import type { EventDraft } from '../../src/supervisor/kernel/events.ts';
import { alive, slotOf, spec as specOf } from '../core/fixtures.ts';

const MIB = 1024 ** 2;
const MAX = 512 * MIB;
const NONCE = 'nonce-10';
let mount = '';

beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'orch-guard-'));
});
afterEach(() => rmSync(mount, { recursive: true }));

const directory = (): string => join(mount, NONCE);

/** As a kernel that makes the files of a cgroup. */
function ground(missing: string | null = null): MemoryCgroups {
  return {
    offer: () => missing,
    prepare: (nonce) => {
      mkdirSync(join(mount, nonce), { recursive: true });
      for (const file of ['memory.max', 'memory.oom.group', 'memory.events', 'cgroup.procs'])
        writeFileSync(join(mount, nonce, file), '');
      return true;
    },
    release: (nonce) => rmSync(join(mount, nonce), { recursive: true }),
    directoryOf: (nonce) => join(mount, nonce),
    isInhabited: (nonce) => readFileSync(join(mount, nonce, 'cgroup.procs'), 'latin1') !== '',
    recognize: () => undefined,
    leave: () => undefined,
  };
}

const enter = (): void => writeFileSync(join(directory(), 'cgroup.procs'), '4242\n');
const hit = (): void => writeFileSync(join(directory(), 'memory.events'), 'max 9\noom 1\noom_kill 2\n');

/** A supervisor with one live instance that uses `bytes`. */
function guarded(action: 'restart' | 'kill', { bytes = 10 * MIB, on = ground() } = {}) {
  const limits = { memory: { maxBytes: MAX, action }, nofile: null, nice: null };
  const spec = specOf('hog', { limits });
  const slot = slotOf(spec, 1, { phase: alive(10) });
  const told: EventDraft[] = [];
  const events: InstanceEvent[] = [];
  const guard = new MemoryGuard({
    slots: () => [slot],
    specOf: () => spec,
    receive: (_id, _nonce, event) => void events.push(event),
    report: (happening) => void told.push(happening),
    limits: new MemoryLimits(on),
    measure: () => bytes,
  });
  return { guard, spec, slot, told, events };
}

const OVER = { signal: 'SIGKILL', because: 'over its memory bound of 512 MiB' };

test('kill, where there is a wall: it is raised before the fork, and nothing is sampled', () => {
  const { guard, spec, slot, told } = guarded('kill', { bytes: 600 * MIB });
  expect(guard.prepare(spec, NONCE)).toBe(true);
  expect(readFileSync(join(directory(), 'memory.max'), 'latin1')).toBe(String(MAX));
  enter();
  guard.poll();
  expect(told).toEqual([]);
  const status = guard.statusOf(slot)!;
  expect(status).toEqual({ maxBytes: MAX, action: 'kill', enforcedBy: 'kernel', because: null });
  expect(memoryNote(status)).toBe('Its memory bound of 512 MiB is enforced by the kernel.');
});

test('the end that the wall brought about is told as such, once', () => {
  const { guard, spec, told } = guarded('kill');
  guard.prepare(spec, NONCE);
  enter();
  expect(guard.explainKill(NONCE)).toBe(null);
  hit();
  expect(guard.explainKill(NONCE)).toEqual(OVER);
  expect(guard.explainKill(NONCE)).toEqual(OVER);
  expect(told).toMatchObject([
    { type: 'memory_exceeded', instance: 'hog.1', details: { maxBytes: MAX, action: 'kill', enforcedBy: 'kernel' } },
  ]);
});

test('a later supervisor finds the wall, and how it ended', () => {
  const first = guarded('kill');
  first.guard.prepare(first.spec, NONCE);
  enter();
  const next = guarded('kill', { bytes: 600 * MIB });
  next.guard.poll();
  expect(next.told).toEqual([]);
  expect(next.guard.statusOf(next.slot)).toMatchObject({ enforcedBy: 'kernel' });
  hit();
  expect(guarded('kill').guard.explainKill(NONCE)).toEqual(OVER);
});

test('kill, where there is no wall: sampled, and it says why', () => {
  const { guard, spec, slot, told } = guarded('kill', { bytes: 600 * MIB, on: ground('there is no cgroup v2 here') });
  expect(guard.prepare(spec, NONCE)).toBe(false);
  expect(existsSync(directory())).toBe(false);
  expect(memoryNote(guard.statusOf(slot)!)).toBe(
    'Its memory bound of 512 MiB is sampled once a second: there is no cgroup v2 here.',
  );
  expect(guard.explainKill(NONCE)).toBe(null);
  guard.poll();
  guard.poll();
  expect(told).toMatchObject([{ type: 'memory_exceeded', details: { bytes: 600 * MIB, enforcedBy: 'sampling' } }]);
  expect(guard.explainKill(NONCE)).toEqual(OVER);
});

test('kill, but the process could not be put inside: sampled', () => {
  const { guard, spec, slot } = guarded('kill');
  expect(guard.prepare(spec, NONCE)).toBe(true);
  expect(guard.statusOf(slot)).toMatchObject({ enforcedBy: 'sampling' });
});

test('kill, but the kernel takes no bound: the cgroup goes again', () => {
  const bare: MemoryCgroups = { ...ground(), prepare: (nonce) => !!mkdirSync(join(mount, nonce), { recursive: true }) };
  const { guard, spec, slot } = guarded('kill', { on: bare });
  expect(guard.prepare(spec, NONCE)).toBe(false);
  expect(existsSync(directory())).toBe(false);
  expect(guard.statusOf(slot)).toMatchObject({ because: 'the kernel rejected memory.max (ENOENT)' });
});

test('restart: no wall would stop it gracefully', () => {
  const { guard, spec, slot, events } = guarded('restart', { bytes: 600 * MIB });
  expect(guard.prepare(spec, NONCE)).toBe(false);
  expect(existsSync(directory())).toBe(false);
  expect(guard.statusOf(slot)).toMatchObject({ enforcedBy: 'sampling', because: expect.stringContaining('restart') });
  guard.poll();
  expect(events).toEqual([{ kind: 'unhealthy', because: 'it uses 600MiB, limits.memory is 512MiB' }]);
  expect(guard.explainKill(NONCE)).toBe(null);
});
