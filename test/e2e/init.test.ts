// `orch init` of the built command: what it writes from the files of other tools, `orch validate` takes.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';

test('init converts a compose file', async () => {
  const project = createProject({
    'compose.yaml': 'services:\n  web:\n    build: .\n    command: [node, web.js]\n  db: { image: postgres }\n',
  });
  const { stdout } = await project.mustOrch(['init']);
  expect(stdout).toContain('wrote procs.yaml from compose.yaml: web\n');
  expect(stdout).toContain('db: runs the image postgres without a command');
  await project.mustOrch(['validate']);
});

test('init converts a Procfile', async () => {
  const project = createProject({ Procfile: 'web: node web.js\n' });
  expect((await project.mustOrch(['init'])).stdout).toContain('wrote procs.yaml from Procfile: web\n');
  await project.mustOrch(['validate']);
});
