// `orch up NAME` adds to what runs; a plain `orch up` asks for everything again.
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const FILES = {
  'procs.yaml': `
services:
  db: { command: [sleep, "1000"] }
  api: { command: [sleep, "1000"], depends_on: [db] }
  web: { command: [sleep, "1000"], pool: 2 }
  worker: { command: [sleep, "1000"], profiles: [jobs] }
`,
};
const running = (project: Project): string[] => Object.keys(incarnations(project.instances()));
const EVERYTHING = ['api.1', 'db.1', 'web.1', 'web.2'];

test('on a running project, up of a service stops nothing and touches nothing else', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = incarnations(project.instances());
  await project.up('api');
  expect(incarnations(project.instances())).toEqual(before);
  await project.up('worker');
  const after = incarnations(project.instances());
  expect(after).toMatchObject(before);
  expect(Object.keys(after)).toEqual([...EVERYTHING, 'worker.1']);
  await project.down();
});

test('up of further services adds them and what they depend on; a plain up runs everything', async () => {
  const project = createProject(FILES);
  await project.up('web');
  expect(running(project)).toEqual(['web.1', 'web.2']);
  const why = JSON.parse((await project.mustOrch(['why', 'db', '--json'])).stdout);
  expect(JSON.stringify(why)).toContain('`orch up` or `orch start db` starts it');
  await project.up('api');
  expect(running(project)).toEqual(EVERYTHING);
  await project.mustOrch(['down']);
  await project.up('db');
  const plan = await project.orch(['plan']);
  expect(plan).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('start web.1') });
  // An edit does not widen the choice.
  project.edit('procs.yaml', FILES['procs.yaml'].replace('pool: 2', 'pool: 1'));
  await waitFor('the edit is applied', project.ps, (status) => status.services[2]!.pool === 1);
  expect(running(project)).toEqual(['db.1']);
  await project.up();
  expect(running(project)).toEqual(['api.1', 'db.1', 'web.1']);
  await project.down();
});

test('start adds a service to those that up was given, with what it depends on', async () => {
  const project = createProject(FILES);
  await project.up('web');
  await project.mustOrch(['start', '--wait', 'api']);
  expect(running(project)).toEqual(EVERYTHING);
  await project.down();
});

test('a service that is named is started although it was stopped; the others stay stopped over a plain up', async () => {
  const project = createProject(FILES);
  await project.up();
  await project.mustOrch(['stop', 'api', 'web']);
  await project.up('api');
  expect(running(project)).toEqual(['api.1', 'db.1']);
  const { stdout } = await project.up();
  expect(stdout).toContain('kept stopped: web (`orch start web` undoes it)');
  expect(running(project)).toEqual(['api.1', 'db.1']);
  await project.down();
});

test('the choice outlives the supervisor; after its death too, up of a service only adds', async () => {
  const project = createProject(FILES);
  await project.up('web');
  await killSupervisor(project);
  await project.up('db');
  expect(running(project)).toEqual(['db.1', 'web.1', 'web.2']);
  await killSupervisor(project);
  await project.up();
  expect(running(project)).toEqual(EVERYTHING);
  await killSupervisor(project);
  await project.up('worker');
  expect(running(project)).toEqual([...EVERYTHING, 'worker.1']);
  await project.down();
});
