// A probe or a drain counts only when the instance itself answers: strangers, siblings, and programs that do not accept.
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';
import { listen } from './stranger.ts';

const LISTENS = `${PROGRAMS}listens.pl`;
const HTTP = '{ http: "http://127.0.0.1:$' + '{PORT}/", every: 50ms, failures: 1 }';
const TCP = '{ tcp: "$' + '{PORT}", every: 50ms, timeout: 200ms, failures: 2 }';

const becomes = (project: Project, id: string, state: string) =>
  waitFor(`${id} is ${state}`, project.ps, (status) => instanceOf(status, id).state === state, 15_000);
const reasonOf = async (project: Project, id: string, pattern: RegExp): Promise<string> => {
  const isSaid = (reason: string | null) => reason !== null && pattern.test(reason);
  const seen = await waitFor(`${id} says ${pattern}`, project.ps, (now) => isSaid(instanceOf(now, id).reason), 15_000);
  return instanceOf(seen, id).reason!;
};

test.each([
  ['http', HTTP],
  ['tcp', TCP],
])('%s: an instance is not ready by the answer of a stranger, and is once it has the port itself', async (_, probe) => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api: { command: [perl, ${LISTENS}, "${port}", retry], port: ${port}, readiness: ${probe} }\n`,
  });
  const other = await listen(port, { env: { ORCH_PROJECT: 'demo', ORCH_INSTANCE_ID: 'srv.1' }, cwd: project.root });
  await project.mustOrch(['up', '-d']);
  const reason = await reasonOf(project, 'api.1', /held by/);
  expect(reason).toContain(`port ${port} is held by pid ${other.pid} (perl ${LISTENS}`);
  expect(reason).toContain(`srv.1 of project demo in ${project.root}`);
  expect((await project.mustOrch(['why', 'api'])).stdout).toContain(`port ${port} is held by pid ${other.pid}`);
  expect((await project.ps()).converged).toBe(false);
  other.kill('SIGKILL');
  await becomes(project, 'api.1', 'ready');
  expect((await project.events()).filter(({ type }) => type === 'became_ready')).toHaveLength(1);
  await project.down();
});

test.each(['fork', 'daemon'])('a socket that only a worker (%s) still holds is its own', async (way) => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api: { command: [perl, ${LISTENS}, "${port}", ${way}], port: ${port}, readiness: ${HTTP} }\n`,
  });
  await project.up();
  expect(instanceOf(await project.ps(), 'api.1').state).toBe('ready');
  await project.down();
});

test('a socket that orch keeps for one instance is its own', async () => {
  const port = await freePorts();
  const server = `require('http').createServer((_, r) => r.setHeader('connection', 'close').end()).listen({ fd: 3 })`;
  const project = createProject({
    'procs.yaml': `services:\n  web:\n    command: [node, -e, "${server}"]\n    listen: ["127.0.0.1:${port}"]\n    readiness: { http: "http://127.0.0.1:${port}/", every: 50ms }\n`,
  });
  await project.up();
  await project.mustOrch(['restart', 'web', '--wait']);
  expect(instanceOf(await project.ps(), 'web.1').state).toBe('ready');
  await project.down();
});

test('a socket that another process shares does not count', async () => {
  const port = await freePorts();
  const service = (name: string) =>
    `  ${name}: { command: [perl, ${LISTENS}, "${port}", share], readiness: { http: "http://127.0.0.1:${port}/", every: 50ms }, depends_on: DEP }\n`;
  const yaml = `services:\n${service('blue').replace('DEP', '[]')}${service('green').replace('DEP', '[blue]')}`;
  const project = createProject({ 'procs.yaml': yaml.replace('depends_on: [blue]', 'depends_on: { blue: ready }') });
  await project.mustOrch(['up', '-d']);
  const reason = await reasonOf(project, 'green.1', /shared/);
  expect(reason).toMatch(new RegExp(`port ${port} is shared with pid \\d+ \\(perl .*blue\\.1 of project`));
  await project.mustOrch(['stop', 'blue']);
  await becomes(project, 'green.1', 'ready');
  await project.down();
});

test('tcp: a program that never accepts is not ready', async () => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api: { command: [perl, ${LISTENS}, "${port}", deaf], port: ${port}, readiness: ${TCP} }\n`,
  });
  await project.mustOrch(['up', '-d']);
  await reasonOf(project, 'api.1', /connected, but the program does not accept the connection/);
  await project.down();
});

test('tcp: liveness restarts a program that does not accept any more', async () => {
  const port = await freePorts();
  // Long enough for a slow machine to connect: what then does not come is the acceptance.
  const patient = TCP.replace('200ms', '1s');
  const project = createProject({
    'procs.yaml': `services:\n  api:\n    command: [perl, ${LISTENS}, "${port}"]\n    port: ${port}\n    readiness: ${patient}\n    liveness: ${patient}\n    stop: { grace: 50ms }\n`,
  });
  await project.up();
  const { pid } = project.instances()[0]!;
  process.kill(pid, 'SIGSTOP');
  const unhealthy = await waitFor(
    'it is found unhealthy',
    async () => (await project.events()).find(({ type }) => type === 'became_unhealthy'),
    (event) => event !== undefined,
  );
  expect(unhealthy!.message).toContain('does not accept');
  await waitFor('another one is ready', project.ps, (status) => {
    const { state, restarts } = instanceOf(status, 'api.1');
    return state === 'ready' && restarts > 0;
  });
  await project.down();
});

test('a drain is not sent to a stranger', async () => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api:\n    command: [sleep, "1000"]\n    port: ${port}\n    stop: { drain: { http: "http://127.0.0.1:$\{PORT}/drain" } }\n`,
  });
  const other = await listen(port, { cwd: project.root });
  await project.mustOrch(['up', '-d']);
  await becomes(project, 'api.1', 'ready');
  await project.down();
  expect(project.exists('requests')).toBe(false);
  other.kill('SIGKILL');
});

test('the owner of the socket is looked up again after a restart', async () => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api:\n    command: [perl, ${LISTENS}, "${port}", retry, share]\n    port: ${port}\n    readiness: ${HTTP}\n    restart: { policy: always, backoff: { initial: 0ms } }\n`,
  });
  await project.up();
  const other = await listen(port);
  const { pid } = project.instances()[0]!;
  process.kill(pid, 'SIGKILL');
  await reasonOf(project, 'api.1', /is (held by|shared with) pid/);
  other.kill('SIGKILL');
  await becomes(project, 'api.1', 'ready');
  await project.down();
});
