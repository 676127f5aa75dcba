// A writer that is killed right after a read, before it can look at what it has read: the next one must know already that it
// may continue within a line. The kill point is the entry of `onBytes`, the first thing after each read.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FifoSource, type SourceListener } from '../../src/logs/writer/fifo-source.ts';
import type { PartialLineRecords } from '../../src/logs/writer/partial-line-records.ts';

const NEWLINE = 0x0a;
const input = Buffer.alloc(64 * 1024);
let dir: string;
let writeFd: number;
let source: FifoSource;
/** What the next writer finds, and each change of it. */
let isMarked: boolean;
let changes: boolean[];
/** For each read: what came, and whether the next writer knows of it if this one is killed right there. */
let reads: { text: string; isMarked: boolean }[];

/** Its queue takes no more. */
let pausesAfterRead = false;

beforeEach(() => {
  pausesAfterRead = false;
  dir = mkdtempSync(join(tmpdir(), 'orch-cut-'));
  [isMarked, changes, reads] = [false, [], []];
  const path = join(dir, 'out');
  execFileSync('mkfifo', [path]);
  source = new FifoSource({ instance: 'a.1', service: 'a', stream: 'o' }, path, listener());
  const onBytes = source.onBytes.bind(source);
  source.onBytes = (length) => {
    reads.push({ text: input.toString('latin1', 0, length), isMarked });
    onBytes(length);
  };
  source.open();
  writeFd = openSync(path, 'w');
});
afterEach(() => {
  source.close();
  closeSync(writeFd);
  rmSync(dir, { recursive: true });
});

function listener(): SourceListener {
  const set = (_inode: number, isMidLine: boolean) => {
    changes.push(isMidLine);
    isMarked = isMidLine;
  };
  const records: Pick<PartialLineRecords, 'set' | 'takeLeft' | 'forget'> = {
    set,
    takeLeft: () => false,
    forget: () => set(0, false),
  };
  return {
    input,
    partialLines: records as PartialLineRecords,
    onBytes: (from, length) => {
      const whole = input.lastIndexOf(NEWLINE, length - 1) + 1;
      if (whole > 0) from.takePartial();
      if (pausesAfterRead) from.pause();
      if (whole < length) from.appendPartial(input, whole, length, 0);
    },
    takesMore: () => true,
    onFlood: () => undefined,
    onEnd: () => undefined,
  };
}

async function send(text: string): Promise<void> {
  const before = reads.length;
  writeSync(writeFd, text);
  await vi.waitFor(() => expect(reads.length).toBeGreaterThan(before), { interval: 1 });
}

const untilCalm = () => vi.waitFor(() => expect(isMarked).toBe(false), { interval: 2, timeout: 5000 });
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a stream that is read in parts of lines: also the read after one that ended with a line', async () => {
  await send('first\nsec');
  await send('ond\n');
  await send('thi');
  expect(reads.slice(1)).toEqual([
    { text: 'ond\n', isMarked: true },
    { text: 'thi', isMarked: true },
  ]);
});

test('so it is after the writer itself was suspended, with more to read', async () => {
  await send('first\nsec');
  writeSync(writeFd, 'ond\n');
  source.drain(performance.now() + 1000);
  writeSync(writeFd, 'thi');
  const endMs = performance.now() + 60;
  while (performance.now() < endMs); // suspended
  await vi.waitFor(() => expect(reads).toHaveLength(3), { interval: 1 });
  expect(reads[2]).toEqual({ text: 'thi', isMarked: true });
});

test('and after its queue took no more for a while', async () => {
  await send('first\nsec');
  pausesAfterRead = true;
  await send('ond\n');
  await later(60);
  pausesAfterRead = false;
  writeSync(writeFd, 'thi');
  source.resume();
  await vi.waitFor(() => expect(reads).toHaveLength(3), { interval: 1 });
  expect(reads[2]).toEqual({ text: 'thi', isMarked: true });
  await send('rd\n');
  await untilCalm();
});

test('once it is calm, at the end of a line, the next writer skips nothing', async () => {
  await send('first\nsec');
  await later(60);
  expect(isMarked).toBe(true);
  await send('ond\n');
  await untilCalm();
  expect(changes).toEqual([true, false]);
});

test('a stream of whole lines costs no record', async () => {
  for (const line of ['first\n', 'second\nthird\n', 'fourth\n']) await send(line);
  await later(60);
  expect(changes).toEqual([]);
});

test('nothing is recorded for a FIFO that was given up', async () => {
  await send('first\nsec');
  await send('ond\n');
  source.release();
  const before = [...changes];
  await later(60);
  expect(changes).toEqual(before);
});
