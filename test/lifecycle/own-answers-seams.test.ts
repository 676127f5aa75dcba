// Own answers where other features meet: a shell, a terminal, exit records, the next supervisor, an upgrade, scaling.
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { PROGRAMS } from './procs.ts';
import { listen } from './stranger.ts';

const LISTENS = `${PROGRAMS}listens.pl`;
const READY = 'readiness: { tcp: "$' + '{PORT}", every: 50ms, timeout: 300ms }';
const stateOf = async (project: Project, id: string) => instanceOf(await project.ps(), id).state;

test.each([
  ['behind a shell that stays', `perl ${LISTENS} $PORT; true`, ''],
  ['on a terminal', `perl ${LISTENS} $PORT`, 'tty: true'],
  ['behind the recorder of its exit', `perl ${LISTENS} $PORT`, 'exit_record: true'],
])('%s: the socket of the program is its own', async (_, command, more) => {
  const port = await freePorts();
  const project = createProject({
    'procs.yaml': `services:\n  api:\n    command: "${command}"\n    port: ${port}\n    ${READY}\n    ${more}\n`,
  });
  await project.up();
  expect(await stateOf(project, 'api.1')).toBe('ready');
  await project.down();
});

test('a killed supervisor and an upgrade: adopted instances stay ready by their own answer, others by none', async () => {
  const port = await freePorts(2);
  const project = createProject({
    'procs.yaml': `services:\n  own: { command: [perl, ${LISTENS}, "${port}"], port: ${port}, ${READY} }\n  robbed: { command: [sleep, "1000"], port: ${port + 1}, ${READY} }\n`,
  });
  const other = await listen(port + 1);
  await project.mustOrch(['up', '-d']);
  const isTold = async (): Promise<void> => {
    await waitFor('each is what it is', project.ps, (status) => {
      const [own, robbed] = [instanceOf(status, 'own.1'), instanceOf(status, 'robbed.1')];
      return own.state === 'ready' && robbed.state !== 'ready' && /held by pid/.test(robbed.reason ?? '');
    });
  };
  await isTold();
  const { pid } = (await project.ps()).supervisor;
  process.kill(pid, 'SIGKILL');
  await project.mustOrch(['up', '-d']);
  await isTold();
  await project.mustOrch(['upgrade']);
  await isTold();
  expect((await project.events()).filter(({ type, instance }) => type === 'exited' && instance === 'own.1')).toEqual(
    [],
  );
  other.kill('SIGKILL');
  await project.down();
});

test.each([
  ['in the file', []],
  ['with --ephemeral', ['--ephemeral']],
])('scaled beyond one on a kept socket, %s: refused, and the one that serves stays ready', async (_, options) => {
  const port = await freePorts();
  const server = `require('http').createServer((_, r) => r.setHeader('connection', 'close').end()).listen({ fd: 3 })`;
  const project = createProject({
    'procs.yaml': `services:\n  web:\n    command: [node, -e, "${server}"]\n    listen: ["127.0.0.1:${port}"]\n    readiness: { http: "http://127.0.0.1:${port}/", every: 50ms }\n`,
  });
  await project.up();
  const before = incarnations(project.instances());
  const refused = await project.orch(['scale', 'web=2', ...options]);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain(`would be asked at port ${port}, where any of them may answer`);
  expect(refused.stderr).toContain('hint: use `notify`, `log` or `exec`');
  expect(incarnations(project.instances())).toEqual(before);
  expect(instanceOf(await project.ps(), 'web.1').state).toBe('ready');
  await project.down();
});

test('a pool on one kept socket: the new version that dies at once is refused at load, and nothing stops', async () => {
  const port = await freePorts();
  const server = `require('http').createServer((_, r) => r.setHeader('connection', 'close').end()).listen({ fd: 3 })`;
  const yaml = (command: string, probe: string) =>
    `services:\n  web:\n    command: [node, -e, "${command}"]\n    pool: 4\n    listen: ["127.0.0.1:${port}"]\n${probe}`;
  const project = createProject({ 'procs.yaml': yaml(server, '') });
  await project.up();
  const before = project.instances().map(({ pid }) => pid);
  const probe = `    readiness: { http: "http://127.0.0.1:${port}/" }\n`;
  project.write('procs.yaml', yaml('setTimeout(() => process.exit(1), 200)', probe));
  const outcome = await project.orch(['up', '-d', '--wait']);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toMatch(/procs\.yaml:\d+:\d+: all instances of "web" would be asked at port/);
  expect(project.instances().map(({ pid }) => pid)).toEqual(before);
  await project.down();
});
