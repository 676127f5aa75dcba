// A supervisor that is killed comes back by itself: the log writer starts the next one.
import { expect, test } from 'vitest';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { killSupervisor, logWritersOf, supervisorsOf, theSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const WITH_RESPAWN = { env: { ORCH_RESPAWN: '1' } };
const FILE = `
services:
  web: { command: [sh, -c, 'echo "$TOKEN" > "token.$ORCH_INSTANCE"; exec sleep 1000'], pool: 2, env: { TAG: "\${TAG:-none}" } }
  other: { command: [sleep, "1000"] }
`;

test('a killed supervisor is back within seconds; nothing is restarted, commands and settings stay', async () => {
  const project = createProject({ 'procs.yaml': FILE }, WITH_RESPAWN);
  await project.mustOrch(['up', '-d', '--wait'], { env: { TAG: 'v1', TOKEN: 'sesame' } });
  await project.mustOrch(['stop', 'other']);
  await project.mustOrch(['scale', '--ephemeral', 'web=3']);
  await project.mustOrch(['wait']);
  const before = incarnations(project.instances());
  const started = performance.now();
  await killSupervisor(project);
  await untilBack(project);
  expect(performance.now() - started).toBeLessThan(6_000);
  await project.mustOrch(['wait']);
  expect(incarnations(project.instances())).toEqual(before);
  const status = await project.ps();
  expect(status.services.map(({ override }) => override)).toEqual([{ pool: 3 }, { stopped: true }]);
  expect((await project.events()).map(({ type }) => type)).toContain('supervisor_revived');
  // It supervises, with the variables of that `up`: a new instance has them.
  await project.mustOrch(['scale', '--ephemeral', 'web=4']);
  await project.mustOrch(['wait']);
  expect(project.read('token.4')).toBe('sesame\n');
  expect(incarnations(project.instances())).toMatchObject(before);
  await project.down();
  expect(project.processes()).toEqual([]);
});

test('it comes back again and again, also with a file that is invalid by now', async () => {
  const project = createProject({ 'procs.yaml': FILE }, WITH_RESPAWN);
  await project.up();
  const before = incarnations(project.instances());
  await killSupervisor(project);
  await untilBack(project);
  project.edit('procs.yaml', 'services: { web: { comand: [x] } }\n');
  await killSupervisor(project);
  await untilBack(project);
  await waitFor('the problem is shown', project.ps, ({ config }) => config.status === 'rejected');
  expect(incarnations(project.instances())).toEqual(before);
  project.edit('procs.yaml', FILE);
  await project.down();
});

test('not after down, not with another one, not with ORCH_RESPAWN=0', async () => {
  const project = createProject({ 'procs.yaml': FILE }, WITH_RESPAWN);
  await project.up();
  await killSupervisor(project);
  // Before the log writer acts.
  const { stdout } = await project.mustOrch(['down']);
  expect(stdout).toContain('down');
  expect(project.processes()).toEqual([]);

  await project.up();
  await killSupervisor(project);
  const ups = await Promise.all([project.orch(['up', '-d', '--wait']), project.orch(['up', '-d', '--wait'])]);
  expect(ups.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const { pid } = theSupervisor(project);
  await quietly(1_500);
  expect(supervisorsOf(project).map((one) => one.pid)).toEqual([pid]);
  await project.mustOrch(['upgrade']);
  await quietly(1_500);
  expect(supervisorsOf(project)).toHaveLength(1);

  await project.mustOrch(['up', '-d', '--wait'], { env: { ORCH_RESPAWN: '0' } });
  await killSupervisor(project);
  await quietly(1_500);
  expect(supervisorsOf(project)).toEqual([]);
  expect((await project.orch(['ps'])).exitCode).toBe(3);
  await project.down();
});

test('a log writer that was killed before learns it from the supervisor again', async () => {
  const project = createProject({ 'procs.yaml': FILE }, WITH_RESPAWN);
  await project.up();
  const [first] = logWritersOf(project);
  process.kill(first!.pid, 'SIGKILL');
  await waitFor(
    'another one runs',
    () => logWritersOf(project)[0]?.pid,
    (pid) => pid !== undefined && pid !== first!.pid,
  );
  await quietly(500);
  await killSupervisor(project);
  await untilBack(project);
  await project.down();
});

const quietly = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function untilBack(project: Project): Promise<void> {
  await waitFor(
    'a supervisor answers',
    async () => (await project.orch(['ps'])).exitCode,
    (code) => code === 0,
    10_000,
  );
}
