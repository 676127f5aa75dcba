// `orch envs` and `orch diff` of a project that runs.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
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

test('diff shows what runs otherwise than the files of the environment in force say', async () => {
  const project = createProject({
    'procs.yaml': `${base}  db: { command: [sleep, "1000"] }\n`,
    'procs.dev.yaml': 'services: { api: { env: { MODE: "${MODE:-none}" } } }\n',
    'procs.prod.yaml': 'services: { api: { pool: 1 }, db: null, web: { command: [sleep, "1000"] } }\n',
  });
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait'], { env: { MODE: 'fast' } });
  const same = await project.mustOrch(['diff']);
  expect(same.stdout).toMatch(/: what runs \(dev\) → the files \(dev\)\n\nNo difference\.\n$/);
  await project.mustOrch(['stop', 'db']);
  await project.mustOrch(['scale', '--ephemeral', 'api=3']);
  const changed = await project.orch(['diff']);
  expect(changed.exitCode).toBe(2);
  expect(changed.stdout).toContain('    live     pool: 3 (scale --ephemeral) → 2\n');
  expect(changed.stdout).toMatch(/^= db: runs otherwise\n {4}db\.1 stopped: .*by hand/m);
  const prod = await project.orch(['-e', 'prod', 'diff', '--json'], { env: { MODE: 'slow' } });
  expect(prod.exitCode).toBe(2);
  const { environment, services } = JSON.parse(prod.stdout);
  expect(environment).toEqual({ from: 'dev', to: 'prod' });
  expect(services.map(({ service, change }: { service: string; change: string }) => `${service} ${change}`)).toEqual([
    'api changed',
    'web added',
    'db removed',
  ]);
  await project.mustOrch(['start', 'db']);
  expect((await project.orch(['diff'])).stdout).not.toContain('db');
});

test('diff leaves the personal overlay out on request, and takes several overlays as one side', async () => {
  const project = createProject({
    'procs.yaml': base,
    'procs.dev.yaml': 'services: { api: { pool: 1 } }\n',
    'procs.local.yaml': 'services: { web: { command: [sleep, "1000"] } }\n',
  });
  await project.up();
  expect((await project.orch(['diff'])).exitCode).toBe(0);
  const without = await project.orch(['--no-local', 'diff']);
  expect(without.exitCode).toBe(2);
  expect(without.stdout).toMatch(/^- web: removed$/m);
  const both = await project.orch(['--no-local', 'diff', 'dev', 'dev, local']);
  expect(both.stdout).toMatch(/: dev → dev,local\n\n\+ web: added\n/);
});
