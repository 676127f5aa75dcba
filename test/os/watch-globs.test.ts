// The watch of globs: what globs mean, links, and a system that reports no changes. The system can be replaced.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import picomatch from 'picomatch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { globFilter } from '../../src/os/watch/glob-filter.ts';
import { type GlobWatch, type WatchSystem, watchGlobs } from '../../src/os/watch/watch-globs.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

let root = '';
const open: GlobWatch[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orch-globs-'));
});
afterEach(async () => {
  for (const watch of open.splice(0)) await watch.close();
  rmSync(root, { recursive: true });
});

function write(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}

async function start(paths: string[], system: Partial<WatchSystem> = {}) {
  const seen: string[] = [];
  const failures: string[] = [];
  const onChange = (path: string) => void seen.push(path);
  const onFailure = (why: string) => void failures.push(why);
  const watch = watchGlobs(root, { paths, ignore: [], excluded: [], onChange, onFailure, system });
  open.push(watch);
  await watch.ready;
  return { seen, failures };
}

const sees = (seen: string[], name: string) =>
  waitFor(
    `sees ${name}`,
    () => seen,
    (names) => names.includes(name),
  );

describe('a glob', () => {
  test.each([
    ['src', ['src', 'src/a', 'src/a/b'], ['srcs', 'lib/src']],
    ['./src/', ['src/a', 'src/a/b'], ['a']],
    ['.', ['a', 'a/b'], ['../a']],
    ['..', ['a', '../a/b'], []],
    ['src/*', ['src/a'], ['src/a/b']],
    ['src/*/', ['src/a/b', 'src/a/b/c'], ['src']],
    ['*.js', ['a.js'], ['src/a.js', 'a.ts']],
    ['**/*.js', ['a.js', 'src/b/a.js', '.hidden/a.js'], ['a.ts']],
    ['packages/*/src', ['packages/a/src/x/y'], ['packages/src/x', 'packages/a/b']],
    ['src/../lib/**', ['lib/a', 'lib/a/b'], ['src/a']],
    ['../lib/**/*.js', ['../lib/a/b.js'], ['lib/a.js']],
    ['src/{a,b}', ['src/a', 'src/b/c'], ['src/c']],
    ['/root dir/[x]/**', ['/root dir/x/a', '/root dir/[x]/a'], ['/root dir/y/a']],
    ['/root dir/\\[x\\]/**', ['/root dir/[x]/a'], ['/root dir/x/a']],
  ])('%s matches %j, but not %j', (glob, matching, others) => {
    const { bases } = globFilter('/project', { paths: [glob], ignore: [], excluded: [] }, picomatch);
    const absolute = (name: string) => (name.startsWith('/') ? name : join('/project', name));
    const isMatch = (name: string) =>
      bases.some(
        ({ path, isMatch }) => join(absolute(name), '/').startsWith(join(path, '/')) && isMatch(absolute(name)),
      );
    expect(matching.filter((name) => !isMatch(name))).toEqual([]);
    expect(others.filter(isMatch)).toEqual([]);
  });

  test('of directories is not searched deeper than it can match', () => {
    const depths = (glob: string) =>
      globFilter('/project', { paths: [glob], ignore: [], excluded: [] }, picomatch).bases.map((base) => base.maxDepth);
    expect(['*.js', 'a/*/b.js', 'src'].map(depths)).toEqual([
      [1],
      [Number.POSITIVE_INFINITY],
      [Number.POSITIVE_INFINITY],
    ]);
  });
});

test('an ignored name, and what orch writes, never counts', () => {
  const options = { paths: ['.'], ignore: ['gen', 'tmp/*.x'], excluded: ['/project/all.log', '/state'] };
  const { isIgnored } = globFilter('/project', options, picomatch);
  const ignored = ['gen', 'gen/a', 'tmp/a.x', 'node_modules', 'a/.git', 'all.log', 'all.log.20260131T140500123Z.gz'];
  expect(ignored.filter((name) => !isIgnored(join('/project', name)))).toEqual([]);
  expect(['a', 'tmp/a.y', 'all.logs', 'generated'].filter((name) => isIgnored(join('/project', name)))).toEqual([]);
});

test('links in circles and out of the project end, and each edit is reported once', async () => {
  for (const name of ['src/a', 'one/b', 'two/c']) write(name, '0');
  symlinkSync('../one', join(root, 'src/one'));
  symlinkSync('../two', join(root, 'one/two'));
  symlinkSync('../one', join(root, 'two/one'));
  symlinkSync('/', join(root, 'two/root'));
  symlinkSync('self', join(root, 'src/self'));
  const { seen, failures } = await start(['src']);
  write('two/c', '1');
  await sees(seen, 'src/one/two/c');
  write('one/b', '1');
  await sees(seen, 'src/one/b');
  const only = ['src/one/two/c', 'src/one/b'];
  await holdsFor(
    'nothing else',
    () => seen,
    (names) => names.every((name) => only.includes(name)),
    150,
  );
  expect(failures).toEqual([]);
});

test('a directory that is swapped for another is watched in its place', async () => {
  write('src/deep/a', '0');
  write('next/deep/a', 'other');
  const { seen } = await start(['src/**']);
  renameSync(join(root, 'src'), join(root, 'before'));
  renameSync(join(root, 'next'), join(root, 'src'));
  await sees(seen, 'src/deep/a');
  seen.length = 0;
  write('before/deep/a', '1');
  await holdsFor(
    'the old one does not count',
    () => seen.length,
    (count) => count === 0,
    150,
  );
  write('src/deep/a', '1');
  await sees(seen, 'src/deep/a');
});

describe('a system that reports no changes', () => {
  const noWatches = (after: number): WatchSystem['watch'] => {
    let left = after;
    return () => {
      if (left-- <= 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return { on: () => undefined, close: () => undefined } as never;
    };
  };

  test.each([0, 1, 7])('after %i watches is polled, and that is said once', async (after) => {
    for (let n = 0; n < 20; n++) write(`src/d${n}/a`, '0');
    symlinkSync('../d1', join(root, 'src/d0/link'));
    const { seen, failures } = await start(['src'], { watch: noWatches(after), pollMs: 20 });
    await holdsFor(
      'quiet',
      () => seen.length,
      (count) => count === 0,
      100,
    );
    write('src/d3/a', '1');
    await sees(seen, 'src/d3/a');
    write('src/d1/a', '1');
    await sees(seen, 'src/d0/link/a');
    rmSync(join(root, 'src/d5'), { recursive: true });
    await sees(seen, 'src/d5/a');
    write('src/new/b', '0');
    await sees(seen, 'src/new/b');
    expect(failures).toEqual([
      'no inotify watches left (raise fs.inotify.max_user_watches); polling its files instead',
    ]);
  });

  test('a network file system is polled from the start', async () => {
    write('src/a', '0');
    const { seen, failures } = await start(['src/**', 'src/later/**'], {
      fileSystemOf: async () => 0x6969,
      pollMs: 20,
    });
    write('src/a', '1');
    await sees(seen, 'src/a');
    const reason = `${join(root, 'src')} is on a file system (NFS) that may report no changes`;
    expect(failures).toEqual([`${reason}; polling its files instead`]);
  });
});
