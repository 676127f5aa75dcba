// What the guard of `.orch/` does about what it finds: once, and again until it has worked.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ProjectPaths, projectPaths } from '../../src/api/paths.ts';
import { ensureStateDir } from '../../src/os/private-dir.ts';
import { guardStateDir, type StateDirGuardOptions } from '../../src/supervisor/adoption/state-dir-guard.ts';

/** @returns what was done, in order; `isDisplaced` and `mayListen` are what the world is like. */
function guarded() {
  const root = mkdtempSync(join(tmpdir(), 'orch-guard-'));
  const paths: ProjectPaths = projectPaths(root);
  ensureStateDir(paths);
  writeFileSync(paths.socket, '');
  const world = { isDisplaced: false, mayListen: true, paths, done: [] as string[] };
  const listenAgain = async (): Promise<void> => {
    if (!world.mayListen) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    writeFileSync(paths.socket, '');
    world.done.push('listens');
  };
  const restore = async (): Promise<boolean> => {
    world.done.push('locks');
    world.isDisplaced = false;
    return true;
  };
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const end = guardStateDir({
    paths,
    lock: {
      isDisplaced: () => world.isDisplaced,
      isTakenOver: () => false,
      isRedirected: () => false,
      restore,
    } as unknown as StateDirGuardOptions['lock'],
    followLink: () => Promise.resolve(),
    listenAgain,
    onRestored: () => void world.done.push('saves'),
    onTakenOver: () => void world.done.push('leaves'),
    journal: { report: ({ type }) => void world.done.push(type) },
  });
  onTestFinished(() => {
    end();
    vi.useRealTimers();
    rmSync(root, { recursive: true });
  });
  return world;
}

const look = () => vi.advanceTimersByTimeAsync(1_000);

test('the guard does nothing if everything is in place', async () => {
  const world = guarded();
  await look();
  expect(world.done).toEqual([]);
});

test('a socket that is gone is recreated, with its directory', async () => {
  const world = guarded();
  rmSync(world.paths.socketDir, { recursive: true });
  await look();
  await look();
  expect(world.done).toEqual(['listens', 'saves', 'state_dir_restored']);
});

test('the guard retries until it can listen, and reports the failure once', async () => {
  const world = guarded();
  world.isDisplaced = true;
  world.mayListen = false;
  for (let looks = 0; looks < 3; looks++) await look();
  expect(world.done).toEqual(['locks', 'state_dir_lost']);
  world.mayListen = true;
  await look();
  await look();
  expect(world.done.slice(2)).toEqual(['listens', 'saves', 'state_dir_restored']);
});
