// A configuration in several files, with real processes: included files and layers.
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const running = (project: Project): Record<string, string> => incarnations(project.instances());

test('a new file that an include matches is an edit, and so is its removal; it runs in its own directory', async () => {
  const project = createProject({
    'procs.yaml': 'include: [{ path: "services/*/procs.yaml", as: relative }]\nservices: {}\n',
    'services/a/procs.yaml': 'services:\n  a: { command: [sleep, "1000"] }\n',
  });
  await project.mustOrch(['up', '-d', '--wait']);
  const before = running(project);
  expect(Object.keys(before)).toEqual(['a.1']);
  mkdirSync(project.path('services/b'));
  project.edit('services/b/procs.yaml', 'services:\n  b: { command: [sleep, "1000"] }\n');
  const both = await waitFor(
    'b runs',
    () => running(project),
    (seen) => 'b.1' in seen,
  );
  expect(both['a.1']).toBe(before['a.1']);
  const [pid] = both['b.1']!.split('@');
  expect(realpathSync(`/proc/${pid}/cwd`)).toBe(realpathSync(project.path('services/b')));
  rmSync(project.path('services/b'), { recursive: true });
  const after = await waitFor(
    'b is gone',
    () => running(project),
    (seen) => !('b.1' in seen),
  );
  expect(after).toEqual(before);
  await project.down();
});
