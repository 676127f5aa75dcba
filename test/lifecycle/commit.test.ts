// `ps`, the events and the view show the commit of what is applied, and whether the files differ from it.
import { chmodSync, mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AppliedCommit } from '../../src/core/applied-commit.ts';
import { applied } from '../rig/applied.ts';
import { expectShape } from '../rig/contract.ts';
import { git as gitIn } from '../rig/git.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const FILE = 'include: [parts/base.yaml]\nenv_files: [.env]\nservices:\n  web: { command: [sleep, "1000"] }\n';

type Repository = { project: Project; git: (...args: string[]) => string; commitAll: (message: string) => string };

/** A committed project of which `.env` is ignored. */
function createRepository(): Repository {
  const project = createProject({
    'procs.yaml': FILE,
    'parts/base.yaml': 'services:\n  db: { command: [sleep, "1001"] }\n',
    'procs.prod.yaml': 'services:\n  web: { pool: 2 }\n',
    '.env': 'ZONE=a\n',
    '.gitignore': '.env\n.orch\n',
    'other.txt': 'x\n',
  });
  const git = (...args: string[]) => gitIn(project.root, ...args);
  git('init', '-q', '-b', 'main');
  const commitAll = (message: string): string => {
    git('add', '-A');
    git('commit', '-qm', message);
    return git('rev-parse', 'HEAD').trim();
  };
  return { project, git, commitAll };
}

async function commitOf(project: Project): Promise<Omit<AppliedCommit, 'text'> | null> {
  const status = await project.ps();
  expectShape('ps', status);
  if (!status.config.commit) return null;
  const { text: _, ...commit } = status.config.commit;
  return commit;
}
const commitEvents = async (project: Project) =>
  (await project.events()).filter(({ type }) => type === 'config_commit').map(({ message }) => message);

test('an edit is dirty until it is committed; other files and ignored ones do not count', async () => {
  const { project, git, commitAll } = createRepository();
  const first = commitAll('one');
  await project.up();
  expect(await commitOf(project)).toEqual({ hash: first, branch: 'main', dirty: false });
  expect((await project.mustOrch(['ps'])).stdout).toContain(`\ncommit ${first.slice(0, 7)} (main)\n`);

  project.write('other.txt', 'y\n');
  await applied(project, () => project.edit('.env', 'ZONE=b\n'));
  expect(await commitOf(project)).toEqual({ hash: first, branch: 'main', dirty: false });
  await applied(project, () => project.edit('parts/base.yaml', 'services:\n  db: { command: [sleep, "1002"] }\n'));
  expect(await commitOf(project)).toEqual({ hash: first, branch: 'main', dirty: true });
  expect((await project.mustOrch(['ps'])).stdout).toContain(`\ncommit ${first.slice(0, 7)} +dirty (main)\n`);

  git('checkout', '-qb', 'try');
  const second = commitAll('two');
  expect(await commitOf(project)).toEqual({ hash: second, branch: 'try', dirty: false });
  git('checkout', '-q', '--detach');
  expect(await commitOf(project)).toEqual({ hash: second, branch: null, dirty: false });
  const generation = (await project.ps()).generation;
  expect(await commitEvents(project)).toEqual([
    `Generation 1 is commit ${first.slice(0, 7)} (main).`,
    expect.stringMatching(/^Generation 2 is commit [0-9a-f]{7} \(main\)\.$/),
    `Generation ${generation} is commit ${first.slice(0, 7)} +dirty (main).`,
    `Generation ${generation} is commit ${second.slice(0, 7)} (try).`,
    `Generation ${generation} is commit ${second.slice(0, 7)}.`,
  ]);
});

test('a file that is not committed yet is dirt, as is a new overlay', async () => {
  const { project, git, commitAll } = createRepository();
  git('add', 'procs.yaml', 'parts', '.gitignore');
  git('commit', '-qm', 'without the overlay');
  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait']);
  expect(await commitOf(project)).toMatchObject({ dirty: true });
  const hash = commitAll('with the overlay');
  expect(await commitOf(project)).toMatchObject({ hash, dirty: false });
});

test('a rejected edit is not what is applied: the commit stays that of the last good configuration', async () => {
  const { project, commitAll } = createRepository();
  const first = commitAll('one');
  await project.up();
  expect(await commitOf(project)).toMatchObject({ hash: first, dirty: false });
  await applied(project, () => project.edit('procs.yaml', 'services: [\n'));
  expect(await commitOf(project)).toMatchObject({ hash: first, dirty: false });
  commitAll('broken');
  expect(await commitOf(project)).toMatchObject({ hash: first, dirty: false });
  await applied(project, () => project.edit('procs.yaml', FILE));
  expect(await commitOf(project)).toMatchObject({ dirty: true });
});

test('the next supervisor knows the commit as well', async () => {
  const { project, commitAll } = createRepository();
  const hash = commitAll('one');
  await project.up();
  await project.mustOrch(['upgrade']);
  expect(await commitOf(project)).toEqual({ hash, branch: 'main', dirty: false });
});

test('without git, without a repository and without a commit, nothing is shown', async () => {
  const { project, commitAll } = createRepository();
  await project.up();
  expect(await commitOf(project)).toBe(null);
  await project.down();
  commitAll('one');
  mkdirSync(project.path('bin'));
  project.write('procs.yaml', FILE.replace('[sleep', '[/bin/sleep'));
  await project.mustOrch(['up', '-d'], { env: { PATH: project.path('bin') } });
  expect(await commitOf(project)).toBe(null);
  const plain = createProject({ 'procs.yaml': 'services:\n  web: { command: [sleep, "1000"] }\n' });
  await plain.up();
  expect(await commitOf(plain)).toBe(null);
  expect((await plain.mustOrch(['ps'])).stdout).not.toContain('commit');
  expect([...(await commitEvents(project)), ...(await commitEvents(plain))]).toEqual([]);
});

test('a git that hangs delays neither an edit nor an answer for long', async () => {
  const { project, commitAll } = createRepository();
  commitAll('one');
  project.write('bin/git', '#!/bin/sh\nexec sleep 1000\n');
  chmodSync(project.path('bin/git'), 0o755);
  const env = { PATH: `${project.path('bin')}:${process.env.PATH}` };
  await project.mustOrch(['up', '-d', '--wait'], { env });
  const sinceMs = performance.now();
  await applied(project, () => project.edit('procs.yaml', FILE.replace('1000', '1003')));
  expect(await commitOf(project)).toBe(null);
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
  await project.down();
  await waitFor(
    'no git is left',
    () => project.processes(),
    (seen) => seen.length === 0,
  );
});
