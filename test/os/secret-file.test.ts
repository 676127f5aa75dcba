// Which files a secret may be in; any other is refused at once, and never counts as empty.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { maskSecrets } from '../../src/os/probe/exec.ts';
import { readSecretFile } from '../../src/os/secrets/secret-file.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

function directory(): string {
  const path = temporaryDirectory('secret');
  return path;
}

const texts: [written: string | Buffer, read: string][] = [
  ['hunter2\n', 'hunter2'],
  ['hunter2', 'hunter2'],
  ['hunter2\r\n', 'hunter2'],
  ['a\nb\n\n', 'a\nb\n'],
  [' pass word ', ' pass word '],
  ['', ''],
  ['\ufeffö', '\ufeffö'],
];

test.for(texts)('%j is %j', async ([written, text]) => {
  const path = join(directory(), 'secret');
  writeFileSync(path, written);
  expect(await readSecretFile(path)).toEqual({ ok: true, text });
});

test('a link leads to the file', async () => {
  const root = directory();
  writeFileSync(join(root, 'version-2'), 'x\n');
  symlinkSync('version-2', join(root, 'secret'));
  expect(await readSecretFile(join(root, 'secret'))).toEqual({ ok: true, text: 'x' });
});

const others: [what: string, make: (path: string) => void, errno: string][] = [
  ['nothing', () => undefined, 'ENOENT'],
  ['a directory', (path) => mkdirSync(path), 'EINVAL'],
  ['a FIFO without a writer', (path) => execFileSync('mkfifo', [path]), 'EINVAL'],
  ['a device that never ends', (path) => symlinkSync('/dev/zero', path), 'EINVAL'],
  ['a link to itself', (path) => symlinkSync(path, path), 'ELOOP'],
  ['a NUL', (path) => writeFileSync(path, 'a\0b'), 'EINVAL'],
  ['no UTF-8', (path) => writeFileSync(path, Buffer.from([0xc3, 0x28])), 'EILSEQ'],
  ['more than a variable holds', (path) => writeFileSync(path, Buffer.alloc(131_072, 'x')), 'E2BIG'],
];

test.for(others)('%s is refused', async ([, make, errno]) => {
  const path = join(directory(), 'secret');
  make(path);
  expect(await readSecretFile(path)).toMatchObject({ ok: false, errno });
});

test('a file whose close fails was read', async () => {
  const path = join(directory(), 'secret');
  writeFileSync(path, 'x\n');
  const file = await open(path);
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  const { stat } = prototype;
  const opened = vi.spyOn(prototype, 'stat').mockImplementationOnce(function (this: FileHandle) {
    const { close } = this;
    this.close = async () => {
      await close();
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    return stat.call(this);
  } as typeof stat);
  onTestFinished(() => opened.mockRestore());
  expect(await readSecretFile(path)).toEqual({ ok: true, text: 'x' });
  expect(opened).toHaveBeenCalled();
});

test.runIf(process.getuid?.() !== 0)('a file that may not be read is refused', async () => {
  const path = join(directory(), 'secret');
  writeFileSync(path, 'x');
  chmodSync(path, 0);
  expect(await readSecretFile(path)).toMatchObject({ ok: false, errno: 'EACCES' });
});

test('the output of a program is shown without secrets', () => {
  const mask = (text: string, ...secrets: string[]) => maskSecrets(text, secrets);
  expect(mask('bad password hunter2, hunter2!', 'hunter2')).toBe('bad password ***, ***!');
  expect(mask('line-one of key', 'line-one\r\nline-two\n')).toBe('*** of key');
  // The output was cut within the secret.
  expect(mask('ter2 is wrong', 'hunter2')).toBe('*** is wrong');
  // The longer one first: no rest of it stays.
  expect(mask('abcdefgh', 'abcd', 'abcdefgh')).toBe('***');
  expect(mask('exit 1', '1', '')).toBe('exit 1');
});
