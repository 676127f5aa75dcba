// The whole project deleted and recreated under a running supervisor: two supervisors never start the same instances.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { killSupervisor, supervisorsOf, theSupervisor } from '../rig/supervisors.ts';
import { removeDirectory } from '../rig/temporary-directory.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

const YAML = 'services:\n  a: { command: [sleep, "1000"], pool: 3 }\n  b: { command: [sleep, "1000"] }\n';
const running = (project: Project) => incarnations(project.instances());

test('up takes over a project that was removed and recreated, and the old supervisor leaves', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const before = running(project);
  const { pid } = theSupervisor(project);
  removeDirectory(project.root); // its supervisor may write meanwhile
  mkdirSync(project.root);
  project.write('procs.yaml', YAML);
  await project.up();
  expect(running(project)).toEqual(before);
  // While both are there, only one of them starts again what ends.
  process.kill(project.instances().find(({ instance }) => instance === 'b.1')!.pid, 'SIGKILL');
  await waitFor(
    'one supervisor is left',
    () => supervisorsOf(project).map((one) => one.pid),
    (seen) => seen.length === 1 && seen[0] !== pid,
  );
  const ids = () => project.instances().map(({ instance }) => instance);
  await waitFor('b.1 runs again', ids, (seen) => seen.includes('b.1'));
  await holdsFor('each runs once', ids, (seen) => seen.length === new Set(seen).size, 500);
  await project.down();
  expect(project.instances()).toEqual([]);
});

test('the supervisor of a project replaced by its copy stays until the next one comes, and reports it', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const { pid } = theSupervisor(project);
  const pids = () => supervisorsOf(project).map((one) => one.pid);
  const before = running(project);
  const aside = `${project.root}.old`;
  onTestFinished(() => removeDirectory(aside));
  renameSync(project.root, aside);
  // cp skips a file that vanishes meanwhile, such as a state that is just being written.
  spawnSync('cp', ['-a', aside, project.root]);
  expect(project.exists('.orch/lock')).toBe(true);
  await holdsFor('it stays', pids, (seen) => seen.length === 1 && seen[0] === pid, 1_200);
  await project.up();
  expect(running(project)).toEqual(before);
  await waitFor('it left', pids, (seen) => seen.length === 1 && seen[0] !== pid);
  expect(project.read('.orch/events.jsonl')).toMatch(/"supervisor_displaced"/);
  await project.down();
});

test('down ends everything of a project that was removed and recreated', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  removeDirectory(project.root); // its supervisor may write meanwhile
  mkdirSync(project.root);
  project.write('procs.yaml', YAML);
  await project.down();
  expect(project.instances()).toEqual([]);
  await waitFor(
    'no supervisor is left',
    () => supervisorsOf(project).length,
    (seen) => seen === 0,
  );
  expect(project.instances()).toEqual([]);
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(port, '127.0.0.1', () => resolve(true));
    client.once('error', () => resolve(false));
    client.once('connect', () => client.destroy());
  });
}

test.for([
  [
    '.orch deleted over a crash',
    async (project: Project) => {
      await killSupervisor(project);
      rmSync(project.path('.orch'), { recursive: true });
    },
  ],
  [
    'the recreated project',
    async (project: Project) => {
      const yaml = project.read('procs.yaml');
      removeDirectory(project.root); // its supervisor may write meanwhile
      mkdirSync(project.root);
      project.write('procs.yaml', yaml);
    },
  ],
] as const)('the next supervisor gets the kept sockets: %s', async ([, spoil]) => {
  const port = await freePorts();
  const yaml = `services:\n  api: { command: [sleep, "1000"], listen: ['127.0.0.1:${port}'] }\n`;
  const project = createProject({ 'procs.yaml': yaml });
  await project.up();
  await waitFor(
    'a keeper',
    () => project.exists('.orch/run/held.sock'),
    (seen) => seen,
  );
  await spoil(project);
  await project.up();
  // Exits with 1 when the first start meets the older keeper, which is about to release the port.
  await project.orch(['restart', 'api']);
  await waitFor('it runs again', project.ps, (seen) => instanceOf(seen, 'api.1').state === 'ready');
  expect(await listens(port)).toBe(true);
  await project.down();
  await waitFor(
    'the port has no listener',
    () => listens(port),
    (seen) => !seen,
  );
  await waitFor('nothing is left', project.processes, (seen) => seen.length === 0);
});
