// The lock where the kernel offers none to a Node program: numbered record files, the highest of which counts, made
// with O_EXCL semantics by link(2). Its holder is checked by identity, so a dead one frees it.
import { linkSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Incarnation } from '../../core/model.ts';
import { errnoOf } from '../errors.ts';
import { identify, isAlive } from '../process/identity.ts';
import type { LockAttempt } from './lock.ts';

type NumberedLockRecord = { holder: Incarnation | null; since: string };

/**
 * The numbers only ever grow and the highest file is never removed, so two takers can never believe in different
 * files: whoever finds a higher number than its own after taking has lost.
 */
export function acquireRecordLock(path: string): LockAttempt {
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
    return {
      release: () => markReleased(path, mine),
      isInPlace: () => isHighest(path, mine),
      isReplaced: () => false, // a name, not a file, is what we hold: it cannot be told
      isTakenOver: () => false,
    };
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

/** Complete as soon as it has its name; false when the number is taken. */
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
    return null; // released this instant, or removed by a winner: the next number decides
  }
}

function removeRecord(path: string, number: number): void {
  try {
    unlinkSync(join(dirname(path), `${basename(path)}.${number}`));
  } catch {
    // ENOENT: another winner was faster
  }
}
