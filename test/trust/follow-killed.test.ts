// `orch up --follow` and kill -9, of the supervisor and of git, in the middle of each step: the next supervisor finishes it.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FollowStatus } from '../../src/core/follow-status.ts';
import { API, DB, FILES, followEvents, head, procs, running } from '../lifecycle/followed-project.ts';
import { type Clone, createClone } from '../rig/clone.ts';
import { killSupervisor, theSupervisor } from '../rig/supervisors.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

/** git calls it in the middle of a move: once, it kills what is named in `kill-list` (pids, and `git` for the git that calls it). */
function installHook({ project }: Clone, hook: string): void {
  const path = project.path(`.git/hooks/${hook}`);
  const script = [
    '#!/bin/sh',
    'list="$(git rev-parse --absolute-git-dir)/kill-list"',
    'if [ "${0##*/}" = reference-transaction ]; then',
    '  [ "$1" = prepared ] && grep -q " refs/heads/main$" || exit 0',
    'fi',
    'victims="$(cat "$list" 2>/dev/null)" || exit 0',
    'rm "$list"',
    'for victim in $victims; do [ "$victim" = git ] && victim=$PPID; kill -9 "$victim"; done',
    'exit 0',
  ];
  mkdirSync(project.path('.git/hooks'), { recursive: true });
  writeFileSync(path, `${script.join('\n')}\n`);
  chmodSync(path, 0o755);
}
const killAtNextCall = ({ project }: Clone, ...victims: (number | 'git')[]) =>
  writeFileSync(project.path('.git/kill-list'), victims.join(' '));

const VERSION_2 = procs(`${API.replace('cwd', 'env: { NEW: "1" }, cwd')}\n${DB}`);
const untilRevived = (clone: Clone, pid: number) =>
  waitFor(
    'another supervisor answers',
    () => clone.project.orch(['ps', '--json']),
    ({ exitCode, stdout }) => exitCode === 0 && JSON.parse(stdout).supervisor.pid !== pid,
    20_000,
  );

/** What is checked out, what is in force and what runs are the same. */
async function expectConsistent(clone: Clone, commit: string, isNew: boolean): Promise<void> {
  const { project, git } = clone;
  expect(head(clone)).toBe(commit);
  expect(git('status', '--porcelain')).toBe('');
  await project.mustOrch(['wait', '--timeout', '15s']);
  const { config, generation } = await project.ps();
  expect(config).toMatchObject({ status: 'applied', commit: { hash: commit, dirty: false } });
  const shown = await project.mustOrch(['config', '--json']);
  expect(shown.stdout.includes('NEW')).toBe(isNew);
  expect((await project.orch(['plan'])).exitCode).toBe(0);
  const log = (await project.mustOrch(['logs', 'api', '--tail', '1'])).stdout;
  expect(log).toContain(isNew ? 'two' : 'one');
  expect(generation).toBeGreaterThan(0);
}

async function followed(): Promise<Clone & { first: string }> {
  const clone = createClone(FILES, { env: { ORCH_RESPAWN: '1' } });
  await clone.follow();
  const first = head(clone);
  await clone.untilGood(first);
  return { ...clone, first };
}

type Row = [step: string, hook: string, victims: 'supervisor' | 'both'];
const rows: Row[] = [
  ['while git moves the work tree, which git completes', 'reference-transaction', 'supervisor'],
  ['with git: the files are new, HEAD is old', 'reference-transaction', 'both'],
  ['after the move, before the configuration is applied', 'post-merge', 'supervisor'],
];

test.each(rows)('killed %s', async (_step, hook, victims) => {
  const clone = await followed();
  const { project, push } = clone;
  const { pid } = theSupervisor(project);
  const db = running(project)['db.1'];
  installHook(clone, hook);
  killAtNextCall(clone, pid, ...(victims === 'both' ? (['git'] as const) : []));
  const second = push({ 'procs.yaml': VERSION_2, 'api/version': 'two\n', 'api/new-file': 'new\n' });
  await untilRevived(clone, pid);
  await removeStaleLocks(clone, ({ good, commit }) => good === second && commit === second);
  await expectConsistent(clone, second, true);
  expect(running(project)['db.1']).toBe(db);
  expect((await followEvents(project)).filter((type) => type === 'commit_failed')).toEqual([]);
  await project.down();
});

/** A git that was killed may leave a lock: orch waits, and says so; a person removes it. @returns once what is looked at holds */
async function removeStaleLocks({ project, status }: Clone, holds: (follow: FollowStatus) => boolean) {
  const look = async () => {
    const follow = await status();
    if (/another git is at work|\.lock/.test(follow.held?.because ?? '')) removeLocks(project);
    return follow;
  };
  return await waitFor('no lock is left, and it continues', look, holds, 30_000);
}

/** Those that a killed git may leave. */
function removeLocks(project: Clone['project']): void {
  for (const name of ['index.lock', 'HEAD.lock', 'refs/heads/main.lock'])
    rmSync(project.path(`.git/${name}`), { force: true });
}

test('killed while a commit is waited for: the next supervisor waits for it', async () => {
  const clone = await followed();
  const { project, push, until, untilGood } = clone;
  const probe = 'env: { NEW: "1" }, readiness: { exec: [test, -e, ../.git/ready], every: 50ms }, cwd';
  const second = push({ 'procs.yaml': procs(`${API.replace('cwd', probe)}\n${DB}`), 'api/version': 'two\n' });
  await until('it is waited for', ({ state, commit }) => state === 'proving' && commit === second);
  const { pid } = theSupervisor(project);
  const before = await waitFor(
    'both run',
    () => running(project),
    (seen) => 'api.1' in seen && 'db.1' in seen,
  );
  await killSupervisor(project);
  await untilRevived(clone, pid);
  await until('it is waited for again', ({ state, commit }) => state === 'proving' && commit === second);
  project.write('.git/ready', '');
  await untilGood(second);
  expect(running(project)).toEqual(before);
  await expectConsistent(clone, second, true);
  await project.down();
});

test('killed on the way back: the next supervisor completes it, and does not try the commit again', async () => {
  const clone = await followed();
  const { project, push, until, first } = clone;
  const { pid } = theSupervisor(project);
  const failing = push({
    'procs.yaml': procs(`${API.replace('exec sleep 1000', 'exit 3').replace('cwd', 'env: { NEW: "1" }, cwd')}\n${DB}`),
    'api/version': 'two\n',
  });
  await waitFor(
    'it is in force',
    () => head(clone),
    (at) => at === failing,
  );
  installHook(clone, 'reference-transaction');
  killAtNextCall(clone, pid);
  await untilRevived(clone, pid);
  const status = await until('it is back', ({ state, bad }) => state === 'settled' && bad?.commit === failing);
  expect(status).toMatchObject({ commit: first, good: first });
  await expectConsistent(clone, first, false);
  await holdsFor(
    'it stays',
    () => head(clone),
    (at) => at === first,
    500,
  );
  await project.down();
});

test('killed between two commits: the next supervisor still follows, with what it knows to be bad', async () => {
  const clone = await followed();
  const { project, push, until, untilGood, first } = clone;
  const bad = push({ 'procs.yaml': 'services: [' });
  await until('it is rejected', (one) => one.bad?.commit === bad);
  const { pid } = theSupervisor(project);
  await killSupervisor(project);
  await untilRevived(clone, pid);
  expect(await until('it follows', ({ target }) => target === bad)).toMatchObject({
    commit: first,
    bad: { commit: bad },
  });
  expect((await followEvents(project)).filter((type) => type === 'commit_rejected')).toHaveLength(1);
  const fixed = push({ 'procs.yaml': VERSION_2, 'api/version': 'two\n' });
  await untilGood(fixed);
  await expectConsistent(clone, fixed, true);
  await project.down();
});

test('half a checkout that a person has changed since is left alone, with the command that completes it', async () => {
  const clone = await followed();
  const { project, push, untilGood, git } = clone;
  const { pid } = theSupervisor(project);
  const db = running(project);
  installHook(clone, 'reference-transaction');
  killAtNextCall(clone, pid, 'git');
  const second = push({ 'procs.yaml': VERSION_2, 'api/version': 'two\n' });
  await waitFor(
    'git was killed',
    () => project.exists('.git/kill-list'),
    (waits) => !waits,
  );
  project.write('api/version', 'mine\n');
  await untilRevived(clone, pid);
  const { held } = await removeStaleLocks(clone, (one) => one.held?.because.includes('was interrupted') === true);
  removeLocks(project);
  expect(held).toMatchObject({ rule: 'work_tree', command: `git reset --hard ${second.slice(0, 7)}` });
  expect(held?.because).toContain('api/version');
  expect(running(project)).toEqual(db);
  expect((await project.ps()).config.status).toBe('applied');
  git('reset', '-q', '--hard', second);
  await untilGood(second);
  await expectConsistent(clone, second, true);
  await project.down();
});
