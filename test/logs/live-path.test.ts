// Where the path of a queue leads: links, open files of a process, and places that cannot be written.
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followLinks, isSpecial, writeError } from '../../src/logs/live-path.ts';
import { listRotated } from '../../src/logs/rotation.ts';
import { OutputFile } from '../../src/logs/writer/output-file.ts';

const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const origin = { instance: 'a.1', service: 'a', stream: 'o' as const };
let dir: string;
let live: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'orch-live-')));
  live = join(dir, 'main.log');
  mkdirSync(join(dir, 'there'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(file: OutputFile, text: string): void {
  const bytes = Buffer.from(text);
  file.write(bytes, 0, bytes.length);
  file.addToIndex({ origin, timeMs: T0, length: bytes.length, lines: 1, isGap: false });
  file.writeIndex();
}

test.each(['text', 'raw'] as const)('a link stays where it is when its %s file is rotated', (format) => {
  symlinkSync('there/real.log', live);
  const file = new OutputFile(live);
  file.ensure(format, T0);
  write(file, 'one\n');
  expect(file.rotate(T0)).toBe(join(dir, 'there/real.log.20260301T120000000Z'));
  file.ensure(format, T0);
  write(file, 'two\n');
  file.close();
  expect(lstatSync(live).isSymbolicLink()).toBe(true);
  expect(readFileSync(live, 'utf8')).toBe('two\n');
  expect(listRotated(live).map(({ path }) => readFileSync(path, 'utf8'))).toEqual(['one\n']);
  const files = ['real.log', 'real.log.20260301T120000000Z'];
  const indexes = format === 'raw' ? files.map((name) => `${name}.idx`) : [];
  expect(readdirSync(join(dir, 'there')).sort()).toEqual([...files, ...indexes].sort());
});

test('a link that is set to another file is followed there', () => {
  symlinkSync('there/a.log', live);
  const file = new OutputFile(live);
  file.ensure('text', T0);
  write(file, 'one\n');
  unlinkSync(live);
  symlinkSync('there/b.log', live);
  file.ensure('text', T0 + 1000);
  write(file, 'two\n');
  file.close();
  expect(readFileSync(join(dir, 'there/a.log'), 'utf8')).toBe('one\n');
  expect(readFileSync(join(dir, 'there/b.log'), 'utf8')).toBe('two\n');
});

test.runIf(process.platform === 'linux')('an open file of a process is written, never renamed', () => {
  const target = join(dir, 'there/output');
  const fd = openSync(target, 'a');
  try {
    symlinkSync(`/proc/${process.pid}/fd/${fd}`, live);
    expect(isSpecial(live)).toBe(true);
    for (const format of ['text', 'raw'] as const) {
      const file = new OutputFile(live);
      file.ensure(format, T0);
      write(file, 'one\n');
      expect(file.rotate(T0)).toBeNull();
      file.close();
    }
    expect(readFileSync(target, 'utf8')).toBe('one\none\n');
    expect(readdirSync(join(dir, 'there'))).toEqual(['output']);
    // It would be written to by the log writer, and so by itself.
    expect(writeError(live)?.message).toBe('it leads to the log writer itself');
  } finally {
    closeSync(fd);
  }
});

test('links are followed through linked directories, and to files that do not exist yet', () => {
  mkdirSync(join(dir, 'deep/er'), { recursive: true });
  symlinkSync('deep/er', join(dir, 'short'));
  symlinkSync('../x.log', join(dir, 'deep/er/main.log'));
  expect(followLinks(join(dir, 'short/main.log'))).toBe(join(dir, 'deep/x.log'));
  symlinkSync('main.log', join(dir, 'main.log'));
  expect(followLinks(live)).toBe(live); // in a circle: opening it reports that
});

test('a path that cannot be opened is known before it is opened', () => {
  writeFileSync(join(dir, 'file'), '');
  symlinkSync('there', join(dir, 'to-directory'));
  const codes = ['there', 'to-directory', 'file/x.log', 'file/deeper/x.log'].map(
    (name) => writeError(join(dir, name))?.code,
  );
  expect(codes).toEqual(['EISDIR', 'EISDIR', 'ENOTDIR', 'ENOTDIR']);
  for (const name of ['file', 'new/deep/x.log', 'there/x.log']) expect(writeError(join(dir, name))).toBeNull();
  expect(writeError('/dev/null')).toBeNull();
  expect(readdirSync(dir).sort()).toEqual(['file', 'there', 'to-directory']);
});
