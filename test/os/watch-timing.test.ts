// What the file watch reports and when: bursts, slow saves, neighbours, a close, and a machine without events.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { watchFiles } from '../../src/os/watch/watch-files.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';
import { place, settledOn, start } from './watching.ts';

const watchesWithoutEvents = bundle('watches-without-events');

describe('the watch reports', () => {
  test('a first event at once, the change after the settle time, one for a burst', async () => {
    const { seen } = await start([place.path], { settleMs: 200 }); // so long that a busy machine does not break the burst
    const began = performance.now();
    for (let part = 1; part <= 20; part++) {
      writeFileSync(place.path, 'x'.repeat(part));
      await sleep(15);
    }
    expect(seen).toMatchObject({ firsts: 1, changes: 0 });
    await settledOn(seen, 'x'.repeat(20));
    expect(seen.changes).toBe(1);
    expect(performance.now() - began).toBeGreaterThan(450);
  });

  test('a change within 250 ms of a save', async () => {
    const { seen } = await start([place.path]);
    const began = performance.now();
    writeFileSync(place.path, 'now');
    await settledOn(seen, 'now');
    expect(performance.now() - began).toBeLessThan(250);
  });

  test('nothing when neighbours change, or the file is only read', async () => {
    const { seen } = await start([place.path]);
    for (let round = 0; round < 10; round++) {
      writeFileSync(join(dirname(place.path), `neighbour-${round % 3}`), String(round));
      readFileSync(place.path);
    }
    await holdsFor(
      'quiet',
      () => seen,
      ({ changes, firsts }) => changes === 0 && firsts === 0,
      200,
    );
  });

  test('without events: nothing before a save in progress has ended', async () => {
    const { seen } = await start([place.path], { pollMs: 40, settleMs: 200 });
    for (let part = 1; part <= 20; part++) {
      writeFileSync(place.path, 'x'.repeat(part));
      await sleep(20);
    }
    await settledOn(seen, 'x'.repeat(20));
    expect(seen.texts).toEqual(['x'.repeat(20)]);
  });

  test('the new places after an update, not the old ones', async () => {
    const other = join(place.directory, 'other.yaml');
    writeFileSync(other, 'other');
    const { watch, seen } = await start([place.path]);
    watch.update([other]);
    await waitFor(
      'stands on the new place',
      () => seen.changes,
      (changes) => changes === 1,
    );
    writeFileSync(place.path, 'not watched');
    await holdsFor(
      'quiet',
      () => seen.changes,
      (changes) => changes === 1,
      150,
    );
    writeFileSync(other, 'changed');
    await waitFor(
      'sees the other',
      () => seen.changes,
      (changes) => changes === 2,
    );
  });

  test('nothing after the close, even right after the start', async () => {
    const { watch, seen } = await start([place.path]);
    writeFileSync(place.path, 'too late');
    await watch.close();
    const second = watchFiles([place.path], () => seen.changes++, {});
    await second.close();
    await holdsFor(
      'quiet',
      () => seen.changes,
      (changes) => changes === 0,
      150,
    );
  });
});

const limits = ['max_inotify_instances', 'max_inotify_watches'] as const;
const mayLimit = limits.every((limit) => {
  try {
    execFileSync('unshare', ['-Ur', 'sh', '-c', `echo 0 > /proc/sys/user/${limit}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // no user namespaces here
  }
});

test.skipIf(!mayLimit).each([
  ['max_inotify_instances', /^no inotify instances left .*; polling the files instead$/m],
  ['max_inotify_watches', /^no inotify watches left .*; polling the files instead$/m],
])('without any %s left it polls, and reports it', async (limit, why) => {
  const line = `echo 0 > /proc/sys/user/${limit} && exec "$0" "$@"`;
  const child = spawn('unshare', ['-Ur', 'sh', '-c', line, process.execPath, watchesWithoutEvents, place.path]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const ended = once(child, 'close');
  try {
    await waitFor(
      'degraded',
      () => text,
      (said) => said.includes('\n'),
    );
    expect(text).toMatch(why);
    writeFileSync(place.path, 'changed');
    await waitFor(
      'seen',
      () => text,
      (said) => said.includes('seen'),
    );
  } finally {
    child.kill();
    await ended;
  }
});
