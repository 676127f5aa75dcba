// The live file and its index when opening, writing or the path itself goes wrong under the writer.
import fs, { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutputFile } from '../../src/logs/writing/output-file.ts';
import { RawIndex } from '../../src/logs/writing/raw-index-file.ts';
import { readBack } from './numbered.ts';

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const origin = { instance: 'a.1', service: 'a', stream: 'o' as const };
let dir: string;
let live: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orch-output-'));
  live = join(dir, 'main.log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(file: OutputFile, text: string): void {
  const bytes = Buffer.from(text);
  file.write(bytes, 0, bytes.length);
  file.describe({ origin, timeMs: T0, length: bytes.length, lines: 1, isGap: false });
  file.writeIndex();
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

test('an index that opens and cannot be mended leaves no descriptor behind', () => {
  writeFileSync(`${live}.idx`, 'half a record');
  const before = openCount();
  const { ftruncateSync } = fs;
  fs.ftruncateSync = () => {
    throw new Error('EPERM: operation not permitted, ftruncate');
  };
  syncBuiltinESMExports();
  try {
    expect(() => new RawIndex(live, 0, T0)).toThrow('EPERM');
  } finally {
    fs.ftruncateSync = ftruncateSync;
    syncBuiltinESMExports();
  }
  expect(openCount()).toBe(before);
});
