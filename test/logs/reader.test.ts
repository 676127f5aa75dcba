// Reading queues back: merging, bisection, tails, following over rotation. Files only, no writer.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeOrigin, RECORD_BYTES } from '../../src/logs/raw-index.ts';
import { followLogs } from '../../src/logs/reader/follow-logs.ts';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { type ReadOptions, readLogs } from '../../src/logs/reader/read-logs.ts';
import { indexRecord } from './index-record.ts';
import { dir, main, T0 } from './log-directory.ts';
import { until } from './rig.ts';

const iso = (ms: number) => new Date(T0 + ms).toISOString();
const text = (ms: number, instance: string, line: string, stream = 'o') => `${iso(ms)} ${instance} ${stream} ${line}\n`;
const stamp = (ms: number) => iso(ms).replace(/[-:.]/g, '');
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => text(from + index, 'a.1', `line ${from + index}`)).join('');

async function read(options: Partial<ReadOptions> = {}): Promise<LogLine[]> {
  const queues = [{ name: 'main', path: main, format: 'text' as const }];
  const defaults = { queues, instances: null, tail: null, sinceMs: null, untilMs: null, grep: null };
  const batches: LogLine[][] = [];
  for await (const batch of readLogs({ ...defaults, ...options })) batches.push(batch);
  return batches.flat();
}
/** By this process, of any file; 0 where the system does not count. */
const bytesRead = () =>
  existsSync('/proc/self/io') ? Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]) : 0;
const texts = (lines: LogLine[]) => lines.map(({ line }) => line);

test('the reader merges queues and rotated files, gzipped too, in time order', async () => {
  const other = join(dir, 'other.log');
  writeFileSync(`${main}.${stamp(2)}.gz`, gzipSync(text(0, 'a.1', 'm0') + text(2, 'a.1', 'm2')));
  writeFileSync(`${main}.${stamp(4)}`, text(4, 'a.1', 'm4'));
  writeFileSync(main, text(6, 'a.1', 'm6'));
  writeFileSync(
    other,
    [1, 3, 5, 7]
      .map((ms) => `${JSON.stringify({ time: iso(ms), service: 'b', instance: 'b.1', stream: 'e', line: `o${ms}` })}\n`)
      .join(''),
  );
  const queues = [
    { name: 'main', path: main, format: 'text' as const },
    { name: 'other', path: other, format: 'json' as const },
  ];
  expect(texts(await read({ queues }))).toEqual(['m0', 'o1', 'm2', 'o3', 'm4', 'o5', 'm6', 'o7']);
  expect(texts(await read({ queues, tail: 3 }))).toEqual(['o5', 'm6', 'o7']);
  expect(texts(await read({ queues, instances: new Set(['b']) }))).toEqual(['o1', 'o3', 'o5', 'o7']);
  expect(texts(await read({ queues, sinceMs: T0 + 3, untilMs: T0 + 6 }))).toEqual(['o3', 'm4', 'o5']);
});

test('a file that exists plain and gzipped is read once', async () => {
  writeFileSync(`${main}.${stamp(1)}`, text(1, 'a.1', 'once'));
  writeFileSync(`${main}.${stamp(1)}.gz`, gzipSync(text(1, 'a.1', 'once')));
  writeFileSync(`${main}.${stamp(1)}.gz.tmp`, 'half');
  expect(texts(await read())).toEqual(['once']);
});

test('the reader finds a time in a large file, and the last lines, without reading all of it', async () => {
  writeFileSync(main, numbered(0, 200_000));
  const before = bytesRead();
  expect(texts(await read({ sinceMs: T0 + 199_990 }))[0]).toBe('line 199990');
  expect(texts(await read({ sinceMs: T0 + 100_000, untilMs: T0 + 100_010 })).length).toBe(10);
  expect(texts(await read({ tail: 2 }))).toEqual(['line 199998', 'line 199999']);
  expect(bytesRead() - before).toBeLessThan(statSync(main).size / 4);
  expect((await read()).length).toBe(200_000);
  for (const at of [0, 1, 77_777, 123_456]) {
    expect(texts(await read({ sinceMs: T0 + at, untilMs: T0 + at + 1 }))).toEqual([`line ${at}`]);
  }
  expect(texts(await read({ grep: /line 9999\d$/, tail: 2 }))).toEqual(['line 99998', 'line 99999']);
  expect(texts(await read({ sinceMs: T0 + 10, tail: 1, untilMs: T0 + 20 }))).toEqual(['line 19']);
});

test('foreign lines take the time of the line before, an incomplete last line of the live file waits', async () => {
  writeFileSync(main, `${text(1, 'a.1', 'one')}not ours\n${text(2, 'a.1', 'two')}2026-03-01T12:0`);
  expect((await read()).map(({ timeMs, line }) => [timeMs - T0, line])).toEqual([
    [1, 'one'],
    [1, 'not ours'],
    [2, 'two'],
  ]);
});

test('a gap mark is recognised and passes every grep', async () => {
  writeFileSync(main, text(1, 'a.1', 'keep') + text(2, 'a.1', '… 1,234 lines dropped') + text(3, 'a.1', 'other'));
  const lines = await read({ grep: /keep/ });
  expect(lines.map(({ line, gap }) => [line, gap])).toEqual([
    ['keep', undefined],
    ['… 1,234 lines dropped', 1234],
  ]);
});

function rawFile(entries: [ms: number, instance: string, text: string][], path = main): void {
  const origins = new Map<string, number>();
  const index: Buffer[] = [];
  let offset = 0;
  let number = 0;
  const push = (bytes: Buffer) => {
    index.push(bytes);
    number += bytes.length / RECORD_BYTES;
  };
  for (const [ms, instance, bytes] of entries) {
    if (!origins.has(instance)) {
      origins.set(instance, number);
      push(encodeOrigin(instance));
    }
    const length = Buffer.byteLength(bytes);
    const lines = bytes.split('\n').length - 1;
    push(
      indexRecord({
        kind: 1,
        stream: 'o',
        split: false,
        origin: origins.get(instance)!,
        timeMs: T0 + ms,
        offset,
        length,
        lines,
      }),
    );
    offset += length;
  }
  appendFileSync(path, entries.map(([, , bytes]) => bytes).join(''));
  appendFileSync(`${path}.idx`, Buffer.concat(index));
}

test('a raw file is read by its index like any other', async () => {
  const long = `${'x'.repeat(63)}.1000`;
  rawFile([
    [1, 'a.1', 'one\ntwo\n'],
    [2, long, 'three\n'],
    [3, 'a.1', 'four\n'],
  ]);
  const lines = await read();
  expect(lines.map(({ timeMs, instance, line }) => [timeMs - T0, instance, line])).toEqual([
    [1, 'a.1', 'one'],
    [1, 'a.1', 'two'],
    [2, long, 'three'],
    [3, 'a.1', 'four'],
  ]);
  expect(texts(await read({ instances: new Set(['a']), tail: 2 }))).toEqual(['two', 'four']);
  expect(texts(await read({ sinceMs: T0 + 3 }))).toEqual(['four']);
});

describe('more lines at once than a call can take arguments', () => {
  const COUNT = 200_000;
  const last = `line ${COUNT - 1}`;
  const rawLines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`);

  test.each([
    ['text', () => writeFileSync(main, numbered(0, COUNT))],
    ['gzipped', () => writeFileSync(`${main}.${stamp(COUNT)}.gz`, gzipSync(numbered(0, COUNT)))],
    ['raw, one record', () => rawFile([[1, 'a.1', rawLines(0, COUNT).join('')]])],
    ['raw, a record a line', () => rawFile(rawLines(0, COUNT).map((line, ms) => [ms, 'a.1', line]))],
  ])('--tail, also from a time on: %s', async (_, write) => {
    write();
    for (const sinceMs of [null, T0]) {
      const lines = await read({ tail: COUNT - 1, sinceMs });
      expect([lines.length, lines[0]!.line, lines.at(-1)!.line]).toEqual([COUNT - 1, 'line 1', last]);
    }
  });

  test('follows a raw record, and a compressed file that was not read before', async () => {
    const followed = new Followed();
    writeFileSync(main, '');
    rawFile([[1, 'a.1', rawLines(0, COUNT).join('')]]);
    await until(() => followed.lines.length === COUNT, 'the record');
    renameSync(`${main}.idx`, `${main}.${stamp(1)}.idx`);
    renameSync(main, `${main}.${stamp(1)}`);
    const zipped = `${main}.${stamp(2)}`;
    rawFile([[2, 'a.1', rawLines(0, COUNT).join('')]], zipped);
    writeFileSync(`${zipped}.gz`, gzipSync(readFileSync(zipped)));
    unlinkSync(zipped);
    writeFileSync(main, text(3, 'a.1', 'new'));
    await until(() => followed.lines.length > 2 * COUNT, `all, have ${followed.lines.length}`);
    expect([followed.lines[COUNT - 1], followed.lines.at(-2), followed.lines.at(-1)]).toEqual([last, last, 'new']);
    followed.close();
  });
});

class Followed {
  readonly lines: string[] = [];
  readonly #follower;
  constructor(tail = 0) {
    this.#follower = followLogs({
      queues: [{ name: 'main', path: main, format: 'text' }],
      instances: null,
      tail,
      onLines: (lines) => {
        for (const { line } of lines) this.lines.push(line);
      },
    });
  }
  async until(expected: string[]): Promise<void> {
    await until(() => this.lines.length >= expected.length, `${expected.length} lines, have ${this.lines.length}`);
    expect(this.lines).toEqual(expected);
  }
  close(): void {
    this.#follower.close();
  }
}

test('the reader follows from the tail on, over rotation, deletion and recreation, without loss or duplicate', async () => {
  writeFileSync(main, numbered(0, 10));
  const followed = new Followed(2);
  await followed.until(['line 8', 'line 9']);
  appendFileSync(main, text(10, 'a.1', 'ten'));
  await followed.until(['line 8', 'line 9', 'ten']);
  // Two rotations at once, the first already compressed: what was not read before comes in order.
  appendFileSync(main, text(11, 'a.1', 'r1'));
  renameSync(main, `${main}.${stamp(11)}`);
  writeFileSync(main, text(12, 'a.1', 'r2'));
  renameSync(main, `${main}.${stamp(12)}`);
  writeFileSync(`${main}.${stamp(12)}.gz`, gzipSync(text(12, 'a.1', 'r2')));
  unlinkSync(`${main}.${stamp(12)}`);
  writeFileSync(main, text(13, 'a.1', 'r3'));
  await followed.until(['line 8', 'line 9', 'ten', 'r1', 'r2', 'r3']);
  rmSync(dir, { recursive: true });
  mkdirSync(dir);
  writeFileSync(main, text(14, 'a.1', 'back'));
  await followed.until(['line 8', 'line 9', 'ten', 'r1', 'r2', 'r3', 'back']);
  writeFileSync(main, '');
  await new Promise((resolve) => setTimeout(resolve, 60));
  appendFileSync(main, text(15, 'a.1', 'truncated'));
  await followed.until(['line 8', 'line 9', 'ten', 'r1', 'r2', 'r3', 'back', 'truncated']);
  followed.close();
});

test('during a flood, other work runs between two reads', async () => {
  writeFileSync(main, text(0, 'a.1', 'first'));
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  const turnsAt: number[] = [];
  const follower = followLogs({
    queues: [{ name: 'main', path: main, format: 'text' }],
    instances: null,
    tail: 1,
    onLines: () => {
      // Begun with the first line: from then on all that is read was appended.
      if (turnsAt.length === 0) {
        appendFileSync(main, text(1, 'a.1', 'x'.repeat(1000)).repeat(8 * 1024));
        turn();
      }
      turnsAt.push(turns);
    },
  });
  await until(() => turnsAt.length > 5, `reads, have ${turnsAt.length}`);
  isOver = true;
  follower.close();
  const ofReads = turnsAt.slice(1);
  expect(new Set(ofReads).size).toBe(ofReads.length);
});

test('the reader follows a file that does not exist yet, and a raw one', async () => {
  const followed = new Followed();
  expect(existsSync(main)).toBe(false);
  rawFile([[1, 'a.1', 'one\n']]);
  await followed.until(['one']);
  followed.close();
});

test('1,000 rotations while it is followed', async () => {
  const followed = new Followed();
  const expected: string[] = [];
  for (let index = 0; index < 1000; index += 1) {
    appendFileSync(main, text(index, 'a.1', `line ${index}`));
    expected.push(`line ${index}`);
    renameSync(main, `${main}.${stamp(index)}`);
    if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  writeFileSync(main, '');
  await followed.until(expected);
  followed.close();
});
