// A file system that does not respond: reads end early, and it does not use up the supervisor's threads.
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SecretFileResult } from '../../src/os/secrets/secret-file.ts';
import { SecretFileReader } from '../../src/os/secrets/secret-file.ts';

const SHORT_MS = 20;
const LONG_MS = 60_000;

/** A disk of which the test says when it answers. */
function disk() {
  const begun: string[] = [];
  const open: { path: string; resolve: (file: SecretFileResult) => void }[] = [];
  const readFile = (path: string) =>
    new Promise<SecretFileResult>((resolve) => {
      begun.push(path);
      open.push({ path, resolve });
    });
  const answer = (path: string, text: string): void => {
    const [read] = open.splice(
      open.findIndex((one) => one.path === path),
      1,
    );
    read!.resolve({ ok: true, text });
  };
  return { begun, readFile, answer };
}

const late = { ok: false, errno: 'ETIMEDOUT' };

test('a secret read times out', async () => {
  const { readFile } = disk();
  const because = 'cannot be read: its file system has not responded within 0.02 s';
  expect(await new SecretFileReader(SHORT_MS, readFile).read('/gone/a')).toEqual({ ...late, because });
});

test('a secret read uses one thread for a path, however often it is read', async () => {
  const { begun, readFile, answer } = disk();
  const reads = new SecretFileReader(SHORT_MS, readFile);
  for (let i = 0; i < 5; i++) expect(await reads.read('/gone/a')).toMatchObject(late);
  expect(begun).toEqual(['/gone/a']);
  const other = reads.read('/here/b');
  answer('/here/b', 'b');
  expect(await other).toEqual({ ok: true, text: 'b' });
});

test('secret reads use two threads for all paths, also when all are read at once; then refuses at once', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { begun, readFile, answer } = disk();
  const reads = new SecretFileReader(LONG_MS, readFile);
  const asked = Promise.all(['/gone/a', '/gone/b', '/gone/c', '/gone/d'].map((path) => reads.read(path)));
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(await asked).toMatchObject([late, late, late, late]);
  expect(begun).toEqual(['/gone/a', '/gone/b']);
  const because = 'is not read while /gone/a and /gone/b do not respond';
  expect(await reads.read('/here/e')).toEqual({ ...late, because });

  // One responds again: new reads come after those that waited.
  answer('/gone/a', 'a');
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual(['/gone/a', '/gone/b', '/gone/c']);
  const later = reads.read('/here/e');
  for (const path of ['/gone/c', '/gone/d', '/here/e']) {
    answer(path, path);
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(await later).toEqual({ ok: true, text: '/here/e' });
});

test('while no read is overdue, further reads wait for a thread', async () => {
  const { begun, readFile, answer } = disk();
  const reads = new SecretFileReader(LONG_MS, readFile);
  const all = Promise.all(['/a', '/b', '/c'].map((path) => reads.read(path)));
  expect(begun).toEqual(['/a', '/b']);
  answer('/b', 'b');
  await expect.poll(() => begun).toEqual(['/a', '/b', '/c']);
  answer('/a', 'a');
  answer('/c', 'c');
  expect((await all).map((file) => file.ok && file.text)).toEqual(['a', 'b', 'c']);
});

test('a read that began earlier is not shared: its file may have been written since', async () => {
  const { begun, readFile, answer } = disk();
  const reads = new SecretFileReader(LONG_MS, readFile);
  const first = reads.read('/a');
  const [second, third] = [reads.read('/a'), reads.read('/a')];
  answer('/a', 'old');
  expect(await first).toEqual({ ok: true, text: 'old' });
  await expect.poll(() => begun).toHaveLength(2);
  answer('/a', 'new');
  expect(await Promise.all([second, third])).toEqual([
    { ok: true, text: 'new' },
    { ok: true, text: 'new' },
  ]);
  expect(begun).toHaveLength(2);
});
