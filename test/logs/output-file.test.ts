// The live file and its index when opening, writing or the path itself goes wrong under the writer.
import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFormat, LogQueueSpec } from '../../src/core/log-queue-spec.ts';
import { Producers } from '../../src/logs/writer/backpressure.ts';
import { OutputFile } from '../../src/logs/writer/output-file.ts';
import { QueueOutput } from '../../src/logs/writer/queue-output.ts';
import type { QueueReports } from '../../src/logs/writer/queue-reports.ts';
import { RawIndexWriter } from '../../src/logs/writer/raw-index-writer.ts';
import { range, readBack } from './numbered.ts';
import { canMount, mountSmallDisk, resizeDisk, unmount } from './small-disk.ts';

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const origin = { instance: 'a.1', service: 'a', stream: 'o' as const };
let dir: string;
let live: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orch-output-'));
  live = join(dir, 'main.log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(file: OutputFile, text: string, timeMs = T0): void {
  const bytes = Buffer.from(text);
  file.write(bytes, 0, bytes.length);
  file.addToIndex({ origin, timeMs, length: bytes.length, lines: 1, isGap: false });
  file.writeIndex();
}

test('truncated and written before it was noticed: each line once, with its instance', async () => {
  const file = new OutputFile(live);
  file.ensure('raw', T0);
  for (const n of [1, 2, 3]) write(file, `of the first file ${n}\n`);
  truncateSync(live);
  const bytes = Buffer.from('one\n');
  file.write(bytes, 0, bytes.length); // within the half second in which the path is not looked at
  file.addToIndex({ origin, timeMs: T0, length: bytes.length, lines: 1, isGap: false });
  file.writeIndex();
  file.ensure('raw', T0 + 1000);
  write(file, 'two\n');
  file.close();
  expect(await lines()).toEqual([' one', 'a.1 two']); // the instance of the first line is not known any more
});

test('an index that covers more than the file has (power failure): the rest keeps its origin', async () => {
  const file = new OutputFile(live);
  file.ensure('raw', T0);
  for (const n of [1, 2, 3]) write(file, `line ${n}\n`, T0 + n);
  file.close();
  truncateSync(live, 'line 1\nline 2\n'.length);
  const next = new OutputFile(live);
  next.ensure('raw', T0);
  write(next, 'line 4 is longer\n');
  next.close();
  expect(await lines()).toEqual(['a.1 line 1', 'a.1 line 2', 'a.1 line 4 is longer']);
});

describe.runIf(canMount)('within a line that the disk does not take', () => {
  let disk: string;
  let output: QueueOutput;
  beforeEach(() => {
    disk = join(dir, 'disk');
    mountSmallDisk(disk, '64k');
    live = join(disk, 'main.log');
  });
  afterEach(() => {
    output.close();
    unmount(disk);
  });

  const text = (n: number) => `line ${n} of the many that fill the disk`;
  const meddlers = {
    deleted: () => unlinkSync(live),
    truncated: () => truncateSync(live),
    'cut within a line': () => truncateSync(live, 1000),
    'moved away': () => renameSync(live, `${live}.moved`),
  };
  const cases = (['text', 'raw'] as const).flatMap((format) =>
    Object.entries(meddlers).map(([how, meddle]) => ({ format, how, meddle })),
  );

  test.each(cases)('$format, $how: the line is written whole, and all after it', async ({ format, meddle }) => {
    output = opened(queue(format));
    const texts = range(2000).map((n) => `${format === 'text' ? `${STAMP} a.1 o ` : ''}${text(n)}`);
    const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
    const half = { origin, timeMs: T0, length: bytes.length, lines: 2000, isGap: false };
    output.writeDirect(bytes, 0, bytes.length, 2000, format === 'raw' ? [half] : []);
    expect(output.error).toContain('ENOSPC');
    const torn = readFileSync(live, 'utf8').split('\n').length - 1;
    meddle();
    resizeDisk(disk, '4m');
    await output.drained();
    const got = await readBack(live);
    const from = got.findIndex(({ line }) => line === text(torn));
    expect(got.slice(from).map(({ line }) => line)).toEqual(range(2000 - torn).map((n) => text(torn + n)));
    expect(new Set(got.slice(from).map(({ instance }) => instance))).toEqual(new Set(['a.1']));
    const before = got.slice(0, from).map(({ line }) => line);
    expect(before).toEqual(range(from).map((n) => text(n)));
    expect(output.lines).toBe(2000);
  });

  test('the index of what follows fits its bytes', async () => {
    output = opened(queue('raw'));
    const [first, other] = [Buffer.alloc(70_000, 'first line of many\n'), Buffer.from('of another\n')];
    const piece = (instance: string, length: number, lines: number) => ({
      origin: { ...origin, instance },
      timeMs: T0,
      length,
      lines,
      isGap: false,
    });
    const both = Buffer.concat([first.subarray(0, first.lastIndexOf('\n') + 1), other]);
    const count = both.toString().split('\n').length - 2;
    const pieces = [piece('a.1', both.length - other.length, count), piece('b.1', other.length, 1)];
    output.writeDirect(both, 0, both.length, count + 1, pieces);
    expect(output.error).toContain('ENOSPC');
    unlinkSync(live);
    resizeDisk(disk, '4m');
    await output.drained();
    const got = await readBack(live);
    expect(got.at(-1)).toMatchObject({ instance: 'b.1', line: 'of another' });
    expect(got.slice(0, -1).every(({ line }) => line === 'first line of many')).toBe(true);
  });
});

const STAMP = new Date(T0).toISOString();
const reports = { blocked: () => undefined, resumed: () => undefined } as unknown as QueueReports;
const opened = (spec: LogQueueSpec) => new QueueOutput(spec, new Producers(), reports, () => undefined);

function queue(format: LogFormat): LogQueueSpec {
  const rotate = { sizeBytes: 0, keep: 5, compress: 'none' as const, everyMs: 0, totalBytes: 0 };
  return { name: 'main', path: live, sink: null, format, rotate, capacityBytes: 1 << 20, overflow: 'block' };
}

const lines = async () => (await readBack(live)).map(({ instance, line }) => `${instance} ${line}`);
const openCount = () => readdirSync('/proc/self/fd').length;

test('an index that cannot be opened at first is opened by the next attempt, and no descriptor is lost', async () => {
  const file = new OutputFile(live);
  mkdirSync(`${live}.idx`);
  const before = openCount();
  expect(() => file.ensure('raw', T0)).toThrow('EISDIR');
  expect(openCount()).toBe(before);
  rmdirSync(`${live}.idx`);
  file.ensure('raw', T0 + 200);
  write(file, 'one\n');
  file.close();
  expect(await lines()).toEqual(['a.1 one']);
});

test('an index that opens and cannot be repaired leaks no descriptor', () => {
  writeFileSync(`${live}.idx`, 'half a record');
  const before = openCount();
  const { ftruncateSync } = fs;
  fs.ftruncateSync = () => {
    throw new Error('EPERM: operation not permitted, ftruncate');
  };
  syncBuiltinESMExports();
  try {
    expect(() => new RawIndexWriter(live, 0, T0)).toThrow('EPERM');
  } finally {
    fs.ftruncateSync = ftruncateSync;
    syncBuiltinESMExports();
  }
  expect(openCount()).toBe(before);
});
