// `orch up --follow`: new commits of a ref are applied one after the other; the last good one is kept. With real repositories.
import { expect, test } from 'vitest';
import { createClone } from '../rig/clone.ts';
import { expectShape } from '../rig/contract.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { API, BROKEN, CRASHING, DB, FILES, followEvents, head, procs, running } from './followed-project.ts';

const short = (hash: string) => hash.slice(0, 7);

test('a commit that changes only code restarts the services in whose directory it is; it is good once they converge', async () => {
  const clone = createClone(FILES);
  const { project, push, untilGood, follow } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  const before = running(project);
  expect((await project.mustOrch(['ps'])).stdout).toContain(`\nfollows origin/main at ${short(first)}\n`);

  const second = push({ 'api/version': 'two\n' });
  await untilGood(second);
  expect(head(clone)).toBe(second);
  expect(running(project)).toMatchObject({ 'db.1': before['db.1'] });
  expect(running(project)['api.1']).not.toBe(before['api.1']);
  await waitFor(
    'the new code runs',
    async () => (await project.mustOrch(['logs', 'api'])).stdout,
    (log) => /two/.test(log),
  );
  const status = await project.ps();
  expectShape('ps', status);
  expect(status.config.follow).toEqual({
    ...{ ref: 'origin/main', target: second, commit: second, state: 'settled', good: second, bad: null, held: null },
  });
  expect(status.config.commit).toMatchObject({ hash: second, branch: 'main', dirty: false });

  // In no directory of a service: recorded, and nothing else.
  const after = running(project);
  const third = push({ 'notes.txt': 'two\n' });
  await untilGood(third);
  expect(running(project)).toEqual(after);
  // The configuration: by its plan, not because a file in the directory has changed.
  const fourth = push({ 'procs.yaml': `# a comment\n${FILES['procs.yaml']}` });
  await untilGood(fourth);
  expect(running(project)).toEqual(after);
  expect(await followEvents(project)).toEqual([
    ...['following_started', 'commit_accepted', 'commit_applied', 'commit_accepted'],
    ...['commit_applied', 'commit_accepted', 'commit_applied', 'commit_accepted'],
  ]);
  await project.down();
});

test('an invalid commit is rejected with its place, and skipped; the work tree is not touched', async () => {
  const clone = createClone(FILES);
  const { project, push, until, untilGood, follow } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  const before = running(project);
  const bad = push({ 'procs.yaml': BROKEN });
  const { bad: known } = await until('it is rejected', (one) => one.bad !== null);
  expect(known).toEqual({
    commit: bad,
    kind: 'rejected',
    because: expect.stringMatching(/^procs\.yaml:2:10: unknown key "comand"/),
  });
  expect(head(clone)).toBe(first);
  expect(running(project)).toEqual(before);
  expect((await project.mustOrch(['ps'])).stdout).toContain(
    `Follows origin/main at ${short(first)} (${short(bad)} rejected: procs.yaml:2:10: unknown key "comand"`,
  );
  expect((await project.mustOrch(['why', 'db'])).stdout).toContain(`${short(bad)} rejected: procs.yaml:2:10`);
  const fixed = push({ 'procs.yaml': FILES['procs.yaml'], 'api/version': 'two\n' });
  await untilGood(fixed);
  expect(running(project)['db.1']).toBe(before['db.1']);
  expect(await followEvents(project)).not.toContain('commit_failed');
  await project.down();
});

test('a commit that does not converge goes back to the last good one, and is not tried again until the ref moves on', async () => {
  const clone = createClone(FILES);
  const { project, push, until, untilGood, follow, git } = clone;
  await follow();
  const first = head(clone);
  await untilGood(first);
  const before = running(project);
  const bad = push({ 'procs.yaml': CRASHING, 'api/version': 'two\n' });
  const status = await until('it has gone back', ({ bad: known, state }) => known !== null && state === 'settled');
  expect(status).toMatchObject({ commit: first, good: first, bad: { commit: bad, kind: 'failed' } });
  expect(status.bad?.because).toBe('api.1 is backoff: 3 failures in a row, last: exit code 3');
  expect(head(clone)).toBe(first);
  expect(git('status', '--porcelain')).toBe('');
  expect(git('branch', '--show-current').trim()).toBe('main');
  await project.mustOrch(['wait', '--timeout', '10s']);
  expect(running(project)['db.1']).toBe(before['db.1']);
  const again = running(project);
  git('fetch', '-q');
  git('pack-refs', '--all');
  await holdsFor(
    'it is not tried again',
    () => head(clone),
    (at) => at === first,
    1_000,
  );
  expect(running(project)).toEqual(again);
  expect((await project.events()).at(-1)?.message).not.toContain(short(bad));
  // Explicitly, once more.
  await project.mustOrch(['up', '-d', '--follow', 'origin/main']);
  await waitFor(
    'it has failed twice',
    () => followEvents(project),
    (types) => types.filter((type) => type === 'commit_failed').length === 2,
  );
  const fixed = push({ 'procs.yaml': FILES['procs.yaml'] });
  await untilGood(fixed);
  await project.down();
});

test('of several commits at once the newest is applied, also while an older one is waited for', async () => {
  const probe = 'env: { NEW: "1" }, readiness: { exec: [test, -e, ready], every: 50ms }, cwd';
  const slow = procs(`${API.replace('cwd', probe)}\n${DB}`);
  const clone = createClone(FILES);
  const { project, commit, push, until, untilGood, follow } = clone;
  await follow();
  await untilGood(head(clone));
  commit({ 'procs.yaml': BROKEN });
  commit({ 'procs.yaml': FILES['procs.yaml'], 'api/version': 'two\n' });
  const third = push({ 'api/version': 'three\n' });
  await untilGood(third);
  const events = (await project.events()).filter(({ type }) => type.startsWith('commit_'));
  expect(events.map(({ type }) => type)).toEqual(['commit_accepted', 'commit_applied', 'commit_accepted']);

  const waiting = push({ 'procs.yaml': slow });
  await until('it is waited for', ({ state, commit: at }) => state === 'proving' && at === waiting);
  expect((await project.mustOrch(['ps'])).stdout).toContain(
    `follows origin/main at ${short(waiting)} (last good ${short(third)}; not converged yet)`,
  );
  const newest = push({ 'procs.yaml': slow, 'api/ready': '' });
  await untilGood(newest);
  expect((await project.events()).filter(({ type }) => type === 'commit_failed')).toEqual([]);
  await project.down();
});

test('a commit that takes too long goes back; what was degraded before proves nothing', async () => {
  const mailer = '  mailer: { command: [sh, -c, "exit 7"], restart: { limit: 2 }, cwd: db }';
  const clone = createClone({ ...FILES, 'procs.yaml': procs(`${API}\n${mailer}`) });
  const { project, push, until, untilGood } = clone;
  await project.mustOrch(['up', '-d', '--follow', 'origin/main', '--follow-timeout', '1s']);
  const first = head(clone);
  // The first commit is not good: there is none to go back to.
  await until('it is given up', ({ bad, state }) => bad?.commit === first && state === 'settled');
  const second = push({ 'api/version': 'two\n' });
  await untilGood(second);
  const slow = API.replace('cwd', 'env: { NEW: "1" }, readiness: { exec: ["false"], every: 50ms }, cwd');
  const late = push({ 'procs.yaml': procs(`${slow}\n${mailer}`) });
  const status = await until('it has gone back', ({ bad, state }) => bad?.commit === late && state === 'settled');
  expect(status).toMatchObject({ commit: second, good: second });
  expect(status.bad?.because).toMatch(/^not converged within 1\.0 s: api\.1 is /);
  await project.down();
});
