// Private directories, and every way in which another user may have prepared one.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import { ensurePrivateDir, ensureStateDir, UnsafeDirectoryError } from '../../src/os/private-dir.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-secure-'));
  path = join(directory, 'private');
});
afterEach(() => rmSync(directory, { recursive: true }));

const modeOf = (file: string) => statSync(file).mode & 0o777;

test('a private directory is created for our user alone, whatever the umask', () => {
  const before = process.umask(0);
  ensurePrivateDir(path);
  process.umask(before);
  expect(modeOf(path)).toBe(0o700);
  ensurePrivateDir(path);
});

test('a private directory gets mode 0700 if it was open', () => {
  mkdirSync(path);
  chmodSync(path, 0o777);
  ensurePrivateDir(path);
  expect(modeOf(path)).toBe(0o700);
});

test.each<[reason: string, prepare: () => void, message: RegExp]>([
  ['symlink', () => symlinkSync(directory, path), /private is a symbolic link: remove it/],
  ['symlink', () => symlinkSync('/nowhere/at/all', path), /private is a symbolic link: remove it/],
  ['not-a-directory', () => writeFileSync(path, ''), /private is not a directory: move it out of the way/],
])('refuses: %s', (reason, prepare, message) => {
  prepare();
  const attempt = () => ensurePrivateDir(path);
  expect(attempt).toThrow(UnsafeDirectoryError);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ path, reason }));
  expect(modeOf(directory)).toBe(0o700);
});

test.skipIf(process.getuid?.() !== 0)('a directory of another user is refused, and keeps its mode', () => {
  mkdirSync(path, 0o755);
  chownSync(path, 65534, 65534);
  expect(() => ensurePrivateDir(path)).toThrow(
    /belongs to user 65534, not to you \(0\): remove it, or run orch as its owner/,
  );
  expect(modeOf(path)).toBe(0o755);
});

test('the error names the path if a private directory cannot be created', () => {
  writeFileSync(join(directory, 'file'), '');
  expect(() => ensurePrivateDir(join(directory, 'file', 'x'))).toThrow(/cannot make the directory .*x \(ENOTDIR\)/);
});

test('the state directory is complete, private, and ignored by git', () => {
  const paths = projectPaths(directory);
  ensureStateDir(paths);
  ensureStateDir(paths);
  expect(readFileSync(join(paths.stateDir, '.gitignore'), 'utf8')).toBe('*\n');
  for (const made of [paths.stateDir, paths.runDir, paths.fifoDir, paths.logsDir, paths.socketDir]) {
    expect(modeOf(made)).toBe(0o700);
  }
});
