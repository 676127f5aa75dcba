// Following real configuration files: another reader may have read older content than the files have.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { AcceptedConfig, LoadResult, WatchedFile } from '../../src/core/load-result.ts';
import type { ConfigLoader } from '../../src/supervisor/config/child-loader.ts';
import { ConfigFollower } from '../../src/supervisor/config/config-follower.ts';
import { config, spec } from '../core/fixtures.ts';
import { waitFor } from '../rig/wait-for.ts';

const directory = mkdtempSync(join(tmpdir(), 'orch-follower-'));
const path = join(directory, 'procs.yaml');
let follower: ConfigFollower | null = null;
afterEach(async () => {
  await follower?.close();
  follower = null;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** How often it was read, and the next time that it is. */
function following(text: string) {
  writeFileSync(path, text);
  let tell: () => void = () => undefined;
  const load = async (): Promise<LoadResult> => {
    const watched = [{ path, contentHash: hashOf(readFileSync(path)) }];
    return { ok: true, accepted: { config: config(spec('api')), files: [path], watched, warnings: [] } };
  };
  const loader: ConfigLoader = { load, warmUp: () => undefined, close: async () => undefined };
  follower = new ConfigFollower({
    loader,
    watched: [{ path, contentHash: hashOf(text) }],
    onLoaded: () => tell(),
    onDegraded: () => undefined,
  });
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      tell = resolve;
    });
  return { follower, next };
}

const hashOf = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

test('files that a client read before they were edited are read again', async () => {
  const { follower, next } = following('older');
  const edited = next();
  writeFileSync(path, 'newer');
  await edited;
  const again = next();
  const older: WatchedFile[] = [{ path, contentHash: hashOf('older') }];
  follower.follow(older);
  await again;
});

test('files that are still being read when a client applies others are not applied after them', async () => {
  const other = join(directory, 'other.yaml');
  writeFileSync(path, 'dev');
  writeFileSync(other, 'prod');
  let current = path;
  const pending: (() => void)[] = [];
  const read = (file: string): AcceptedConfig => {
    const watched = [{ path: file, contentHash: hashOf(readFileSync(file)) }];
    return { config: config(spec('api')), files: [file], watched, warnings: [] };
  };
  /** Of the file that counts when it begins, as in the supervisor; ends when the test says so. */
  const load = (): Promise<LoadResult> => {
    const accepted = read(current);
    return new Promise((resolve) => pending.push(() => resolve({ ok: true, accepted })));
  };
  const applied: string[] = [];
  follower = new ConfigFollower({
    loader: { load, warmUp: () => undefined, close: async () => undefined },
    watched: read(path).watched,
    onLoaded: (result) => applied.push(...(result.ok ? result.accepted.files : ['rejected'])),
    onDegraded: () => undefined,
  });
  const reloaded = follower.reload();
  current = other;
  follower.follow(read(other).watched);
  pending.shift()!();
  const again = await waitFor(
    'it is read again',
    () => pending.shift(),
    (next) => next !== undefined,
  );
  expect(applied).toEqual([]);
  again!();
  expect(await reloaded).toMatchObject({ ok: true, accepted: { files: [other] } });
  expect(applied).toEqual([other]);
});

test('a directory whose matching names are watched is read again for a new match, not for another name', async () => {
  const parts = mkdtempSync(join(directory, 'parts-'));
  writeFileSync(join(parts, 'a.yaml'), '');
  const watched: WatchedFile[] = [{ path: parts, names: '*.yaml', contentHash: 'a.yaml' }];
  let reads = 0;
  const load = async (): Promise<LoadResult> => {
    reads++;
    return { ok: true, accepted: { config: config(spec('api')), files: [], watched, warnings: [] } };
  };
  follower = new ConfigFollower({
    loader: { load, warmUp: () => undefined, close: async () => undefined },
    watched,
    onLoaded: () => undefined,
    onDegraded: () => undefined,
  });
  await follower.catchUp();
  expect(reads).toBe(0);
  writeFileSync(join(parts, 'notes.txt'), '');
  await follower.catchUp();
  expect(reads).toBe(0);
  writeFileSync(join(parts, 'b.yaml'), '');
  await follower.catchUp();
  expect(reads).toBeGreaterThan(0);
});
