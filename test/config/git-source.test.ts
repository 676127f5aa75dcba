// Configurations as commits have them, for `orch plan A..B`.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isProblem, openGitSource } from '../../src/config/git-source.ts';
import { loadConfig } from '../../src/config/load.ts';

let directory = '';
beforeEach(async () => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'orch-git-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
const git = (...args: string[]) =>
  execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...args], {
    cwd: directory,
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  });
const commit = async (message: string) => {
  await git('add', '-A');
  await git('commit', '-qm', message);
};

async function loadAt(ref: string, env: string | null = null, file = 'app/procs.yaml') {
  const path = join(directory, file);
  const opened = await openGitSource(path, ref);
  if (isProblem(opened)) return opened.code;
  const result = await loadConfig({ file: path, env, environment: {}, source: opened.source });
  if (!result.ok) return result.problems.map(({ code }) => code).join();
  return result.accepted.config.services
    .map(({ name, pool, env: own }) => `${name}=${pool} ${JSON.stringify(own)}`)
    .join(', ');
}

test('reads overlays, includes, env files and symlinks of a commit, not of the disk', async () => {
  await git('init', '-q');
  mkdirSync(join(directory, 'app'));
  mkdirSync(join(directory, 'shared'));
  write('app/procs.yaml', 'include: [../shared/base.yaml]\nservices: { api: { pool: 2, env_files: [my.env] } }');
  write('app/procs.dev.yaml', 'services: { api: { pool: 3 } }');
  write('shared/real.yaml', 'services: { api: { command: x } }');
  symlinkSync('real.yaml', join(directory, 'shared/base.yaml'));
  write('app/my.env', 'A=committed\n');
  await commit('one');
  write('app/procs.yaml', 'services: { api: { command: x, pool: 9 } }');
  write('app/my.env', 'A=changed\n');
  await commit('two');
  write('app/procs.yaml', 'not committed: [');
  expect(await loadAt('HEAD~1')).toBe('api=2 {"A":"committed"}');
  expect(await loadAt('HEAD~1', 'dev')).toBe('api=3 {"A":"committed"}');
  expect(await loadAt('HEAD')).toBe('api=9 {}');
  expect(await loadAt('HEAD', 'prod')).toBe('missing-overlay');
  expect((await git('status', '--short')).stdout).toBe(' M app/procs.yaml');
});

test('what git ignores is read from the disk, what it merely does not have is missing', async () => {
  await git('init', '-q');
  write('.gitignore', '.env\n');
  write('procs.yaml', 'env_files: [.env, other.env]\nservices: { api: { command: x } }');
  await commit('one');
  write('.env', 'A=secret\n');
  write('other.env', 'B=new\n');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('missing-file');
  write('procs.yaml', 'env_files: [.env]\nservices: { api: { command: x } }');
  await commit('two');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('api=1 {"A":"secret"}');
});

test('says what is wrong with a ref, a directory, a file', async () => {
  write('procs.yaml', 'services: {}');
  expect(await loadAt('HEAD', null, 'procs.yaml')).toBe('no-repository');
  await git('init', '-q');
  await commit('one');
  for (const ref of ['nothing', '--help', '-n', '', 'HEAD:procs.yaml', '$(touch x)']) {
    expect([ref, await loadAt(ref, null, 'procs.yaml')]).toEqual([ref, 'no-such-commit']);
  }
  expect(await loadAt('HEAD', null, 'other.yaml')).toBe('missing-file');
});
