// examples/environments: one base, overlays for dev and prod, and the plan from one to the other.
import { expect, test } from 'vitest';
import { createExampleProject, get } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import { incarnations } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const PORT = await freePorts(4);

test('each environment runs its own services, and prod can be planned and applied over dev', async () => {
  const project = createExampleProject('environments', { 18550: PORT });
  await project.mustOrch(['-e', 'dev', 'up', '-d', '--wait']);
  expect(Object.keys(incarnations(project.instances()))).toEqual(['api.1']);
  expect(
    await waitFor(
      'dev answers',
      () => get(PORT),
      (body) => body !== null,
    ),
  ).toBe('env=dev log=debug cache=off\n');

  const before = incarnations(project.instances());
  const plan = await project.orch(['-e', 'prod', 'plan', '--json']);
  expect(plan.exitCode).toBe(2);
  const services = (JSON.parse(plan.stdout) as { changes: { service: string }[] }).changes.map((one) => one.service);
  expect([...new Set(services)].sort()).toEqual(['api', 'reporter']);
  expect(incarnations(project.instances())).toEqual(before);

  await project.mustOrch(['-e', 'prod', 'up', '-d', '--wait', '--switch']);
  expect((await project.ps()).env).toBe('prod');
  expect(Object.keys(incarnations(project.instances()))).toEqual(['api.1', 'api.2', 'api.3', 'api.4', 'reporter.1']);
  expect(
    await waitFor(
      'prod answers',
      () => get(PORT + 3),
      (body) => body !== null,
    ),
  ).toBe('env=prod log=info cache=on\n');
  await project.down();
});

test('config explains where a value comes from', async () => {
  const project = createExampleProject('environments', { 18550: PORT });
  const dev = await project.mustOrch(['-e', 'dev', 'config']);
  expect(dev.stdout).not.toContain('reporter');
  const prod = await project.mustOrch(['-e', 'prod', 'config', '--explain']);
  expect(prod.stdout).toMatch(/pool: 4.*procs\.prod\.yaml:3/);
});

test('envs and diff name what the overlays change', async () => {
  const project = createExampleProject('environments', { 18550: PORT });
  expect((await project.mustOrch(['envs'])).stdout).toMatch(/^prod +valid +\d+ +\d+ {2}.*pool/m);
  const diff = await project.orch(['diff', 'dev', 'prod']);
  expect(diff.exitCode).toBe(2);
  expect(diff.stdout).toContain('    live     pool: 1 → 4\n');
});
