// Compressed log files that are cut off or damaged, as after a power cut: the reader prints what they still hold, and reports the rest.
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodeOrigin } from '../../src/logs/raw-index.ts';
import { followLogs } from '../../src/logs/reader/follow-logs.ts';
import type { LogLine } from '../../src/logs/reader/log-line.ts';
import { readLogs } from '../../src/logs/reader/read-logs.ts';
import { indexRecord } from './index-record.ts';
import { dir, main, T0 } from './log-directory.ts';
import { until } from './rig.ts';

const STAMP = '20260301T120100000Z';
const COUNT = 20_000;
const line = (n: number) => `line ${n} ${(n * 7919) % 1_000_003}`;
const stamped = (n: number) => `${new Date(T0 + n).toISOString()} a.1 o ${line(n)}\n`;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const queue = (format: 'text' | 'raw') => ({ name: 'main', path: main, format });

const cutOff = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
const garbled = (bytes: Buffer) =>
  Buffer.concat([cutOff(bytes), Buffer.alloc(64, 0xff), bytes.subarray((bytes.length >> 1) + 64)]);

function rotated(format: 'text' | 'raw', damaged: (bytes: Buffer) => Buffer): void {
  const numbers = range(0, COUNT);
  const texts = numbers.map((n) => (format === 'raw' ? `${line(n)}\n` : stamped(n)));
  writeFileSync(`${main}.${STAMP}.gz`, damaged(gzipSync(texts.join(''))));
  if (format === 'text') writeFileSync(main, stamped(COUNT));
  else writeFileSync(`${main}.${STAMP}.idx`, indexOf(texts));
}

function indexOf(texts: string[]): Buffer {
  const records = [encodeOrigin('a.1')];
  let offset = 0;
  for (const [n, text] of texts.entries()) {
    const at = { kind: 1 as const, stream: 'o' as const, split: false, origin: 0, lines: 1 };
    records.push(indexRecord({ ...at, timeMs: T0 + n, offset, length: text.length }));
    offset += text.length;
  }
  return Buffer.concat(records);
}

async function read(format: 'text' | 'raw', tail: number | null = null): Promise<LogLine[]> {
  const all: LogLine[][] = [];
  const options = { queues: [queue(format)], instances: null, tail, sinceMs: null, untilMs: null, grep: null };
  for await (const lines of readLogs(options)) all.push(lines);
  return all.flat();
}

test.each([
  ['text', 'cut off', cutOff],
  ['text', 'garbled', garbled],
  ['raw', 'cut off', cutOff],
  ['raw', 'garbled', garbled],
] as const)('a %s file that is %s is printed as far as possible, then reported', async (format, _, damaged) => {
  rotated(format, damaged);
  const lines = (await read(format)).map((one) => one.line);
  const mark = lines.findIndex((text) => text.startsWith('…'));
  expect(lines[mark]).toMatch(new RegExp(`^… the rest of main\\.log\\.${STAMP}\\.gz cannot be read: .+$`));
  const whole = lines.slice(0, mark).filter((text, n) => text === line(n));
  expect(lines.slice(mark + 1)).toEqual(format === 'text' ? [line(COUNT)] : []);
  // Garbled, it may decode to anything before that shows.
  if (damaged === cutOff) expect(mark - whole.length).toBeLessThanOrEqual(1); // the one that is torn
  if (damaged === cutOff) expect(whole.length).toBeGreaterThan(COUNT / 4);
  expect((await read(format, 2)).map((one) => one.line)).toEqual(lines.slice(-2));
});

test('following continues after a damaged file, and intact compressed files have no mark', async () => {
  rotated('text', cutOff);
  const seen: string[] = [];
  const options = { queues: [queue('text')], instances: null, tail: 1_000_000, grep: null };
  const follower = followLogs({ ...options, onLines: (lines) => void seen.push(...lines.map((one) => one.line)) });
  await until(() => seen.includes(line(COUNT)), 'the live file is read');
  appendFileSync(main, stamped(COUNT + 1));
  await until(() => seen.includes(line(COUNT + 1)), 'it continues');
  follower.close();
  expect(seen.filter((text) => text.startsWith('…'))).toHaveLength(1);
  renameSync(`${main}.${STAMP}.gz`, join(dir, 'away'));
  rotated('text', (bytes) => bytes);
  expect((await read('text')).map((one) => one.line)).toEqual(range(0, COUNT + 1).map(line));
});
