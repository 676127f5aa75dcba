// Reading real files: a file that is not regular is a problem, never a hang and never an empty configuration.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskSource, MAX_FILE_BYTES } from '../../src/config/files/file-source.ts';
import { loadConfig } from '../../src/config/load-config.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'orch-files-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const place = (name = 'procs.yaml') => join(directory, name);
const load = (file = place()) => loadConfig({ file, env: null, environment: {} });
const says = async (file = place()) => {
  const result = await load(file);
  return result.ok ? 'loaded' : result.problems.map(({ code, message }) => `${code}: ${message}`).join('\n');
};

test('a FIFO without a writer answers at once', async () => {
  execFileSync('mkfifo', [place()]);
  expect(await says()).toBe('not-a-file: it is a named pipe (FIFO), not a file');
});

test.skipIf(process.platform !== 'linux')('a device never ends and is refused', async () => {
  symlinkSync('/dev/zero', place());
  expect(await says()).toBe('not-a-file: it is a device, not a file');
});

test.skipIf(process.platform !== 'linux')(
  'a file that claims to be empty is read to its end, within the cap',
  async () => {
    symlinkSync('/proc/self/environ', place('env.txt'));
    expect(await diskSource.read(place('env.txt'))).toMatchObject({
      kind: 'bytes',
      bytes: { length: expect.any(Number) },
    });
  },
);

test('a socket', async () => {
  const server = createServer().listen(place());
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await says()).toMatch(/^(unreadable|not-a-file): it is a socket/);
  await new Promise((resolve) => server.close(resolve));
});

test('a directory, a symlink loop, a missing file, a part of the path that is a file', async () => {
  mkdirSync(place('directory'));
  symlinkSync('loop', place('loop'));
  writeFileSync(place('file'), 'services: {}');
  expect(await says(place('directory'))).toBe('not-a-file: it is a directory, not a file');
  expect(await says(place('loop'))).toBe('unreadable: it cannot be read: its symlinks form a loop');
  expect(await says(place('nothing.yaml'))).toMatch(/^missing-file: nothing\.yaml does not exist in /);
  expect(await says(place('file/procs.yaml'))).toMatch(/^unreadable: .* a part of its path is a file/);
});

test.skipIf(process.getuid?.() === 0)('a file without permission', async () => {
  writeFileSync(place(), 'services: {}');
  chmodSync(place(), 0);
  expect(await says()).toBe('unreadable: it cannot be read: permission denied');
});

test('a file may have as many bytes as allowed, and not one more', async () => {
  const text = 'services: {}\n';
  writeFileSync(place(), text + '#'.repeat(MAX_FILE_BYTES - text.length));
  expect(await says()).toBe('loaded');
  truncateSync(place(), MAX_FILE_BYTES + 1);
  expect(await says()).toBe('too-large: it has 1,048,577 bytes; at most 1 MiB is read');
  truncateSync(place(), 2 ** 40);
  expect(await says()).toMatch(/^too-large/);
});

test('the root is the same on every path to it; a linked procs.yaml stays at the link', async () => {
  mkdirSync(place('real'));
  mkdirSync(place('..data'));
  writeFileSync(place('..data/procs.yaml'), 'services: {}');
  symlinkSync('../..data/procs.yaml', place('real/procs.yaml'));
  symlinkSync('real', place('link'));
  for (const way of ['real', 'link']) {
    const result = await load(join(directory, way, 'procs.yaml'));
    expect(result).toMatchObject({ ok: true, accepted: { config: { root: place('real'), project: way } } });
  }
});

test('the hash follows the bytes', async () => {
  const hash = async () => {
    const result = await load();
    return result.ok ? result.accepted.watched[0]?.contentHash : result.watched[0]?.contentHash;
  };
  const absent = await hash();
  writeFileSync(place(), 'services: {}');
  const first = await hash();
  writeFileSync(place(), 'services: {');
  const torn = await hash();
  writeFileSync(place(), 'services: {}');
  expect([absent, first === torn, first === (await hash())]).toEqual([null, false, true]);
});
