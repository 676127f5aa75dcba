// Which FIFOs were read to the middle of a line: known to every later writer, wherever the ones before it were killed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PartialLineRecords } from '../../src/logs/writer/partial-line-records.ts';

/** Called after each step that changes the file: a kill may fall right there. */
const steps = vi.hoisted(() => ({ after: (): void => undefined }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const watched = ['openSync', 'writeSync', 'ftruncateSync'] as const;
  const hook = (name: (typeof watched)[number]) => [
    name,
    (...args: unknown[]) => {
      const result = (fs[name] as (...args: unknown[]) => unknown)(...args);
      steps.after();
      return result;
    },
  ];
  return { ...fs, ...Object.fromEntries(watched.map(hook)) };
});

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orch-mid-'));
  path = join(dir, 'logs.mid');
});
afterEach(() => {
  steps.after = () => undefined;
  rmSync(dir, { recursive: true });
});

/** What a writer that starts now finds. */
function leftOf(inodes: number[]): number[] {
  const next = new PartialLineRecords(path);
  const left = inodes.filter((inode) => next.takeLeft(inode));
  next.close();
  return left;
}

function killed(...inodes: number[]): void {
  const writer = new PartialLineRecords(path);
  for (const inode of inodes) writer.set(inode, true);
  writer.close();
}

test('the next writer is informed once for each FIFO', () => {
  killed(11, 12);
  const next = new PartialLineRecords(path);
  expect([next.takeLeft(11), next.takeLeft(11), next.takeLeft(13), next.takeLeft(12)]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  next.set(11, false);
  next.close();
  expect(leftOf([11, 12])).toEqual([12]);
});

test('a writer killed at any step of its start loses nothing of what the previous one left', () => {
  killed(11, 12, 13);
  const known = readFileSync(path);
  const wanted = [11, 12, 13].map((inode) => known.subarray(known.indexOf(inode), known.indexOf(inode) + 9));
  let looks = 0;
  steps.after = () => {
    looks += 1;
    const now = readFileSync(path);
    for (const record of wanted) expect(now.includes(record)).toBe(true);
  };
  const next = new PartialLineRecords(path);
  expect(looks).toBeGreaterThan(0);
  next.set(14, true);
  next.close();
  steps.after = () => undefined;
  expect(leftOf([11, 12, 13, 14])).toEqual([11, 12, 13, 14]);
});

test('records of forgotten FIFOs are reused, over any number of writers', () => {
  for (let round = 1; round <= 50; round += 1) {
    const writer = new PartialLineRecords(path);
    for (const inode of [round * 10, round * 10 + 1]) writer.set(inode, true);
    for (const inode of [round * 10, round * 10 + 1]) writer.forget(inode);
    writer.close();
  }
  expect(readFileSync(path).length).toBeLessThanOrEqual(2 * 9);
});
