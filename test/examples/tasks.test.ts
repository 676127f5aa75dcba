// examples/tasks: migrate, then seed, then serve; and what a failing task holds back.
import { expect, test } from 'vitest';
import { createExampleProject, get } from '../rig/example.ts';
import { instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

test('the server starts after both tasks have completed', async () => {
  const project = createExampleProject('tasks');
  await project.up();
  const status = await project.ps();
  expect(instanceOf(status, 'migrate.1')).toMatchObject({ state: 'completed', pid: null, lastExit: { code: 0 } });
  expect(instanceOf(status, 'seed.1')).toMatchObject({ state: 'completed', lastExit: { code: 0 } });
  const { state, port } = instanceOf(status, 'serve.1');
  expect(state).toBe('ready');
  expect(
    await waitFor(
      'it serves',
      () => get(port!),
      (body) => body !== null,
    ),
  ).toBe('apple\npear\nplum\n');
  await project.down();
});

test('a failed task keeps its dependents waiting, and why names it', async () => {
  const project = createExampleProject('tasks');
  project.write('migrate.mjs', "console.error('no disk');\nprocess.exit(1);\n");
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.exitCode).toBe(1);
  expect(up.stderr).toMatch(/^error: .*migrate/m);
  const status = await project.ps();
  expect(instanceOf(status, 'migrate.1')).toMatchObject({ state: 'failed', lastExit: { code: 1 } });
  expect(instanceOf(status, 'serve.1')).toMatchObject({ state: 'waiting', pid: null });
  const why = await project.mustOrch(['why', 'serve']);
  expect(why.stdout).toContain('migrate');
  await project.down();
});
