// Where a project lies and how it is reached: odd paths, subdirectories, links, neighbours.
import { statSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, expectSuccess, incarnations } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const yaml = 'services:\n  a: { command: [sleep, "1000"] }\n';

test('orch works in a path too long for a socket, with spaces and non-ASCII letters', async () => {
  const folder = `${'deep-'.repeat(12)}/${'a path with spaces '.repeat(3)}/grüße-${'x'.repeat(40)}`;
  const project = createProject({ [`${folder}/procs.yaml`]: yaml });
  const cwd = project.path(folder);
  expectSuccess(await project.orch(['up', '-d', '--wait'], { cwd }));
  expect(project.instances().length).toBe(1);
  const status = expectSuccess(await project.orch(['ps', '--json'], { cwd }));
  expect(JSON.parse(status.stdout)).toMatchObject({ converged: true });
  expectSuccess(await project.orch(['down'], { cwd }));
  expect(project.instances()).toEqual([]);
});

test('every way to the project finds the same supervisor', async () => {
  const project = createProject({ 'real/procs.yaml': yaml, 'real/sub/dir/x': '' });
  symlinkSync('real', project.path('link'));
  expectSuccess(await project.orch(['up', '-d', '--wait'], { cwd: project.path('real') }));
  const before = incarnations(project.processes());
  for (const [args, cwd] of [
    [['up', '-d', '--wait'], 'link'],
    [['up', '-d', '--wait'], 'real/sub/dir'],
    [['-f', 'real/procs.yaml', 'up', '-d', '--wait'], '.'],
    [['-f', '../link/procs.yaml', 'ps'], 'link'],
  ] as [string[], string][]) {
    expectSuccess(await project.orch(args, { cwd: project.path(cwd) }));
    expect(incarnations(project.processes())).toEqual(before);
  }
  expectSuccess(await project.orch(['down'], { cwd: project.path('link') }));
  expect(project.processes()).toEqual([]);
});

test('two projects do not affect each other', async () => {
  const first = createProject({ 'procs.yaml': yaml });
  const second = createProject({ 'procs.yaml': yaml });
  await first.up();
  await second.up();
  const before = incarnations(second.processes());
  await first.down();
  expect(incarnations(second.processes())).toEqual(before);
  await second.down();
});

test('up with a bad file on a running project exits with 2 and changes nothing', async () => {
  const project = createProject({ 'procs.yaml': yaml });
  await project.up();
  const before = incarnations(project.processes());
  project.edit('procs.yaml', 'services: [oops]\n');
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.exitCode).toBe(2);
  expect(incarnations(project.processes())).toMatchObject(before);
  await project.down();
});

test('ORCH_ENV chooses the overlay like --env', async () => {
  const project = createProject({
    'procs.yaml': yaml,
    'procs.dev.yaml': 'services:\n  b: { command: [sleep, "1000"] }\n',
  });
  await project.mustOrch(['up', '-d', '--wait'], { env: { ORCH_ENV: 'dev' } });
  expect(Object.keys(incarnations(project.instances()))).toEqual(['a.1', 'b.1']);
  expect((await project.ps()).env).toBe('dev');
  await project.down();
});

test('orch creates the directory of a log queue and reports a queue that it cannot write', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { good: { path: new/dir/good.log }, bad: { path: blocked/bad.log } }
services:
  good: { command: "echo good; sleep 1000", log_queue: good }
  bad: { command: "echo bad; sleep 1000", log_queue: bad }
`,
    blocked: 'a file where a directory is needed',
  });
  await project.mustOrch(['up', '-d']);
  await waitFor('both run', project.instances, (seen) => new Set(seen.map((one) => one.instance)).size === 2);
  await waitFor(
    'the good line is written',
    () => project.exists('new/dir/good.log') && project.read('new/dir/good.log'),
    (seen) => String(seen).includes('good'),
  );
  const status = await waitFor('the error is shown', project.ps, (seen) =>
    seen.logQueues.some((one) => one.error !== null),
  );
  expect(status.logQueues.find((one) => one.name === 'bad')!.error).toMatch(/blocked/);
  expect(status.logQueues.find((one) => one.name === 'good')!.error).toBeNull();
  expect(statSync(project.path('new/dir/good.log')).mode & 0o077).toBe(0);
  await project.down();
});
