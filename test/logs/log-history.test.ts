// HistoryRead: from any place on, older and newer, each line once, over rotated and compressed files.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { HistoryRead, type LogPlace } from '../../src/logs/reader/log-history.ts';
import type { LineFilter, LogLine } from '../../src/logs/reader/log-line.ts';
import { main, T0 } from './log-directory.ts';

const iso = (ms: number) => new Date(T0 + ms).toISOString();
const stamp = (ms: number) => iso(ms).replace(/[-:.]/g, '');
const PER_MS = 3;
/** Lines `from`… before `to`, three in each millisecond, of two services. */
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => {
    const number = from + index;
    return `${iso(Math.floor(number / PER_MS))} ${number % 2 ? 'a.1' : 'b.1'} o line ${number}\n`;
  }).join('');
const LINES = 900;

/** A compressed file, a plain rotated one, the live one. */
function writeFiles(): void {
  writeFileSync(`${main}.${stamp(100)}.gz`, gzipSync(numbered(0, 300)));
  writeFileSync(`${main}.${stamp(200)}`, numbered(300, 600));
  writeFileSync(main, numbered(600, LINES));
}

const all: LineFilter = () => true;
const numberOf = ({ line }: LogLine) => Number(line.slice('line '.length));

async function reading<T>(
  where: LineFilter,
  run: (read: HistoryRead) => Promise<T>,
  only: string | null = null,
  sinceMs: number | null = null,
): Promise<T> {
  const queues = [{ name: 'main', path: main, format: 'text' as const }];
  const read = new HistoryRead({ queues, instances: only === null ? null : new Set([only]), sinceMs }, where);
  try {
    return await run(read);
  } finally {
    read.close();
  }
}

/** The place at one end of these lines. */
function placeAt(lines: LogLine[], end: 'first' | 'last'): LogPlace {
  const { timeMs } = end === 'first' ? lines[0]! : lines.at(-1)!;
  return { timeMs, same: lines.filter((line) => line.timeMs === timeMs).length };
}

test.each([1, 2, 7, 100, 5000])('in steps of %i, backward and forward, each line comes once', async (step) => {
  writeFiles();
  const expected = Array.from({ length: LINES }, (_, number) => number);
  let lines: LogLine[] = [];
  let place: LogPlace = { timeMs: T0 + 1e6, same: 0 };
  for (let isAll = false; !isAll; ) {
    const older = await reading(all, (read) => read.before(place, step));
    lines = [...older.lines, ...lines];
    ({ isAll } = older);
    place = placeAt(lines, 'first');
  }
  expect(lines.map(numberOf)).toEqual(expected);

  lines = [];
  place = { timeMs: 0, same: 0 };
  for (let isAll = false; !isAll; ) {
    const newer = await reading(all, (read) => read.from(place, step));
    lines.push(...newer.lines);
    ({ isAll } = newer);
    place = placeAt(lines, 'last');
  }
  expect(lines.map(numberOf)).toEqual(expected);
});

test('only wanted lines count: of one service, and of those the ones that pass', async () => {
  writeFiles();
  const isTens = (line: LogLine) => line.line.endsWith('0') || line.line.endsWith('5');
  const end = { timeMs: T0 + 1e6, same: 0 };
  const older = await reading(isTens, (read) => read.before(end, 3), 'a');
  expect(older).toMatchObject({ isAll: false });
  expect(older.lines.map(numberOf)).toEqual([875, 885, 895]);
  const newer = await reading(isTens, (read) => read.from({ timeMs: T0 + 99, same: 0 }, 2), 'a');
  expect(newer.lines.map(numberOf)).toEqual([305, 315]);
  expect(
    (
      await reading(
        () => false,
        (read) => read.before(end, 3),
      )
    ).isAll,
  ).toBe(true);
});

test.skipIf(!existsSync('/proc/self/io'))('what is after the place is not read', async () => {
  writeFileSync(main, numbered(0, 300_000)); // 13 MB
  const bytesRead = () => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
  const before = bytesRead();
  const { lines } = await reading(all, (read) => read.before({ timeMs: T0 + 20_000, same: 3 }, 10));
  expect(lines.map(numberOf)).toEqual(Array.from({ length: 10 }, (_, index) => 60_000 - 10 + index));
  expect(bytesRead() - before).toBeLessThan(2_000_000);
});

test('a read that is stopped ends without the rest', async () => {
  writeFileSync(main, numbered(0, 100_000));
  const found = await reading(
    (line) => line.line === 'line 3',
    (read) => {
      const result = read.before({ timeMs: T0 + 1e6, same: 0 }, 1);
      read.stop();
      return result;
    },
  );
  expect(found).toEqual({ lines: [], isAll: false });
});

test('lines before a time are neither given nor read', async () => {
  writeFiles();
  const end = { timeMs: T0 + 1e6, same: 0 };
  const back = await reading(all, (read) => read.before(end, 5000), null, T0 + 150);
  expect([numberOf(back.lines[0]!), back.lines.length, back.isAll]).toEqual([450, 450, true]);
  const on = await reading(all, (read) => read.from({ timeMs: 0, same: 0 }, 2), null, T0 + 150);
  expect(on.lines.map(numberOf)).toEqual([450, 451]);
  if (!existsSync('/proc/self/io')) return;
  writeFileSync(main, numbered(0, 300_000));
  const bytesRead = () => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
  const before = bytesRead();
  const none = await reading(
    () => false,
    (read) => read.before(end, 10),
    null,
    T0 + 99_000,
  );
  expect(none).toEqual({ lines: [], isAll: true });
  expect(bytesRead() - before).toBeLessThan(2_000_000);
});
