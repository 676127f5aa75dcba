// The rig itself: a rig that cannot see a survivor would make every other test worthless.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { findOpenFiles, findProcesses, isAlive, killByIdentity, readStat } from '../rig/processes.ts';
import { createProject } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

test('the rig finds a process by its environment alone and ends it by identity', async () => {
  const project = createProject({ 'procs.yaml': 'services: {}\n' });
  const stray = spawn('sleep', ['1000'], { cwd: '/', env: { PATH: process.env.PATH, ...project.env }, detached: true });
  await once(stray, 'spawn');
  const [seen] = await waitFor('the stray is seen', project.processes, (found) => found.length === 1);
  expect(seen).toMatchObject({ pid: stray.pid, nonce: null });
  killByIdentity({ pid: seen!.pid, startTime: '1' });
  expect(isAlive(seen!)).toBe(true);
  killByIdentity(seen!);
  await waitFor('the stray is gone', project.processes, (found) => found.length === 0);
});

test('a surviving process fails the teardown, which ends it', async () => {
  const project = createProject({ 'procs.yaml': 'services: {}\n' });
  const stray = spawn('sleep', ['1000'], { cwd: '/', env: { PATH: process.env.PATH, ...project.env }, detached: true });
  await once(stray, 'spawn');
  await expect(project.teardown()).rejects.toThrow(`still alive: pid ${stray.pid}`);
  await waitFor('the stray is gone', project.processes, (found) => found.length === 0);
});

test('the rig finds open descriptors below a directory', async () => {
  const project = createProject({ 'held.txt': 'x' });
  const holder = spawn('sh', ['-c', `exec sleep 1000 <${project.path('held.txt')}`], { cwd: '/', detached: true });
  await once(holder, 'spawn');
  await waitFor(
    'the descriptor is seen',
    () => findOpenFiles(project.root),
    (seen) => seen.length === 1,
  );
  process.kill(holder.pid!, 'SIGKILL');
  await once(holder, 'exit');
  expect(findOpenFiles(project.root)).toEqual([]);
});

test('a zombie does not count as alive', async () => {
  // The shell becomes `sleep`, which never reaps the child that has ended.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 1000'], { detached: true });
  const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
  const child = Number(String(line));
  await waitFor(
    'the zombie counts as gone',
    () => readStat(child),
    (stat) => stat === null,
  );
  expect(findProcesses([`/proc/${child}`])).toEqual([]);
  process.kill(parent.pid!, 'SIGKILL');
});

test('waitFor fails with its last observation', async () => {
  await expect(
    waitFor(
      'the answer is 42',
      () => 41,
      (seen) => seen === 42,
      50,
    ),
  ).rejects.toThrow(/answer is 42\nlast seen: 41/);
});
