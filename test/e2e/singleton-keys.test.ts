// Which singletons are the same: by default only those of one project; with a key, all of a user, whatever their environment.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProject, instanceOf } from '../rig/project.ts';

const scheduler = (singleton: string): string => `
services:
  scheduler: { command: [sleep, "1000"], singleton: ${singleton}, ready_after: 10ms }
`;

test('two projects in directories of one name have a scheduler each', async () => {
  const place = createProject({});
  const roots = ['customer-x/backend', 'customer-y/backend'].map((path) => place.path(path));
  for (const [index, root] of roots.entries()) {
    place.write(join(['customer-x', 'customer-y'][index]!, 'backend/procs.yaml'), scheduler('true'));
    await place.mustOrch(['-f', join(root, 'procs.yaml'), 'up', '-d', '--wait', '--timeout', '20s']);
  }
  expect(place.instances().length).toBe(2);
  for (const root of roots) await place.mustOrch(['-f', join(root, 'procs.yaml'), 'down']);
});

test.each(['HOME', 'XDG_STATE_HOME', 'TMPDIR'])('two clones with another %s share a written key', async (variable) => {
  const key = `rig-${process.pid}-${variable.toLowerCase()}-${Date.now()}`;
  const [first, second] = [createProject({}), createProject({})];
  for (const project of [first, second]) {
    project.write('procs.yaml', scheduler(`{ key: ${key} }`));
    mkdirSync(project.path('home'), { recursive: true });
    const env = { [variable]: project.path('home') };
    await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s'], { env });
  }
  expect(first.instances()).toEqual([]);
  expect(instanceOf(await first.ps(), 'scheduler.1').reason).toContain(second.root);
  expect(second.instances().length).toBe(1);
  await first.down();
  await second.down();
});
