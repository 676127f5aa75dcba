// The kernel's files of a limited cgroup, with a directory in its place.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  isExemptFromOom,
  memoryLimitOf,
  setMemoryLimit,
  wasMemoryLimitHit,
} from '../../src/os/cgroup/cgroup-memory.ts';

const MIB = 1024 ** 2;
let directory = '';
const put = (file: string, text: string): void => writeFileSync(join(directory, file), text);
const read = (file: string): string => readFileSync(join(directory, file), 'latin1');

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-wall-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a limit sets memory.max, kills all at once, and forbids swap', () => {
  for (const file of ['memory.max', 'memory.oom.group', 'memory.swap.max']) put(file, '');
  expect(setMemoryLimit(directory, 512 * MIB)).toBe(null);
  expect(read('memory.max')).toBe(String(512 * MIB));
  expect(read('memory.oom.group')).toBe('1');
  expect(read('memory.swap.max')).toBe('0');
  expect(memoryLimitOf(directory)).toBe(512 * MIB);
});

test('without swap in the kernel its file is not created', () => {
  for (const file of ['memory.max', 'memory.oom.group']) put(file, '');
  expect(setMemoryLimit(directory, MIB)).toBe(null);
  expect(existsSync(join(directory, 'memory.swap.max'))).toBe(false);
});

test('a cgroup without the controller rejects a limit', () => {
  expect(setMemoryLimit(directory, MIB)).toBe('the kernel rejected memory.max (ENOENT)');
  expect(existsSync(join(directory, 'memory.max'))).toBe(false);
  expect(memoryLimitOf(directory)).toBe(null);
});

test('a cgroup without memory.max has no limit', () => {
  put('memory.max', 'max\n');
  expect(memoryLimitOf(directory)).toBe(null);
});

test.each<[what: string, events: string | null, hit: boolean]>([
  ['nothing happened', 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n', false],
  ['it was shrunk', 'low 0\nhigh 0\nmax 81\noom 0\noom_kill 0\n', false],
  ['it was killed', 'low 0\nhigh 0\nmax 93\noom 1\noom_kill 3\noom_group_kill 1\n', true],
  ['it was killed for want of memory elsewhere', 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 2\n', false],
  ['the file does not exist', null, false],
])('%s: hit is %s', (_what, events, hit) => {
  if (events !== null) put('memory.events', events);
  expect(wasMemoryLimitHit(directory)).toBe(hit);
});

test('a limit that the program set further down, and hit, does not count', () => {
  put('memory.events', 'oom 1\noom_kill 1\n');
  put('memory.events.local', 'oom 0\noom_kill 0\n');
  expect(wasMemoryLimitHit(directory)).toBe(false);
  put('memory.events.local', 'oom 1\noom_kill 0\n');
  expect(wasMemoryLimitHit(directory)).toBe(true);
});

test('a process that the kernel may not kill is exempt', () => {
  expect(isExemptFromOom('-1000\n')).toBe(true);
  expect(isExemptFromOom('-999\n')).toBe(false);
  expect(isExemptFromOom('0\n')).toBe(false);
});
