// Roll-outs of real processes under load: how many serve at any time, and what a broken version does.
import { expect, test } from 'vitest';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { type Load, startLoad } from './load.ts';
import { PROGRAMS } from './procs.ts';

const POOL = 4;
const PORT = await freePorts(5);
const PORTS = [PORT, PORT + 1, PORT + 2, PORT + 3, PORT + 4];

const yaml = (version: string, rollout: string, command = `[node, ${PROGRAMS}serves-by-file.mjs]`): string =>
  `
services:
  api:
    command: ${command}
    env: { VERSION: "${version}" }
    port: ${PORTS[0]}
    pool: { size: ${POOL}, rollout: { ${rollout} } }
    readiness: { http: "http://127.0.0.1:$` +
  `{PORT}/", every: 100ms }
`;

async function underLoad(rollout: string): Promise<{ project: Project; load: Load }> {
  const project = createProject({ 'procs.yaml': yaml('1', rollout) });
  await project.up();
  const load = startLoad(PORTS);
  await waitFor('the load runs', load.rounds, (rounds) => rounds > 3);
  expect(load.fewest()).toBe(POOL);
  load.reset();
  return { project, load };
}
const versionsOf = async (project: Project): Promise<string[]> => {
  const [api] = (await project.ps()).services;
  return [...new Set(api!.instances.filter(({ pid }) => pid !== null).map(({ specHash }) => specHash))];
};

test.each([
  ['one may be missing', 'max_unavailable: 1', 3],
  ['one on top', 'max_unavailable: 0, max_surge: 1', 4],
  ['half may be missing', 'max_unavailable: 50%', 2],
])('a new version: %s', async (_, rollout, fewest) => {
  const { project, load } = await underLoad(rollout);
  const before = incarnations(project.instances());
  project.edit('procs.yaml', yaml('2', rollout));
  await waitFor('it has begun', project.ps, (status) => status.generation === 2);
  await project.mustOrch(['wait', '--timeout', '40s']);
  await load.stop();
  expect(load.fewest()).toBeGreaterThanOrEqual(fewest);
  const after = incarnations(project.instances());
  expect(Object.keys(after).sort()).toEqual(['api.1', 'api.2', 'api.3', 'api.4']);
  for (const id of Object.keys(after)) expect(after[id]).not.toBe(before[id]);
  expect((await project.events()).map(({ type }) => type)).toContain('rollout_finished');
  await project.down();
});

test.each([
  ['ends at once', '[sh, -c, "exit 3"]', 'the roll-out is paused: api.1 ended with exit code 3'],
  ['never gets ready', '[sleep, "1000"]', 'the roll-out is paused: no new instance got ready'],
])(
  'a broken version that %s leaves 3 of 4 serving, is paused, and gives way to the next',
  async (_, broken, because) => {
    const rollout = 'max_unavailable: 1, deadline: 2s';
    const { project, load } = await underLoad(rollout);
    project.edit('procs.yaml', yaml('2', rollout, broken));
    await waitFor(
      'it is paused',
      project.events,
      (events) => events.some(({ type }) => type === 'rollout_paused'),
      15_000,
    );
    await holdsFor('three serve', load.fewest, (fewest) => fewest >= 3, 1_000);
    const wait = await project.orch(['wait', '--timeout', '20s']);
    expect(wait.exitCode).toBe(1);
    expect(wait.stderr).toContain('paused');
    expect((await project.mustOrch(['why', 'api.2'])).stdout).toContain(because);
    expect((await project.orch(['plan'])).stdout).toMatch(
      /api +update.*: the roll-out is paused; .*orch restart api(.|\n)*1 change: 1 held back\./,
    );
    // One that crashes meanwhile comes back as what it was.
    const victim = project.instances().find(({ instance }) => instance === 'api.3')!;
    process.kill(victim.pid, 'SIGKILL');
    load.reset();
    await waitFor(
      'it is back',
      () => incarnations(project.instances())['api.3'],
      (now) => now !== undefined && now !== incarnations([victim])['api.3'],
    );
    project.edit('procs.yaml', yaml('3', rollout));
    await waitFor('the next one has begun', project.ps, (status) => status.generation === 3);
    await project.mustOrch(['wait', '--timeout', '40s']);
    await load.stop();
    expect(await versionsOf(project)).toHaveLength(1);
    await project.down();
  },
);

test('a broken version is rolled back and reported', async () => {
  const rollout = 'max_unavailable: 1, deadline: 1500ms, on_failure: rollback';
  const { project, load } = await underLoad(rollout);
  const good = await versionsOf(project);
  project.edit('procs.yaml', yaml('2', rollout, '[sh, -c, "exit 3"]'));
  await waitFor(
    'it goes back',
    project.events,
    (events) => events.some(({ type }) => type === 'rollout_rolled_back'),
    15_000,
  );
  await waitFor('all serve again', project.ps, (status) => status.services[0]!.ready === POOL, 15_000);
  await load.stop();
  expect(load.fewest()).toBeGreaterThanOrEqual(3);
  expect(await versionsOf(project)).toEqual(good);
  const why = (await project.mustOrch(['why', 'api.1'])).stdout;
  expect(why).toContain('Rolled back to the version before: api.1 ended with exit code 3');
  expect((await project.ps()).converged).toBe(false);
  // `up` would not try it again, and that is what the plan says.
  const planned = await project.orch(['plan', '--json']);
  expect(JSON.parse(planned.stdout)).toMatchObject({
    changes: [
      {
        service: 'api',
        action: 'update',
        instances: [],
        reason: expect.stringMatching(/^rolled back; .*orch restart api/),
      },
    ],
  });
  // The declaration goes back, too: now it is what runs, and nothing is touched.
  const before = incarnations(project.instances());
  project.edit('procs.yaml', yaml('1', rollout));
  await waitFor('all is well', project.ps, (status) => status.converged);
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
});

test('a roll-out continues under the next supervisor', async () => {
  const rollout = 'max_unavailable: 1, min_ready: 300ms';
  const { project, load } = await underLoad(rollout);
  project.edit('procs.yaml', yaml('2', rollout));
  await waitFor(
    'the first is replaced',
    project.events,
    (events) => events.some(({ type }) => type === 'stopped'),
    15_000,
  );
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await project.up();
  await load.stop();
  expect(load.fewest()).toBeGreaterThanOrEqual(3);
  expect(await versionsOf(project)).toHaveLength(1);
  await project.down();
});
