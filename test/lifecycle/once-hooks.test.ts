// `before_start: { command, once: true }`: once for each version of a pool, whatever restarts.
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const yaml = (version: string, hook = 'echo migrated >> runs; sleep 0.2; echo done >> ends'): string => `
services:
  api:
    command: 'test "$(wc -l < runs)" = "$(wc -l < ends)" || echo early >> wrong; exec sleep 100${version}'
    pool: 4
    ready_after: 100ms
    rollout: { max_unavailable: 2 }
    restart: { policy: on_failure, backoff: 50ms }
    hooks: { before_start: { command: '${hook}', once: true } }
`;
const runs = (project: Project): number => (project.exists('runs') ? project.read('runs').split('\n').length - 1 : 0);

test('the hook runs once for a pool and a version, not for a restart, a scaled pool or the next supervisor', async () => {
  const project = createProject({ 'procs.yaml': yaml('1') });
  await project.up();
  expect(runs(project)).toBe(1);
  const { pid, specHash } = instanceOf(await project.ps(), 'api.2');
  process.kill(pid!, 'SIGKILL');
  await waitFor('it is back', project.ps, (status) => ![null, pid].includes(instanceOf(status, 'api.2').pid));
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await project.up();
  await project.mustOrch(['scale', 'api=5', '--ephemeral']);
  await project.mustOrch(['wait']);
  expect(runs(project)).toBe(1);
  project.edit('procs.yaml', yaml('2'));
  await waitFor(
    'the new version',
    project.ps,
    (status) => status.converged && instanceOf(status, 'api.1').specHash !== specHash,
    20_000,
  );
  expect(runs(project)).toBe(2);
  expect(project.exists('wrong')).toBe(false);
  await project.down();
});

test('a failure fails the starts that wait, and the next start tries again', async () => {
  const hook = 'echo x >> runs; echo x >> ends; test "$(wc -l < runs)" -ge 3';
  const project = createProject({ 'procs.yaml': yaml('1', hook) });
  await project.mustOrch(['up', '-d']);
  await waitFor('all run', project.ps, ({ services }) => services[0]!.ready === 4, 15_000);
  expect(runs(project)).toBe(3);
  const failures = (await project.events()).filter(({ message }) => message.includes('before_start failed'));
  expect(failures.length).toBeGreaterThanOrEqual(2);
  await project.down();
});

test('an instance that is stopped while it runs the hook leaves it to another one', async () => {
  const hook = 'echo x >> runs; echo x >> ends; test -e go || { test "$(wc -l < runs)" -gt 1 || sleep 1000; }';
  const project = createProject({ 'procs.yaml': yaml('1', hook) });
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'the hook',
    () => runs(project),
    (count) => count === 1,
  );
  await project.mustOrch(['stop', 'api.1']);
  await waitFor('the others run', project.ps, ({ services }) => services[0]!.ready === 3, 15_000);
  expect(runs(project)).toBe(2);
  await project.down();
});
