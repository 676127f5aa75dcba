// `orch envs` and `orch diff` of a project that runs.
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';

const base = 'services:\n  api: { command: [sleep, "1000"], pool: 2 }\n';

test('envs names the environment that runs, also once its overlay is gone', async () => {
  const project = createProject({
    'procs.yaml': base,
    'procs.dev.yaml': 'services: { api: { pool: 1 } }\n',
    'procs.prod.yaml': 'services: { api: { pool: 4 } }\n',
  });
  await project.up('-e', 'dev');
  const listed = await project.mustOrch(['envs']);
  expect(listed.stdout).toMatch(/^dev +runs +1 +1 {2}api \(pool 2 → 1\)$/m);
  expect(listed.stdout).toMatch(/^prod +valid +1 +4 {2}api \(pool 2 → 4\)$/m);
  rmSync(project.path('procs.dev.yaml'));
  const gone = await project.orch(['envs', '--json']);
  expect(gone.exitCode).toBe(2);
  const { running, environments } = JSON.parse(gone.stdout);
  expect(running).toEqual({ env: 'dev' });
  expect(environments).toContainEqual(expect.objectContaining({ name: 'dev', runs: true, status: 'rejected' }));
});
