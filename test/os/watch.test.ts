// The file watch: every way in which editors, git, Kubernetes and scripts save a file.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { watchPoints } from '../../src/os/watch/watch-points.ts';
import { git as gitIn } from '../rig/git.ts';
import { waitFor } from '../rig/wait-for.ts';
import { place, settledOn, start } from './watching.ts';

/** Each leaves `text` at the path. */
const saves: [name: string, save: (text: string) => void | Promise<void>][] = [
  ['a plain write', (text) => writeFileSync(place.path, text)],
  [
    'truncate, then write',
    async (text) => {
      truncateSync(place.path);
      await sleep(30);
      appendFileSync(place.path, text);
    },
  ],
  [
    'an atomic rename',
    (text) => {
      writeFileSync(`${place.path}.new`, text);
      renameSync(`${place.path}.new`, place.path);
    },
  ],
  [
    'vim: the old one becomes a backup, a new one is written',
    (text) => {
      renameSync(place.path, `${place.path}~`);
      writeFileSync(place.path, text);
      unlinkSync(`${place.path}~`);
    },
  ],
  [
    'emacs: backup by copy, auto-save file, write in place',
    (text) => {
      writeFileSync(join(dirname(place.path), '#procs.yaml#'), text);
      writeFileSync(`${place.path}~`, readFileSync(place.path));
      writeFileSync(place.path, text);
      unlinkSync(join(dirname(place.path), '#procs.yaml#'));
    },
  ],
  [
    'removal and return',
    async (text) => {
      unlinkSync(place.path);
      await sleep(120);
      writeFileSync(place.path, text);
    },
  ],
  [
    'a directory that is replaced as a whole',
    async (text) => {
      renameSync(dirname(place.path), join(place.directory, `before ${text}`));
      await sleep(30);
      mkdirSync(dirname(place.path));
      writeFileSync(place.path, text);
    },
  ],
  [
    'a directory that goes away and comes back',
    async (text) => {
      renameSync(dirname(place.path), join(place.directory, 'away'));
      await sleep(120);
      writeFileSync(join(place.directory, 'away', 'procs.yaml'), text);
      renameSync(join(place.directory, 'away'), dirname(place.path));
    },
  ],
];

describe('a save by', () => {
  test.each(saves)('%s is seen, again and again', async (_name, save) => {
    const { seen } = await start([place.path], { pollMs: 2000 });
    for (const text of ['version 1', 'version 2', 'version 3']) {
      await save(text);
      await settledOn(seen, text);
    }
  });

  test.each(saves.slice(0, 6))('%s is seen by events alone', async (_name, save) => {
    const { seen } = await start([place.path]);
    for (const text of ['version 1', 'version 2']) {
      await save(text);
      await settledOn(seen, text);
    }
  });

  test.each(saves)('%s is seen without events', async (_name, save) => {
    const { seen } = await start([place.path], { pollMs: 60 });
    await save('version 1');
    await settledOn(seen, 'version 1');
  });

  test('git, between branches at any speed, ends on the last', async () => {
    const git = (...args: string[]) => gitIn(dirname(place.path), ...args);
    git('init', '-q', '-b', 'main');
    for (const branch of ['one', 'two', 'three']) {
      git('checkout', '-q', '-b', branch);
      writeFileSync(place.path, `branch ${branch}`);
      git('add', '.');
      git('commit', '-q', '-m', branch);
    }
    const { seen } = await start([place.path]);
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
    const volume = join(place.directory, 'volume');
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

  test('is followed into another place.directory, and to another target', async () => {
    const [here, there] = [join(place.directory, 'here'), join(place.directory, 'there')];
    for (const folder of [here, there]) mkdirSync(folder);
    writeFileSync(join(here, 'a.yaml'), 'here');
    writeFileSync(join(there, 'b.yaml'), 'there');
    const link = join(dirname(place.path), 'link.yaml');
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

  test('to itself does not loop forever', () => {
    symlinkSync(join(place.directory, 'loop'), join(place.directory, 'loop'));
    expect([...watchPoints([join(place.directory, 'loop', 'x')]).keys()]).toEqual([place.directory]);
  });
});

describe('a directory', () => {
  test('with a / at the end reports new and removed entries, also when it is created later, and through a link', async () => {
    const real = join(place.directory, 'real');
    const link = join(place.directory, 'services');
    const { seen } = await start([place.path, `${link}/`]);
    const changes = (count: number) =>
      waitFor(
        `${count} changes`,
        () => seen.changes,
        (reported) => reported >= count,
      );
    mkdirSync(real);
    symlinkSync(real, link);
    await changes(1);
    // The watch of the new directory checks once more when it stands.
    await changes(2);
    const before = seen.changes;
    mkdirSync(join(real, 'api'));
    await changes(before + 1);
    rmSync(join(real, 'api'), { recursive: true });
    await changes(before + 2);
  });
});

describe('a path that does not exist', () => {
  test('is seen when it appears, its directories too', async () => {
    const later = join(place.directory, 'not', 'yet', 'there.yaml');
    const { seen } = await start([later]);
    mkdirSync(join(place.directory, 'not'));
    await sleep(120);
    mkdirSync(join(place.directory, 'not', 'yet'));
    await sleep(120);
    writeFileSync(later, 'here I am');
    await settledOn(seen, 'here I am');
  });
});
