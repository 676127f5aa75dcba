// A rotation or compression that died between any two of its steps.
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readLogs } from '../../src/logs/reader/read-logs.ts';
import { finishRotation, listRotated, pruneRotated, rotateFile } from '../../src/logs/rotation.ts';
import { gzipFile } from '../../src/logs/writer/gzip-file.ts';
import { OutputFile } from '../../src/logs/writer/output-file.ts';
import { dir, main as live, T0 } from './log-directory.ts';

const origin = { instance: 'a.1', service: 'a', stream: 'o' as const };
async function lines(sinceMs: number | null = null): Promise<string[]> {
  const all: string[] = [];
  const queues = [{ name: 'main', path: live, format: 'raw' as const }];
  for await (const batch of readLogs({
    queues,
    instances: null,
    tail: null,
    sinceMs,
    untilMs: null,
    grep: null,
  })) {
    all.push(...batch.map(({ instance, line }) => `${instance} ${line}`));
  }
  return all;
}

function writeRaw(text: string): OutputFile {
  const file = new OutputFile(live);
  file.ensure('raw', T0);
  const bytes = Buffer.from(text);
  file.write(bytes, 0, bytes.length);
  file.addToIndex({ origin, timeMs: T0, length: bytes.length, lines: 1, isGap: false });
  file.writeIndex();
  return file;
}

test('killed after the index was renamed and before the file was', async () => {
  writeRaw('one\n').close();
  renameSync(`${live}.idx`, `${live}.20260301T120000000Z.idx`);
  finishRotation(live);
  expect(listRotated(live).map(({ path }) => path)).toEqual([`${live}.20260301T120000000Z`]);
  writeRaw('two\n').close();
  expect(await lines()).toEqual(['a.1 one', 'a.1 two']);
});

test('killed between the bytes and their index: the bytes are kept, as lines of an unknown instance', async () => {
  writeRaw('one\n').close();
  writeFileSync(live, 'one\nlost\n');
  writeRaw('two\n').close();
  expect(await lines()).toEqual(['a.1 one', ' lost', 'a.1 two']);
});

test('killed within a write: the incomplete line is removed', async () => {
  writeFileSync(live, 'whole\nhal');
  const file = new OutputFile(live);
  file.ensure('text', T0);
  expect(file.sizeBytes).toBe('whole\n'.length);
  file.close();
});

test('killed while compressing, and between completing and deleting', async () => {
  writeFileSync(live, '2026-03-01T12:00:00.000Z a.1 o one\n');
  const rotated = rotateFile(live, T0);
  writeFileSync(`${rotated}.gz.tmp`, 'half');
  await gzipFile(rotated);
  expect(readdirSync(dir)).toEqual(['main.log.20260301T120000000Z.gz']);
  writeFileSync(rotated, 'not read any more');
  await gzipFile(rotated);
  expect(existsSync(rotated)).toBe(false);
  expect(await lines()).toEqual(['a.1 one']);
});

test('two rotations in one millisecond make two files, oldest first', () => {
  for (const text of ['one\n', 'two\n']) {
    writeFileSync(live, text);
    rotateFile(live, T0);
  }
  expect(listRotated(live).map(({ stampMs }) => stampMs - T0)).toEqual([0, 1]);
});

test('a clock set back: files closed from then on are still the newest, for keep, --since and the order', async () => {
  const ahead = T0 + 86_400_000;
  const close = (text: string, nowMs: number) => {
    writeFileSync(live, `${new Date(nowMs).toISOString()} a.1 o ${text}\n`);
    rotateFile(live, nowMs);
    pruneRotated(live, 2, 0);
  };
  close('one', ahead);
  close('two', ahead + 1000);
  close('three', T0);
  close('four', T0 + 1000);
  expect(await lines()).toEqual(['a.1 three', 'a.1 four']);
  expect(await lines(T0 + 1000)).toEqual(['a.1 four']);
  expect(listRotated(live).map(({ stampMs }) => stampMs - ahead)).toEqual([1001, 1002]);
});

test('files that were closed too long ago are deleted, even where `keep` keeps more', () => {
  const DAY_MS = 86_400_000;
  for (const day of [0, 1, 2]) {
    writeFileSync(live, 'x\n');
    rotateFile(live, T0 + day * DAY_MS);
  }
  expect(pruneRotated(live, 10, 0)).toBe(T0);
  expect(pruneRotated(live, 10, 0, T0 + DAY_MS)).toBe(T0 + DAY_MS);
  expect(listRotated(live).map(({ stampMs }) => stampMs - T0)).toEqual([DAY_MS, 2 * DAY_MS]);
  expect(pruneRotated(live, 1, 0, T0 + DAY_MS)).toBe(T0 + 2 * DAY_MS);
  expect(pruneRotated(live, 10, 0, T0 + 3 * DAY_MS)).toBeNull();
  expect(listRotated(live)).toEqual([]);
});

test('files that belong to a rotated file are deleted with it; foreign files stay', () => {
  writeRaw('one\n').close();
  const rotated = rotateFile(live, T0);
  writeFileSync(`${rotated}.gz.tmp`, '');
  writeFileSync(`${live}.bak`, '');
  writeFileSync(join(dir, 'main.log.2'), gzipSync('x'));
  pruneRotated(live, 0, 0);
  expect(readdirSync(dir).sort()).toEqual(['main.log.2', 'main.log.bak']);
});
