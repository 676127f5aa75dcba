// Dependencies and pools: what starts before what, and what stops first (I15).
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf } from '../rig/project.ts';
import { linesOf, readRecords } from '../rig/records.ts';
import { waitFor } from '../rig/wait-for.ts';

test('a dependent starts after its task has completed, and stops before its dependencies', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  web:
    command: [node, PROGRAMS/records-start-stop.mjs, record.txt, "50"]
    depends_on: { db: started, migrate: completed }
  migrate: { command: [sh, -c, 'sleep 0.3; echo "{\\"event\\":\\"migrated\\"}" >>record.txt'], restart: never, depends_on: [db] }
  db: { command: [node, PROGRAMS/records-start-stop.mjs, record.txt] }
`,
  });
  await project.up();
  await waitFor(
    'all have started',
    () => readRecords(project.path('record.txt')),
    (seen) => seen.filter((one) => one.event === 'start').length === 2,
  );
  await project.down();
  const story = readRecords(project.path('record.txt')).map((one) => `${one.event} ${one.id ?? ''}`.trim());
  expect(story.filter((line) => line !== 'start db.1')).toEqual(['migrated', 'start web.1', 'stop web.1', 'stop db.1']);
  expect(project.processes()).toEqual([]);
});

test('an unmet dependency keeps an instance waiting, and its reason names the dependency', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  web: { command: [sleep, "1000"], depends_on: { migrate: completed } }
  migrate: { command: [sh, -c, "echo broken >&2; exit 7"], restart: never }
`,
  });
  const up = await project.orch(['up', '-d', '--wait']);
  expect(up.exitCode).toBe(1);
  const status = await project.ps();
  expect(status.converged).toBe(false);
  expect(instanceOf(status, 'migrate.1')).toMatchObject({ state: 'failed', lastExit: { code: 7 } });
  expect(instanceOf(status, 'web.1')).toMatchObject({
    state: 'waiting',
    pid: null,
    reason: expect.stringContaining('migrate'),
  });
  expect(project.instances()).toEqual([]);
  project.edit('procs.yaml', project.read('procs.yaml').replace('exit 7', 'exit 0'));
  await waitFor(
    'web runs',
    () => Object.keys(incarnations(project.instances())),
    (seen) => seen.join() === 'web.1',
  );
  await project.down();
});

test('a pool grows and shrinks at its highest number', async () => {
  const yaml = (size: number): string =>
    `services:\n  w: { command: [sh, PROGRAMS/records-start-stop.sh, record.txt], pool: ${size} }\n`;
  const project = createProject({ 'procs.yaml': yaml(2) });
  const names = (): string =>
    Object.keys(incarnations(project.instances().filter((one) => one.command.startsWith('sh ')))).join();
  await project.up();
  const before = incarnations(project.instances().filter((one) => one.command.startsWith('sh ')));
  project.edit('procs.yaml', yaml(6));
  await waitFor('six run', names, (seen) => seen === 'w.1,w.2,w.3,w.4,w.5,w.6');
  await waitFor(
    'six have recorded',
    () => linesOf(project.path('record.txt')).length,
    (seen) => seen === 6,
  );
  project.edit('procs.yaml', yaml(3));
  await waitFor('three run', names, (seen) => seen === 'w.1,w.2,w.3');
  const stops = linesOf(project.path('record.txt')).filter((line) => line.startsWith('stop'));
  expect(stops.sort()).toEqual(['stop w.4', 'stop w.5', 'stop w.6']);
  expect(incarnations(project.instances().filter((one) => one.command.startsWith('sh ')))).toMatchObject(before);
  project.edit('procs.yaml', yaml(0));
  await waitFor('none runs', names, (seen) => seen === '');
  expect((await project.ps()).services[0]).toMatchObject({ pool: 0, running: 0, instances: [] });
  await project.down();
});

test('disabled services do not run, and dependents of a removed service are refused', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], enabled: false }\n  b: { command: [sleep, "1000"] }\n',
  });
  await project.up();
  expect(Object.keys(incarnations(project.instances()))).toEqual(['b.1']);
  project.edit('procs.yaml', 'services:\n  b: { command: [sleep, "1000"], depends_on: [a] }\n');
  const status = await waitFor('rejected', project.ps, (seen) => seen.config.status === 'rejected');
  expect(status.config.problems[0]!.message).toContain('a');
  await project.down();
});
