// `orch up --follow`: what holds a commit, and what ends following.
import { expect, test } from 'vitest';
import { createClone } from '../rig/clone.ts';
import { git as gitIn } from '../rig/git.ts';
import { holdsFor } from '../rig/wait-for.ts';
import { API, CRASHING, DB, FILES, followEvents, head, procs, running } from './followed-project.ts';

test('a work tree that is not clean holds a commit, with the command that helps; untracked files do not count', async () => {
  const clone = createClone(FILES);
  const { project, push, until, untilGood, follow, git } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  project.write('untracked.txt', 'mine\n');
  project.write('db/schema', 'mine\n');
  const second = push({ 'api/version': 'two\n' });
  const { held } = await until('it is held', (one) => one.held !== null);
  expect(held).toMatchObject({
    rule: 'work_tree',
    because: 'the work tree is not clean: db/schema is changed and not committed',
    command: 'git stash',
  });
  expect((await project.mustOrch(['ps'])).stdout).toContain('(`git stash` helps)');
  expect(await followEvents(project)).toContain('commit_held');
  expect(head(clone)).toBe(first);
  git('checkout', '-q', 'db/schema');
  await untilGood(second);
  // git refuses by itself to overwrite a file that it does not know.
  push({ 'untracked.txt': 'theirs\n' });
  const { held: refused } = await until('git refuses', (one) => one.held?.rule === 'git');
  expect(refused?.because).toContain('untracked.txt');
  expect(project.read('untracked.txt')).toBe('mine\n');
  expect((await project.ps()).config.status).toBe('applied');
  await project.down();
});

test('the policy holds a commit before its files are touched; orch apply lets it pass', async () => {
  const policy = 'policy: { apply: manual }\n';
  const clone = createClone({ ...FILES, 'procs.yaml': procs(`${API}\n${DB}`, policy) });
  const { project, push, until, untilGood, follow } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  const second = push({ 'procs.yaml': procs(`${API.replace('1000', '1002')}\n${DB}`, policy) });
  const { held } = await until('it is held', (one) => one.held !== null);
  expect(held).toMatchObject({
    rule: 'policy',
    because: 'policy.apply is manual (1 change: 1 restarts)',
    command: 'orch apply',
  });
  expect(head(clone)).toBe(first);
  const asked = await project.orch(['apply']);
  expect(asked.exitCode).toBe(4);
  expect(asked.stderr).toContain('~ api');
  await project.mustOrch(['apply', '--yes', '--wait']);
  await untilGood(second);
  // Nothing to hold: the configuration stays.
  await untilGood(push({ 'api/version': 'two\n' }));
  await project.down();
});

test('a pause holds commits until resume, also the way back', async () => {
  const clone = createClone(FILES);
  const { project, push, until, untilGood, follow } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  await project.mustOrch(['pause']);
  const second = push({ 'api/version': 'two\n' });
  await until('it is held', (one) => one.held?.rule === 'paused');
  expect(head(clone)).toBe(first);
  await project.mustOrch(['resume']);
  await untilGood(second);
  await project.down();
});

test('a rewritten ref is held; + follows it there, as in a refspec', async () => {
  const clone = createClone(FILES);
  const { project, push, until, untilGood, follow, upstream, git } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  const second = push({ 'api/version': 'two\n' });
  await untilGood(second);
  gitIn(upstream, 'reset', '-q', '--hard', first);
  const rewritten = push({ 'api/version': 'other\n' });
  const { held } = await until('it is held', (one) => one.held !== null);
  expect(held).toMatchObject({ rule: 'rewritten', command: 'git reset --keep origin/main' });
  expect(head(clone)).toBe(second);
  await project.mustOrch(['up', '-d', '--follow', '+origin/main']);
  await untilGood(rewritten);
  expect(git('branch', '--show-current').trim()).toBe('main');
  await project.down();
});

test('another up ends it and says so, as down does; an edit by hand in between is an edit', async () => {
  const clone = createClone(FILES);
  const { project, push, untilGood, follow } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  const { stdout } = await project.up();
  expect(stdout).toContain('\norigin/main is not followed any more (`orch up --follow origin/main` does)\n');
  expect((await project.ps()).config.follow).toBeUndefined();
  expect((await project.events()).at(-1)).toMatchObject({ type: 'following_ended' });
  push({ 'api/version': 'two\n' });
  await holdsFor(
    'it is not applied',
    () => head(clone),
    (at) => at === first,
    500,
  );
  await follow();
  await project.down();
  await project.up();
  expect((await project.ps()).config.follow).toBeUndefined();
  await project.down();
});

test('a commit that another hand checks out is put in force, and never taken back', async () => {
  const clone = createClone(FILES);
  const { project, push, until, untilGood, follow, git } = clone;
  await follow();
  await untilGood(head(clone));
  push({ 'api/version': 'two\n' });
  git('checkout', '-q', '--detach');
  const before = running(project);
  project.write('api/version', 'mine\n');
  git('commit', '-qam', 'on the server');
  const mine = head(clone);
  await untilGood(mine);
  expect(running(project)['api.1']).not.toBe(before['api.1']);
  project.write('procs.yaml', CRASHING);
  git('commit', '-qam', 'worse');
  const worse = head(clone);
  await until('it is given up', ({ bad, state }) => bad?.commit === worse && state === 'settled');
  expect(head(clone)).toBe(worse);
  await project.down();
});
