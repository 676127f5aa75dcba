// A full disk, recycled pids and a process 1 that never reaps, each in its own namespaces. TRUST_REUSES=10000 for the figures.
import { expect, test } from 'vitest';
import { posixSpawn } from '../../src/os/spawn/posix-spawn.ts';
import { mayUnshare, runInside } from './namespaces.ts';

test.skipIf(!mayUnshare)('a full disk stops no instance and duplicates none', { timeout: 120_000 }, () => {
  expect(runInside('full-disk', {}, 110_000)).toEqual({
    told: true,
    upStatus: 0,
    restarted: [],
    ended: [],
    kept: true,
    startedUnclaimed: false,
    names: ['a.1', 'a.2', 'a.3', 'b.1', 's.1'],
    left: [],
  });
});

test.skipIf(!mayUnshare)('orch never signals another process with a recycled pid', { timeout: 7_200_000 }, () => {
  const reuses = Number(process.env.TRUST_REUSES ?? 80);
  const { reused, harmed } = runInside('recycled-pids', { reuses }, 7_000_000) as { reused: number; harmed: number };
  if (process.env.TRUST_REUSES) process.stdout.write(`${reused} pids reused, ${harmed} strangers harmed\n`);
  expect(harmed).toBe(0);
  expect(reused).toBeGreaterThanOrEqual(reuses);
});

test.skipIf(!mayUnshare || !posixSpawn())(
  'orphans do not stay as zombies where process 1 never reaps',
  { timeout: 60_000 },
  () => {
    const exits = [{ code: 3 }, { code: 4 }];
    expect(runInside('orphans', {}, 50_000, [])).toEqual({ adopted: true, exits, left: 0 });
  },
);
