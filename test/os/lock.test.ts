// The project lock: one holder, freed however it exits; a failed attempt leaves no trace.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, type Lock, lockStrategy } from '../../src/os/lock/lock.ts';
import { acquireRecordLock } from '../../src/os/lock/record-lock.ts';
import { isAlive, killByIdentity, readStat } from '../rig/processes.ts';
import { waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';
import { mark } from './trees.ts';

let directory: string;
let path: string;
const started: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-lock-'));
  path = join(directory, 'lock');
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(directory, { recursive: true });
});

const holdsLock = bundle('holds-lock');
const takesRecordLock = bundle('takes-record-lock');

/** The first line that a program prints. */
async function run(file: string, ...args: string[]): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { MARK: mark, PATH: process.env.PATH },
  });
  started.push(child);
  let says = '';
  child.stdout?.on('data', (chunk) => {
    says += chunk;
  });
  await Promise.race([
    once(child, 'close'),
    waitFor(
      'a line',
      () => says,
      (text) => text.includes('\n'),
    ),
  ]);
  return { child, says: says.trim() };
}

async function mustAcquire(): Promise<Lock> {
  const attempt = await acquireLock(path);
  if ('heldBy' in attempt) throw new Error(`held by ${attempt.heldBy?.pid}`);
  return attempt;
}

test('a lock has one holder at a time, and names it', async () => {
  const lock = await mustAcquire();
  expect(await acquireLock(path)).toEqual({
    heldBy: { pid: process.pid, since: expect.stringMatching(/^\d{4}-.*Z$/) },
  });
  lock.release();
  lock.release();
  (await mustAcquire()).release();
});

test('a failed attempt leaves no trace', async () => {
  const lock = await mustAcquire();
  const look = () => {
    const { ino, mode, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return { ino, mode, size, mtimeNs, ctimeNs, text: readFileSync(path, 'utf8') };
  };
  const before = look();
  await acquireLock(path);
  const { says } = await run(holdsLock, path);
  expect(says).toBe(`lost ${process.pid}`);
  expect(look()).toEqual(before);
  lock.release();
});

test('a lock is free as soon as its holder is killed, though a child of the holder lives', async () => {
  const { child, says } = await run(holdsLock, path, mark);
  expect(says).toMatch(/^held \d+$/);
  const orphan = { pid: Number(says.slice(5)), startTime: readStat(Number(says.slice(5)))?.startTime ?? '' };
  expect(await acquireLock(path)).toMatchObject({ heldBy: { pid: child.pid } });
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  const lock = await mustAcquire();
  expect(isAlive(orphan)).toBe(true);
  killByIdentity(orphan);
  lock.release();
});

test('a lock stays locked while its holder is stopped', async () => {
  const { child, says } = await run(holdsLock, path, mark);
  child.kill('SIGSTOP');
  expect(await acquireLock(path)).toMatchObject({ heldBy: { pid: child.pid } });
  killByIdentity({ pid: Number(says.slice(5)), startTime: readStat(Number(says.slice(5)))?.startTime ?? '' });
});

test('a lock goes to exactly one of ten racing processes', async () => {
  const results = await Promise.all(Array.from({ length: 10 }, () => run(holdsLock, path, mark)));
  const winners = results.filter(({ says }) => says.startsWith('held'));
  expect(winners).toHaveLength(1);
  const orphan = Number(winners[0]?.says.slice(5));
  killByIdentity({ pid: orphan, startTime: readStat(orphan)?.startTime ?? '' });
});

test('can be waited for, until it is free or the wait is aborted', async () => {
  const lock = await mustAcquire();
  const waiting = acquireLock(path, { waitMs: 10_000 });
  setTimeout(() => lock.release(), 50);
  const next = await waiting;
  expect('release' in next).toBe(true);
  const abort = new AbortController();
  const given = acquireLock(path, { waitMs: 10_000, abort: abort.signal });
  setTimeout(() => abort.abort(), 50);
  expect(await given).toMatchObject({ heldBy: { pid: process.pid } });
  expect(await acquireLock(path, { waitMs: 50 })).toMatchObject({ heldBy: { pid: process.pid } });
  if ('release' in next) next.release();
});

test('a lock reports that its file was removed or replaced', async () => {
  const lock = await mustAcquire();
  expect(lock.isInPlace()).toBe(true);
  renameSync(path, `${path}.old`);
  expect(lock.isInPlace()).toBe(false);
  writeFileSync(path, '');
  expect(lock.isInPlace()).toBe(false);
  lock.release();
});

test('a lock is replaced only where another file is found, and taken over only by a process that locked that file', async () => {
  const lock = await mustAcquire();
  const seen = () => ({ isReplaced: lock.isReplaced(), isTakenOver: lock.isTakenOver() });
  expect(seen()).toEqual({ isReplaced: false, isTakenOver: false });
  renameSync(path, `${path}.old`);
  expect(seen()).toEqual({ isReplaced: false, isTakenOver: false });
  symlinkSync(path, path);
  expect(() => statSync(path)).toThrow(/ELOOP/);
  expect(seen()).toEqual({ isReplaced: false, isTakenOver: false });
  rmSync(path);
  copyFileSync(`${path}.old`, path);
  expect(seen()).toEqual({ isReplaced: true, isTakenOver: false });
  const next = await mustAcquire();
  next.release();
  const { since, ...record } = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...record, since: new Date(Date.parse(since) + 1).toISOString() }));
  expect(seen()).toEqual({ isReplaced: true, isTakenOver: true });
  lock.release();
});

test('a lock does not follow a link, and throws', async () => {
  writeFileSync(join(directory, 'canary'), 'untouched');
  symlinkSync(join(directory, 'canary'), path);
  await expect(acquireLock(path)).rejects.toThrow(/ELOOP/);
  expect(readFileSync(join(directory, 'canary'), 'utf8')).toBe('untouched');
});

test.each([
  ['linux', true, 'flock'],
  ['linux', false, 'record'],
  ['darwin', false, 'exlock'],
  ['win32', false, 'exlock'],
  ['other', false, 'record'],
] as const)('on %s, flock(1) %s: %s', (platform, hasFlock, strategy) => {
  expect(lockStrategy(platform, hasFlock)).toBe(strategy);
});

describe('the record lock, without a kernel lock', () => {
  test('a lock has one holder at a time, and names it', () => {
    const lock = acquireRecordLock(path);
    expect(acquireRecordLock(path)).toMatchObject({ heldBy: { pid: process.pid } });
    if ('release' in lock) lock.release();
    expect(acquireRecordLock(path)).toHaveProperty('release');
  });

  test.each([
    ['of a dead process', { holder: { pid: 4_000_000, startTime: '1', bootId: 'x', nonce: '' }, since: '' }],
    ['of another boot', { holder: { pid: process.pid, startTime: '1', bootId: 'x', nonce: '' }, since: '' }],
  ])('takes over a record %s', (_name, record) => {
    writeFileSync(`${path}.7`, JSON.stringify(record));
    expect(acquireRecordLock(path)).toHaveProperty('release');
    expect(acquireRecordLock(path)).toMatchObject({ heldBy: { pid: process.pid } });
  });

  test('never has two holders while six processes compete for it', async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, [takesRecordLock, path, '1500'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        started.push(child);
        let text = '';
        child.stdout.on('data', (chunk) => {
          text += chunk;
        });
        await once(child, 'close');
        return JSON.parse(text) as { taken: number; overlaps: number };
      }),
    );
    expect(results.reduce((sum, { overlaps }) => sum + overlaps, 0)).toBe(0);
    expect(results.reduce((sum, { taken }) => sum + taken, 0)).toBeGreaterThan(20);
  });
});
