// `orch up --follow` in clones of every kind: what is followed, and what is refused.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClone } from '../rig/clone.ts';
import { git as gitIn } from '../rig/git.ts';
import { createProject, type Project } from '../rig/project.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';
import { API, FILES, followEvents, head, procs, running } from './followed-project.ts';

test('what cannot be followed is refused before anything starts', async () => {
  const clone = createClone(FILES);
  const { project } = clone;
  const refused = async (args: string[], at: Project = project) => {
    const { exitCode, stderr } = await at.orch(['up', '-d', ...args]);
    return `${exitCode} ${stderr}`;
  };
  expect(await refused(['--follow', 'origin/mian'])).toBe(
    '2 error: git does not know the branch or tag "origin/mian"\nhint: did you mean "origin/main"?\n',
  );
  expect(await refused(['--follow', 'main'])).toContain('2 error: main is the branch that is checked out');
  expect(await refused(['--follow', 'main'])).toContain('such as origin/main), or `git switch --detach` first');
  expect(await refused(['--follow', head(clone)])).toContain('always means the same commit');
  expect(await refused(['--fetch-every', '1m'])).toContain('2 error: `--fetch-every` needs `--follow`');
  expect(await refused(['--follow', 'origin/main', '--fetch-every', '10ms'])).toContain('is too often');
  clone.git('branch', 'deploy');
  expect(await refused(['--follow', 'deploy', '--fetch-every', '1m'])).toContain('needs the branch of a remote');
  const plain = createProject({ 'procs.yaml': procs(API.replace(', cwd: api', '')) });
  expect(await refused(['--follow', 'origin/main'], plain)).toContain('is not in the work tree of a git repository');
  expect(project.exists('.orch/state.json')).toBe(false);
});

test('a local branch is followed where HEAD is detached; -e chooses the environment; a project in a directory of the repository', async () => {
  const files = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [`shop/${name}`, text]));
  const overlay = { 'shop/procs.prod.yaml': 'services:\n  api: { pool: 2 }\n', 'other/readme': 'one\n' };
  const { project, git, commit } = createClone({ ...files, ...overlay });
  git('switch', '-q', '--detach');
  const up = ['-e', 'prod', '-f', 'shop/procs.yaml'];
  await project.mustOrch([...up, 'up', '-d', '--wait', '--follow', 'main']);
  const status = async () => JSON.parse((await project.mustOrch([...up, 'ps', '--json'])).stdout);
  const untilGood = (hash: string) =>
    waitFor(
      `${hash} is good`,
      async () => (await status()).config.follow,
      ({ good }) => good === hash,
    );
  const before = running(project);
  const pushTo = (given: Record<string, string>) => {
    const hash = commit(given);
    git('fetch', '-q', 'origin', 'main:main');
    return hash;
  };
  await untilGood(pushTo({ 'other/readme': 'two\n' }));
  expect(running(project)).toEqual(before);
  await untilGood(pushTo({ 'shop/procs.prod.yaml': 'services:\n  api: { pool: 3 }\n', 'shop/api/version': 'two\n' }));
  expect(git('branch', '--show-current')).toBe('');
  const after = running(project);
  expect(Object.keys(after).sort()).toEqual(['api.1', 'api.2', 'api.3', 'db.1']);
  expect(after['db.1']).toBe(before['db.1']);
  expect(after['api.1']).not.toBe(before['api.1']);
  await project.mustOrch([...up, 'down']);
});

test('it works in a worktree, through a link, and updates submodules', async () => {
  const library = join(temporaryDirectory('library'), 'library');
  const clone = createClone(FILES);
  const { project, git, commit, upstream } = clone;
  gitIn(temporaryDirectory(), 'clone', '-q', upstream, library);
  gitIn(upstream, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'api/library');
  commit({});
  git('fetch', '-q');
  git('config', 'protocol.file.allow', 'always');
  git('worktree', 'add', '-q', '-b', 'deployed', 'tree', 'origin/main~1');
  symlinkSync('tree', project.path('current'));
  const file = ['-f', 'current/procs.yaml'];
  await project.mustOrch([...file, 'up', '-d', '--follow', 'origin/main'], {
    env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.file.allow', GIT_CONFIG_VALUE_0: 'always' },
  });
  const status = async () => JSON.parse((await project.mustOrch([...file, 'ps', '--json'])).stdout).config.follow;
  const target = git('rev-parse', 'origin/main').trim();
  await waitFor('it is good', status, (follow) => follow?.good === target);
  expect(gitIn(project.path('tree'), 'status', '--porcelain', '--untracked-files=no')).toBe('');
  expect(project.exists('tree/api/library/notes.txt')).toBe(true);
  await project.mustOrch([...file, 'down']);
});

test('a fetch by itself brings new commits; one that fails is reported and disturbs nothing', async () => {
  const clone = createClone(FILES);
  const { project, commit, until, untilGood, follow, git, upstream } = clone;
  await follow('--fetch-every', '1s');
  await untilGood(head(clone));
  await untilGood(commit({ 'api/version': 'two\n' }));
  git('remote', 'set-url', 'origin', `${upstream}-gone`);
  const { fetches } = await until('a fetch fails', (one) => Boolean(one.fetches?.error));
  expect(fetches?.error).toContain('does not appear to be a git repository');
  expect((await project.mustOrch(['ps'])).stdout).toContain('not fetched: ');
  git('remote', 'set-url', 'origin', upstream);
  await untilGood(commit({ 'api/version': 'three\n' }));
  const types = await followEvents(project);
  expect(types.filter((type) => type.startsWith('fetch_'))).toEqual(['fetch_failed', 'fetch_recovered']);
  await project.down();
});

test('a shallow clone is followed as far as its history tells; + follows it in any case', async () => {
  const clone = createClone(FILES);
  const { project, git, upstream, commit, until, untilGood } = clone;
  const shallow = (depth: number) =>
    git('fetch', '-q', '--depth', String(depth), `file://${upstream}`, '+main:refs/remotes/origin/main');
  shallow(1);
  await project.up('--follow', 'origin/main');
  await untilGood(head(clone));
  const second = commit({ 'api/version': 'two\n' });
  shallow(2);
  await untilGood(second);
  commit({ 'api/version': 'three\n' });
  const last = commit({ 'api/version': 'four\n' });
  shallow(1);
  const { held } = await until('it is held', (one) => one.held !== null);
  expect(held?.because).toContain('this clone is shallow, and git cannot tell whether origin/main continues');
  expect(head(clone)).toBe(second);
  await project.mustOrch(['up', '-d', '--follow', '+origin/main']);
  await untilGood(last);
  await project.down();
});
