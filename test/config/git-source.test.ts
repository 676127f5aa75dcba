// Configurations as commits have them, for `orch plan A..B`.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isGitProblem, openGitSource } from '../../src/config/files/git-source.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { git as gitIn } from '../rig/git.ts';

let directory = '';
beforeEach(async () => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'orch-git-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
const git = (...args: string[]) => gitIn(directory, ...args);
const commit = (message: string) => {
  git('add', '-A');
  git('commit', '-qm', message);
};

async function loadAt(ref: string, env: string | null = null, file = 'app/procs.yaml') {
  const path = join(directory, file);
  const opened = await openGitSource(path, ref);
  if (isGitProblem(opened)) return opened.code;
  const result = await loadConfig({ file: path, env, environment: {}, source: opened.source });
  if (!result.ok) return result.problems.map(({ code }) => code).join();
  return result.accepted.config.services
    .map(({ name, pool, env: own }) => `${name}=${pool} ${JSON.stringify(own)}`)
    .join(', ');
}

test('a git source reads overlays, includes, env files and symlinks of a commit, not of the disk', async () => {
  git('init', '-q');
  mkdirSync(join(directory, 'app'));
  mkdirSync(join(directory, 'shared'));
  write('app/procs.yaml', 'include: [../shared/base.yaml]\nservices: { api: { pool: 2, env_files: [my.env] } }');
  write('app/procs.dev.yaml', 'services: { api: { pool: 3 } }');
  write('shared/real.yaml', 'services: { api: { command: x } }');
  symlinkSync('real.yaml', join(directory, 'shared/base.yaml'));
  write('app/my.env', 'A=committed\n');
  commit('one');
  write('app/procs.yaml', 'services: { api: { command: x, pool: 9 } }');
  write('app/my.env', 'A=changed\n');
  commit('two');
  write('app/procs.yaml', 'not committed: [');
  expect(await loadAt('HEAD~1')).toBe('api=2 {"A":"committed"}');
  expect(await loadAt('HEAD~1', 'dev')).toBe('api=3 {"A":"committed"}');
  expect(await loadAt('HEAD')).toBe('api=9 {}');
  expect(await loadAt('HEAD', 'prod')).toBe('missing-overlay');
  expect(git('status', '--short')).toBe(' M app/procs.yaml\n');
});

test('a glob of a commit matches the files of the commit, also through a link, each relative to its directory', async () => {
  git('init', '-q');
  for (const folder of ['services/api', 'services/web', 'elsewhere'])
    mkdirSync(join(directory, folder), { recursive: true });
  write('procs.yaml', 'include: [{ path: "services/*/procs.yaml", as: relative }]\nservices: {}');
  write('services/api/procs.yaml', 'services: { api: { command: x, env_files: [my.env] } }');
  write('services/api/my.env', 'A=api\n');
  write('elsewhere/procs.yaml', 'services: { linked: { command: x } }');
  symlinkSync('../elsewhere', join(directory, 'services/linked'));
  commit('one');
  write('services/web/procs.yaml', 'services: { web: { command: x } }');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('api=1 {"A":"api"}, linked=1 {}');
  commit('two');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('api=1 {"A":"api"}, linked=1 {}, web=1 {}');
  expect(await loadAt('HEAD~1', null, 'procs.yaml')).toBe('api=1 {"A":"api"}, linked=1 {}');
});

test('the personal overlay is read from the disk, unless the commit has one', async () => {
  git('init', '-q');
  write('procs.yaml', 'services: { api: { command: x } }');
  commit('one');
  write('procs.local.yaml', 'services: { api: { pool: 2 } }');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('api=2 {}');
  commit('two');
  write('procs.local.yaml', 'services: { api: { pool: 3 } }');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('api=2 {}');
  expect(await loadAt('HEAD~1', null, 'procs.yaml')).toBe('api=3 {}');
});

test('an ignored file is read from the disk, an untracked one is missing', async () => {
  git('init', '-q');
  write('.gitignore', '.env\n');
  write('procs.yaml', 'env_files: [.env, other.env]\nservices: { api: { command: x } }');
  commit('one');
  write('.env', 'A=secret\n');
  write('other.env', 'B=new\n');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('missing-file');
  write('procs.yaml', 'env_files: [.env]\nservices: { api: { command: x } }');
  commit('two');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('api=1 {"A":"secret"}');
});

test('a git source reports an invalid ref, directory or file', async () => {
  write('procs.yaml', 'services: {}');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('no-repository');
  git('init', '-q');
  commit('one');
  for (const ref of ['nothing', '--help', '-n', '', 'HEAD:procs.yaml', '$(touch x)']) {
    expect([ref, await loadAt(ref, null, 'procs.yaml')]).toEqual([ref, 'no-such-commit']);
  }
  expect(await loadAt('HEAD', null, 'other.yaml')).toBe('missing-file');
});

test('a git source finds the repository around the file, also within a git hook', async () => {
  const elsewhere = mkdtempSync(join(directory, 'other-'));
  gitIn(elsewhere, 'init', '-q');
  mkdirSync(join(directory, 'app'));
  git('init', '-q');
  write('app/procs.yaml', 'services: { api: { command: x } }');
  write('.gitignore', 'other-*\n');
  commit('one');
  const ofHook = {
    GIT_DIR: join(elsewhere, '.git'),
    GIT_WORK_TREE: elsewhere,
    GIT_INDEX_FILE: 'nowhere',
    GIT_PREFIX: 'x/',
  };
  for (const [name, value] of Object.entries(ofHook)) vi.stubEnv(name, value);
  const seen = await loadAt('HEAD');
  vi.unstubAllEnvs();
  expect(seen).toBe('api=1 {}');
});

test('a git source reads a directory that no longer exists on disk', async () => {
  git('init', '-q');
  mkdirSync(join(directory, 'gone/deep'), { recursive: true });
  write('gone/procs.yaml', 'include: [deep/more.yaml]\nservices: {}');
  write('gone/deep/more.yaml', 'services: { api: { command: x } }');
  commit('one');
  rmSync(join(directory, 'gone'), { recursive: true });
  expect(await loadAt('HEAD', null, 'gone/procs.yaml')).toBe('api=1 {}');
  expect(await loadAt('HEAD', null, 'never/procs.yaml')).toBe('missing-file');
});

test('a git source follows directories that are symlinks', async () => {
  git('init', '-q');
  mkdirSync(join(directory, 'app'));
  mkdirSync(join(directory, 'shared/deep'), { recursive: true });
  write('shared/deep/base.yaml', 'services: { api: { command: x } }');
  symlinkSync('../shared', join(directory, 'app/link'));
  symlinkSync(join(directory, 'shared/deep'), join(directory, 'absolute'));
  symlinkSync('link', join(directory, 'app/again'));
  symlinkSync('loop', join(directory, 'app/loop'));
  write('app/procs.yaml', 'include: [again/deep/base.yaml]\nservices: {}');
  commit('one');
  write('app/procs.yaml', 'include: [../absolute/base.yaml]\nservices: {}');
  commit('two');
  write('app/procs.yaml', 'include: [loop/base.yaml]\nservices: {}');
  commit('three');
  write('shared/deep/base.yaml', 'not committed: [');
  expect(await loadAt('HEAD~2')).toBe('api=1 {}');
  expect(await loadAt('HEAD~1')).toBe('api=1 {}');
  expect(await loadAt('HEAD')).toBe('unreadable');
});

test('a git source follows a symlink out of the repository to the disk', async () => {
  const outside = mkdtempSync(join(realpathSync(tmpdir()), 'orch-git-'));
  writeFileSync(join(outside, 'base.yaml'), 'services: { api: { command: x } }');
  git('init', '-q');
  symlinkSync(outside, join(directory, 'link'));
  write('procs.yaml', 'include: [link/base.yaml]\nservices: {}');
  commit('one');
  const seen = await loadAt('HEAD', null, 'procs.yaml');
  rmSync(outside, { recursive: true });
  expect(seen).toBe('api=1 {}');
});
