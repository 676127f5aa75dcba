// Scheduled services over a crash of the supervisor and over edits: what is made up for, and what `plan` says.
import { expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const starts = async (project: Project, id: string): Promise<number> =>
  (await project.events()).filter(({ type, instance }) => type === 'started' && instance === id).length;

/** 0 while it runs, and before its first run has ended. */
const nextRunMs = (status: Status, id: string): number =>
  Date.parse(/Next run at (\S+?); the last one ended well/.exec(instanceOf(status, id).reason ?? '')?.[1] ?? '') || 0;

test('catch_up runs a schedule once that was missed while no supervisor ran', async () => {
  const every = "'*/3 * * * * *'";
  const project = createProject({
    'procs.yaml': `
services:
  eager: { command: 'echo run >> eager', schedule: { cron: ${every}, catch_up: true } }
  lazy: { command: 'echo run >> lazy', schedule: ${every} }
`,
  });
  await project.mustOrch(['up', '-d']);
  const status = await waitFor(
    'both ran and have ended, and there is time until the next run',
    project.ps,
    (seen) => ['eager.1', 'lazy.1'].every((id) => nextRunMs(seen, id) > Date.now() + 1_000),
    15_000,
  );
  const next = nextRunMs(status, 'eager.1');
  process.kill(status.supervisor.pid, 'SIGKILL');
  const before = project.read('eager').length;
  const lazy = project.read('lazy').length;
  // Two runs are missed.
  await waitFor(
    'time passes',
    () => Date.now(),
    (now) => now > next + 3_500,
    15_000,
  );
  // From now on only missed runs could be run: the next regular one is a year away.
  project.write('procs.yaml', project.read('procs.yaml').replaceAll(every, "'0 3 1 1 *'"));
  await project.mustOrch(['up', '-d']);
  await waitFor(
    'eager made up',
    () => project.read('eager').length,
    (length) => length > before,
    5_000,
  );
  await project.mustOrch(['wait']);
  expect(project.read('eager').length).toBe(before + 'run\n'.length);
  expect(project.read('lazy').length).toBe(lazy);
  await project.down();
});

test('plan shows that a new schedule or command starts no run and interrupts none', async () => {
  const yaml = (command: string): string =>
    `services:\n  job: { command: ${command}, schedule: '0 3 1 1 *' }\n  api: { command: [sleep, "1000"] }\n`;
  const project = createProject({ 'procs.yaml': 'services:\n  api: { command: [sleep, "1000"] }\n' });
  const actions = async (): Promise<string[]> => {
    const plan = JSON.parse((await project.orch(['plan', '--json'])).stdout) as {
      changes: { service: string; action: string }[];
    };
    return plan.changes.map(({ service, action }) => `${action} ${service}`);
  };
  await project.up();
  project.edit('procs.yaml', yaml('[sleep, "1000"]'));
  await waitFor('it is declared', project.ps, ({ services }) => services.length === 2);
  expect(await actions()).toEqual([]);
  await project.mustOrch(['start', 'job']);
  const { pid } = instanceOf(await project.ps(), 'job.1');
  expect(pid).not.toBeNull();
  project.edit('procs.yaml', yaml('[sleep, "2000"]'));
  await waitFor('it is applied', project.ps, ({ generation, converged }) => generation === 3 && converged, 15_000);
  expect(instanceOf(await project.ps(), 'job.1')).toMatchObject({ pid, state: 'ready' });
  expect(await starts(project, 'job.1')).toBe(1);
  await project.down();
});

test('a first run at once comes with the project, in the plan too, and not again with the next supervisor', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  sync: { command: 'echo run >> runs', schedule: { every: 1d, at_start: true } }
  after: { command: 'echo "$(wc -l < runs)" > seen; exec sleep 1000', depends_on: { sync: completed } }
`,
  });
  const plan = await project.orch(['plan']);
  expect(plan.stdout).toMatch(/start +sync.*new in the configuration/);
  await project.mustOrch(['up', '-d', '--wait']);
  const status = await project.ps();
  expect(instanceOf(status, 'sync.1').reason).toMatch(/^Next run at .*; the last one ended well at/);
  expect(project.read('seen').trim()).toBe('1');
  process.kill(status.supervisor.pid, 'SIGKILL');
  await project.up();
  expect(instanceOf(await project.ps(), 'sync.1').reason).toBe(instanceOf(status, 'sync.1').reason);
  expect(project.read('runs')).toBe('run\n');
  expect((await project.orch(['plan'])).exitCode).toBe(0);
  await project.down();
});

test('time_zone: local is that of `orch up`', async () => {
  const project = createProject({
    'procs.yaml': "services: { job: { command: 'true', schedule: { cron: '0 3 * * *', time_zone: local } } }\n",
  });
  await project.mustOrch(['up', '-d'], { env: { TZ: 'Asia/Tokyo' } });
  await waitFor('its time', project.ps, (status) => (instanceOf(status, 'job.1').reason ?? '').includes('T18:00:00Z'));
  await project.down();
});
