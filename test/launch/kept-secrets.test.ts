// What a program printed is read once for the commands of an instance that run often, and again at each start.
import { expect, test } from 'vitest';
import { KeptSecrets } from '../../src/launch/kept-secrets.ts';

function setUp() {
  const clock = { nowMs: 0 };
  const kept = new KeptSecrets(() => clock.nowMs);
  let reads = 0;
  const read = (ok = true) => {
    return async () => {
      reads++;
      return ok ? { ok: true as const, text: `v${reads}` } : { ok: false as const, errno: 'EIO', because: 'x' };
    };
  };
  return { clock, kept, read, reads: () => reads };
}

test('a kept value is used until the next start reads again, or another source is declared', async () => {
  const { kept, read, reads } = setUp();
  await kept.read('api.1 KEY', 'op', read());
  expect(await kept.getOrRead('api.1 KEY', 'op', read())).toEqual({ ok: true, text: 'v1' });
  await kept.read('api.1 KEY', 'op', read());
  expect(await kept.getOrRead('api.1 KEY', 'op', read())).toEqual({ ok: true, text: 'v2' });
  expect(await kept.getOrRead('api.1 KEY', 'sops', read())).toEqual({ ok: true, text: 'v3' });
  expect(await kept.getOrRead('api.2 KEY', 'sops', read())).toEqual({ ok: true, text: 'v4' });
  expect(reads()).toBe(4);
});

test('reads at the same time are one; a failure is repeated only a while later', async () => {
  const { clock, kept, read, reads } = setUp();
  const both = [kept.getOrRead('a', 'x', read(false)), kept.getOrRead('a', 'x', read(false))];
  expect((await Promise.all(both)).map(({ ok }) => ok)).toEqual([false, false]);
  clock.nowMs = 29_999;
  expect((await kept.getOrRead('a', 'x', read())).ok).toBe(false);
  clock.nowMs = 30_000;
  expect((await kept.getOrRead('a', 'x', read())).ok).toBe(true);
  expect(reads()).toBe(2);
});

test('a read that fails does not replace a value that is known, unless it is of another source', async () => {
  const { kept, read } = setUp();
  await kept.read('a', 'x', read());
  expect((await kept.read('a', 'x', read(false))).ok).toBe(false);
  expect(await kept.getOrRead('a', 'x', read())).toEqual({ ok: true, text: 'v1' });
  expect((await kept.read('a', 'y', read(false))).ok).toBe(false);
  expect((await kept.getOrRead('a', 'y', read())).ok).toBe(false);
});
