// A port that another program has: an instance without a probe that fails or lives on, and a socket that orch binds.
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';
import { listen } from './stranger.ts';

const LISTENS = `${PROGRAMS}listens.pl`;
const reasonOf = async (project: Project, id: string, pattern: RegExp): Promise<void> => {
  const isSaid = (reason: string | null) => reason !== null && pattern.test(reason);
  await waitFor(`${id} says ${pattern}`, project.ps, (now) => isSaid(instanceOf(now, id).reason), 15_000);
};

test('a program that cannot listen: the reason of its failure names the holder of the port', async () => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api: { command: [perl, ${LISTENS}, "${port}"], port: ${port}, ready_after: 500ms }\n`,
  });
  const other = await listen(port, { env: { ORCH_PROJECT: 'demo' }, cwd: project.root });
  const outcome = await project.orch(['up', '-d', '--wait']);
  expect(outcome.exitCode).toBe(1);
  const holder = `port ${port} is held by pid ${other.pid} (perl ${LISTENS}`;
  expect(outcome.stderr + outcome.stdout).toContain(holder);
  const status = await project.ps();
  expect(status.degraded![0]!.reason).toContain(holder);
  expect((await project.mustOrch(['why', 'api'])).stdout).toContain(holder);
  expect(JSON.stringify(await project.events())).toContain(`port ${port} is held by pid ${other.pid}`);
  other.kill('SIGKILL');
  await waitFor('it is ready', project.ps, (seen) => instanceOf(seen, 'api.1').state === 'ready', 15_000);
  await project.down();
});

test('a program without a probe that lives on although another one has its port is not ready', async () => {
  const port = await freePorts();
  const project = createProject(
    {
      'procs.yaml': `services:\n  web: { command: [perl, ${LISTENS}, "${port}", retry], port: ${port}, ready_after: 100ms }\n`,
    },
    { readyAfter: true },
  );
  const other = await listen(port);
  await project.mustOrch(['up', '-d']);
  await reasonOf(project, 'web.1', new RegExp(`^Alive, not ready yet: port ${port} is held by pid ${other.pid} `));
  other.kill('SIGKILL');
  await waitFor('it is ready', project.ps, (seen) => instanceOf(seen, 'web.1').state === 'ready', 15_000);
  await project.down();
});

test('a socket that orch cannot bind: the holder is named', async () => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  web: { command: [sleep, "1000"], listen: ["127.0.0.1:${port}"] }\n`,
  });
  const other = await listen(port);
  await project.mustOrch(['up', '-d']);
  await reasonOf(project, 'web.1', new RegExp(`is in use by another process: pid ${other.pid} \\(perl`));
  await project.down();
});

const backgrounds = (more: string) => `
services:
  server:
    command: [perl, -e, 'use POSIX; exit 0 if fork; setsid; exit 0 if fork; sleep 1000']
    ready_after: 500ms
    ${more}
`;

test.each([
  ['on_failure', 'failed'],
  ['always', 'backoff'],
])('a server that puts itself into the background has failed (restart: %s)', async (policy, state) => {
  const project = createProject({
    'procs.yaml': backgrounds(`restart: { policy: ${policy}, backoff: { initial: 100ms } }`),
  });
  const outcome = await project.orch(['up', '-d', '--wait']);
  expect(outcome.exitCode).toBe(1);
  const said = /ended while processes of it still run \(pid \d+\); the program must stay in the foreground/;
  expect(outcome.stderr + outcome.stdout).toMatch(said);
  await waitFor(
    `it is ${state}, and why says so`,
    async () => (await project.mustOrch(['why', 'server'])).stdout,
    (text) => said.test(text) && text.includes(`server.1 is ${state}`),
    15_000,
  );
  await project.mustOrch(['stop', 'server']);
  expect(project.instances()).toEqual([]);
  await project.down();
});

test('a task, and a service that others wait for to complete, may leave a helper behind', async () => {
  const project = createProject({
    'procs.yaml': `${backgrounds('restart: never').replace('server', 'task')}${backgrounds('stop: { grace: 50ms }').replace('\nservices:\n', '')}  after: { command: [sleep, "1000"], depends_on: { server: completed } }\n`,
  });
  await project.up();
  const status = await project.ps();
  expect(['task.1', 'server.1'].map((id) => instanceOf(status, id).state)).toEqual(['completed', 'completed']);
  await project.down();
});
