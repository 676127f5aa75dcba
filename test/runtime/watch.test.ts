// The file watch: every way in which editors, git, Kubernetes and scripts save a file, and what must not wake it.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FileWatch, type WatchOptions, watchFiles } from '../../src/runtime/watch.ts';
import { watchPoints } from '../../src/runtime/watch-points.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { bundle } from './bundle.ts';

const watchesWithoutEvents = bundle('watches-without-events');

let directory: string;
let path: string;
const open: FileWatch[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orch-watch-'));
  path = join(directory, 'project', 'procs.yaml');
  mkdirSync(dirname(path));
  writeFileSync(path, 'version 0');
});
afterEach(async () => {
  for (const watch of open.splice(0)) await watch.close();
  rmSync(directory, { recursive: true });
});

/** A watch that stands: what it says about its own setting up is over. */
async function start(paths: string[], options: WatchOptions = {}) {
  const seen = { changes: 0, firsts: 0, texts: [] as (string | null)[], degraded: [] as string[] };
  const watch = watchFiles(
    paths,
    () => {
      seen.changes++;
      seen.texts.push(read(paths[0] as string));
    },
    {
      pollMs: 60_000, // else the safety net would hide what the events miss
      onFirstEvent: () => seen.firsts++,
      onDegraded: (why) => seen.degraded.push(why),
      ...options,
    },
  );
  open.push(watch);
  await waitFor(
    'the watch stands',
    () => seen.changes,
    (changes) => changes > 0,
  );
  await sleep(20);
  Object.assign(seen, { changes: 0, firsts: 0, texts: [] });
  return { watch, seen };
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // not there now
  }
}

const settledOn = (seen: { texts: (string | null)[] }, text: string | null) =>
  waitFor(
    `sees ${text}`,
    () => seen.texts.at(-1),
    (last) => last === text,
    3000,
  );

/** Each leaves `text` at the path. */
const saves: [name: string, save: (text: string) => void | Promise<void>][] = [
  ['a plain write', (text) => writeFileSync(path, text)],
  [
    'truncate, then write',
    async (text) => {
      truncateSync(path);
      await sleep(30);
      appendFileSync(path, text);
    },
  ],
  [
    'an atomic rename',
    (text) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    },
  ],
  [
    'vim: the old one becomes a backup, a new one is written',
    (text) => {
      renameSync(path, `${path}~`);
      writeFileSync(path, text);
      unlinkSync(`${path}~`);
    },
  ],
  [
    'emacs: backup by copy, auto-save file, write in place',
    (text) => {
      writeFileSync(join(dirname(path), '#procs.yaml#'), text);
      writeFileSync(`${path}~`, readFileSync(path));
      writeFileSync(path, text);
      unlinkSync(join(dirname(path), '#procs.yaml#'));
    },
  ],
  [
    'removal and return',
    async (text) => {
      unlinkSync(path);
      await sleep(120);
      writeFileSync(path, text);
    },
  ],
  [
    'a directory that is replaced as a whole',
    async (text) => {
      renameSync(dirname(path), join(directory, `before ${text}`));
      await sleep(30);
      mkdirSync(dirname(path));
      writeFileSync(path, text);
    },
  ],
  [
    'a directory that goes away and comes back',
    async (text) => {
      renameSync(dirname(path), join(directory, 'away'));
      await sleep(120);
      writeFileSync(join(directory, 'away', 'procs.yaml'), text);
      renameSync(join(directory, 'away'), dirname(path));
    },
  ],
];

describe('a save by', () => {
  test.each(saves)('%s is seen, again and again', async (_name, save) => {
    const { seen } = await start([path], { pollMs: 2000 });
    for (const text of ['version 1', 'version 2', 'version 3']) {
      await save(text);
      await settledOn(seen, text);
    }
  });

  test.each(saves.slice(0, 6))('%s is seen by events alone', async (_name, save) => {
    const { seen } = await start([path]);
    for (const text of ['version 1', 'version 2']) {
      await save(text);
      await settledOn(seen, text);
    }
  });

  test.each(saves)('%s is seen where there are no events', async (_name, save) => {
    const { seen } = await start([path], { pollMs: 60 });
    await save('version 1');
    await settledOn(seen, 'version 1');
  });

  test('git, between branches at any speed, ends on the last', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
        cwd: dirname(path),
        stdio: 'pipe',
      });
    git('init', '-q', '-b', 'main');
    for (const branch of ['one', 'two', 'three']) {
      git('checkout', '-q', '-b', branch);
      writeFileSync(path, `branch ${branch}`);
      git('add', '.');
      git('commit', '-q', '-m', branch);
    }
    const { seen } = await start([path]);
    for (let round = 0; round < 30; round++) {
      git('checkout', '-q', ['one', 'two', 'three'][round % 3] as string);
      await sleep((round * 7) % 20);
    }
    git('checkout', '-q', 'two');
    await settledOn(seen, 'branch two');
  });
});

describe('a link', () => {
  test('of a Kubernetes volume: `..data` is swapped, twice', async () => {
    const volume = join(directory, 'volume');
    const publish = (name: string, text: string) => {
      mkdirSync(join(volume, name));
      writeFileSync(join(volume, name, 'procs.yaml'), text);
      utimesSync(join(volume, name, 'procs.yaml'), 1, 1);
      symlinkSync(name, join(volume, '..data_tmp'));
      renameSync(join(volume, '..data_tmp'), join(volume, '..data'));
    };
    mkdirSync(volume);
    publish('..2026_01', 'first');
    symlinkSync(join('..data', 'procs.yaml'), join(volume, 'procs.yaml'));
    const { seen } = await start([join(volume, 'procs.yaml')]);
    publish('..2026_02', 'second');
    await settledOn(seen, 'second');
    rmSync(join(volume, '..2026_01'), { recursive: true });
    publish('..2026_03', 'third');
    await settledOn(seen, 'third');
    writeFileSync(join(volume, '..2026_03', 'procs.yaml'), 'in place');
    await settledOn(seen, 'in place');
  });

  test('is followed into another directory, and to another target', async () => {
    const [here, there] = [join(directory, 'here'), join(directory, 'there')];
    for (const place of [here, there]) mkdirSync(place);
    writeFileSync(join(here, 'a.yaml'), 'here');
    writeFileSync(join(there, 'b.yaml'), 'there');
    const link = join(dirname(path), 'link.yaml');
    symlinkSync(join(here, 'a.yaml'), link);
    const { seen } = await start([link]);
    writeFileSync(join(here, 'a.yaml'), 'here, changed');
    await settledOn(seen, 'here, changed');
    unlinkSync(link);
    symlinkSync(join(there, 'b.yaml'), link);
    await settledOn(seen, 'there');
    writeFileSync(join(there, 'b.yaml'), 'there, changed');
    await settledOn(seen, 'there, changed');
  });

  test('to itself ends somewhere', () => {
    symlinkSync(join(directory, 'loop'), join(directory, 'loop'));
    expect([...watchPoints([join(directory, 'loop', 'x')]).keys()]).toEqual([directory]);
  });
});

describe('a path that does not exist', () => {
  test('is seen when it appears, its directories too', async () => {
    const later = join(directory, 'not', 'yet', 'there.yaml');
    const { seen } = await start([later]);
    mkdirSync(join(directory, 'not'));
    await sleep(120);
    mkdirSync(join(directory, 'not', 'yet'));
    await sleep(120);
    writeFileSync(later, 'here I am');
    await settledOn(seen, 'here I am');
  });
});

describe('what is told', () => {
  test('a first event at once, the change once all is quiet, one for a burst', async () => {
    const { seen } = await start([path], { settleMs: 200 }); // so long that a busy machine does not break the burst
    const began = performance.now();
    for (let part = 1; part <= 20; part++) {
      writeFileSync(path, 'x'.repeat(part));
      await sleep(15);
    }
    expect(seen).toMatchObject({ firsts: 1, changes: 0 });
    await settledOn(seen, 'x'.repeat(20));
    expect(seen.changes).toBe(1);
    expect(performance.now() - began).toBeGreaterThan(450);
  });

  test('a change within 250 ms of a save', async () => {
    const { seen } = await start([path]);
    const began = performance.now();
    writeFileSync(path, 'now');
    await settledOn(seen, 'now');
    expect(performance.now() - began).toBeLessThan(250);
  });

  test('nothing when neighbours change, or the file is only read', async () => {
    const { seen } = await start([path]);
    for (let round = 0; round < 10; round++) {
      writeFileSync(join(dirname(path), `neighbour-${round % 3}`), String(round));
      readFileSync(path);
    }
    await holdsFor(
      'quiet',
      () => seen,
      ({ changes, firsts }) => changes === 0 && firsts === 0,
      200,
    );
  });

  test('without events: nothing before a save that goes on has ended', async () => {
    const { seen } = await start([path], { pollMs: 40, settleMs: 200 });
    for (let part = 1; part <= 20; part++) {
      writeFileSync(path, 'x'.repeat(part));
      await sleep(20);
    }
    await settledOn(seen, 'x'.repeat(20));
    expect(seen.texts).toEqual(['x'.repeat(20)]);
  });

  test('the new places after an update, not the old ones', async () => {
    const other = join(directory, 'other.yaml');
    writeFileSync(other, 'other');
    const { watch, seen } = await start([path]);
    watch.update([other]);
    await waitFor(
      'stands on the new place',
      () => seen.changes,
      (changes) => changes === 1,
    );
    writeFileSync(path, 'nobody looks');
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
    const { watch, seen } = await start([path]);
    writeFileSync(path, 'too late');
    await watch.close();
    const second = watchFiles([path], () => seen.changes++, {});
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
])('without any %s left it polls, and says so', async (limit, why) => {
  const line = `echo 0 > /proc/sys/user/${limit} && exec "$0" "$@"`;
  const child = spawn('unshare', ['-Ur', 'sh', '-c', line, process.execPath, watchesWithoutEvents, path]);
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
    writeFileSync(path, 'changed');
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
