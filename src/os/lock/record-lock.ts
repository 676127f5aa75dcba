// The lock for systems where Node has no access to a kernel lock: numbered record files, the highest of which counts,
// created with O_EXCL semantics by link(2). The holder is checked by identity, so the lock of a dead one is free.

import { linkSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Incarnation } from '../../core/slot.ts';
import { errnoOf } from '../errors.ts';
import { identify, isAlive } from '../process/identity.ts';

export type RecordLockAttempt = { heldBy: { pid: number; since: string } } | { release(): void; isInPlace(): boolean };
type NumberedLockRecord = { holder: Incarnation | null; since: string };

/**
 * The numbers only grow and the highest file is never removed, so two claimants cannot rely on different files: a claimant
 * that finds a higher number than its own after it took the lock has lost.
 */
export function acquireRecordLock(path: string): RecordLockAttempt {
  for (;;) {
    const [top = 0] = numbersOf(path);
    const record = top === 0 ? null : readRecord(path, top);
    if (record?.holder != null && isAlive(record.holder)) {
      return { heldBy: { pid: record.holder.pid, since: record.since } };
    }
    const mine = top + 1;
    if (!create(path, mine)) continue;
    if (numbersOf(path)[0] !== mine) {
      removeRecord(path, mine);
      continue;
    }
    for (const number of numbersOf(path)) if (number < mine) removeRecord(path, number);
    return { release: () => markReleased(path, mine), isInPlace: () => isHighest(path, mine) };
  }
}

function isHighest(path: string, number: number): boolean {
  try {
    return numbersOf(path)[0] === number;
  } catch {
    return false; // the directory was removed
  }
}

/** Highest first. */
function numbersOf(path: string): number[] {
  const prefix = `${basename(path)}.`;
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => b - a);
}

/** The record is complete before it gets its name. @returns false when the number is taken */
function create(path: string, number: number): boolean {
  const draft = `${path}.draft-${process.pid}-${number}`;
  const record: NumberedLockRecord = { holder: identify(process.pid, ''), since: new Date().toISOString() };
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    linkSync(draft, `${path}.${number}`);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function markReleased(path: string, number: number): void {
  writeFileSync(`${path}.${number}`, JSON.stringify({ holder: null, since: new Date().toISOString() }));
}

function readRecord(path: string, number: number): NumberedLockRecord | null {
  try {
    return JSON.parse(readFileSync(`${path}.${number}`, 'utf8')) as NumberedLockRecord;
  } catch {
    return null; // just released, or removed by the new holder: the next number decides
  }
}

function removeRecord(path: string, number: number): void {
  try {
    unlinkSync(join(dirname(path), `${basename(path)}.${number}`));
  } catch {
    // ENOENT: another process removed it
  }
}
