// The root procs.yaml is the first thing that a user tries: it has to work, edits included.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { get } from '../rig/example.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function createDemo(): Project {
  const project = createProject({});
  for (const name of ['procs.yaml', 'examples/demo']) cpSync(join(root, name), project.path(name), { recursive: true });
  return project;
}

test('the demo stack starts, follows an edit, and leaves no process after down', async () => {
  const project = createDemo();
  await project.up();
  const status = await project.ps();
  expect(instanceOf(status, 'migrate.1').state).toBe('completed');
  expect(status.services.map((service) => `${service.name} ${service.running}`)).toEqual([
    'web 3',
    'scheduler 1',
    'visitor 1',
    'migrate 0',
  ]);
  const port = instanceOf(status, 'web.1').port!;
  expect(
    await waitFor(
      'web.1 answers',
      () => get(port),
      (body) => body !== null,
    ),
  ).toMatch(/^hello from web\.1 of 3/);

  const before = incarnations(project.instances());
  const text = project.read('procs.yaml');
  const edited = text
    .replace('      GREETING: hello\n', '      GREETING: good morning\n')
    .replace('\n    pool: 3\n', '\n    pool: 4\n');
  project.edit('procs.yaml', edited);
  await waitFor(
    'web.4 is visited',
    async () => (await project.mustOrch(['logs', 'visitor'])).stdout,
    (seen) => seen.includes('good morning from web.4 of 4'),
    15_000,
  );
  await waitFor(
    'web.1 answers again',
    () => get(port),
    (body) => body?.startsWith('good morning from web.1') ?? false,
  );
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '10s']);
  const after = incarnations(project.instances());
  expect(after['scheduler.1']).toBe(before['scheduler.1']);
  // It uses the ports of the whole pool.
  expect(after['visitor.1']).not.toBe(before['visitor.1']);
  expect(after['web.1']).not.toBe(before['web.1']);

  project.edit('procs.yaml', edited.replace('\n    pool: 4\n', '\n    poool: 4\n'));
  const rejected = await waitFor('the edit is rejected', project.ps, (seen) => seen.config.status === 'rejected');
  expect(rejected.config.problems[0]).toMatchObject({ file: 'procs.yaml', hint: expect.stringContaining('pool') });
  expect(incarnations(project.instances())).toEqual(after);
  await project.down();
});
