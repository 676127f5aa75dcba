// What follows while a roll-out is held: a fix, a revert, a scale, a restart, another supervisor.
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { fewestReady, instancesOf, ofType } from './ready-count.ts';

const OK = 'setInterval(() => {}, 1000);\n';

const yaml = (script: string, { size = 3, more = '' } = {}): string => `services:
  api:
    command: [node, ${script}]
    pool: ${size}
    ready_after: 200ms
    ${more}
`;

/** A pool of three whose roll-out is held: api.1 runs the new version, which fails. */
async function held(more = ''): Promise<{ project: Project; before: Record<string, string> }> {
  const project = createProject(
    { 'procs.yaml': yaml('ok.js', { more }), 'ok.js': OK, 'fixed.js': OK },
    { readyAfter: true },
  );
  await project.up();
  const before = incarnations(project.instances());
  project.edit('procs.yaml', yaml('new.js', { more }));
  await waitFor('it is held', project.events, (events) => ofType(events, 'rollout_paused').length > 0);
  return { project, before };
}

const api = ({ instances }: Project): Record<string, string> => incarnations(instances());
const up = async (project: Project): Promise<unknown> =>
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '30s']);

test('a revert replaces the broken instance only', async () => {
  const { project, before } = await held();
  project.edit('procs.yaml', yaml('ok.js'));
  await up(project);
  const now = api(project);
  expect([now['api.2'], now['api.3']]).toEqual([before['api.2'], before['api.3']]);
  expect((await project.ps()).services[0]!.ready).toBe(3);
  expect((await project.ps()).degraded).toEqual([]);
  await project.down();
});

test('a fix in procs.yaml replaces all, and two keep serving', async () => {
  const { project, before } = await held();
  project.edit('procs.yaml', yaml('fixed.js'));
  await up(project);
  expect(Object.values(api(project)).some((one) => Object.values(before).includes(one))).toBe(false);
  expect(fewestReady(await project.events(), 'api', 10)).toBe(2);
  await project.down();
});

test('a fix of the program, and orch restart', async () => {
  const { project } = await held();
  project.write('new.js', OK);
  await project.mustOrch(['restart', 'api', '--wait', '--timeout', '30s']);
  expect((await project.ps()).converged).toBe(true);
  expect(new Set((await project.ps()).services[0]!.instances.map(({ specHash }) => specHash)).size).toBe(1);
  await project.down();
});

test('a before_start that is edited, a key that needs no new process, is tried again', async () => {
  const project = createProject({ 'procs.yaml': yaml('ok.js'), 'ok.js': OK, 'fixed.js': OK }, { readyAfter: true });
  await project.up();
  project.edit('procs.yaml', yaml('fixed.js', { more: 'hooks: { before_start: "exit 7" }' }));
  await waitFor('it is held', project.events, (events) => ofType(events, 'rollout_paused').length > 0);
  project.edit('procs.yaml', yaml('fixed.js', { more: 'hooks: { before_start: "true" }' }));
  await up(project);
  expect((await project.ps()).services[0]!.ready).toBe(3);
  await project.down();
});

test('a pool that grows grows by the version that serves; one that shrinks loses the highest numbers', async () => {
  const { project, before } = await held();
  await project.mustOrch(['scale', 'api=5']);
  const grown = await waitFor('the others serve', project.ps, (status) => status.services[0]!.ready === 4);
  expect(instanceOf(grown, 'api.5').specHash).toBe(instanceOf(grown, 'api.2').specHash);
  await project.mustOrch(['scale', 'api=2']);
  await waitFor(
    'they are gone',
    () => Object.keys(api(project)),
    (ids) => !ids.some((id) => /\.[345]$/.test(id)),
  );
  expect(api(project)['api.2']).toBe(before['api.2']);
  expect((await project.orch(['wait', '--timeout', '10s'])).exitCode).toBe(1);
  project.edit('procs.yaml', yaml('fixed.js', { size: 2 }));
  await up(project);
  await project.down();
});

test.each([
  [
    'SIGKILL of the supervisor',
    async (project: Project) => {
      // The event comes a moment earlier; an exit that is not saved would be one of an unknown status.
      await waitFor(
        'that it is held is saved',
        () => project.read('.orch/state.json'),
        (state) => state.includes('"paused"'),
      );
      process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
      await project.mustOrch(['up', '-d']);
    },
  ],
  ['orch upgrade', async (project: Project) => await project.mustOrch(['upgrade'])],
])('%s: no instance is touched, it is still held, and a fix continues', async (_, replace) => {
  const { project, before } = await held();
  await replace(project);
  const { rollout } = (await project.ps()).services[0]!;
  expect(rollout).toEqual({ state: 'paused', reason: expect.stringContaining('api.1 ended with exit code 1') });
  const wait = await project.orch(['wait', '--timeout', '15s']);
  expect([wait.exitCode, wait.stderr]).toEqual([1, expect.stringContaining('api.1 ended with exit code 1')]);
  const now = api(project);
  expect([now['api.2'], now['api.3']]).toEqual([before['api.2'], before['api.3']]);
  expect((await project.mustOrch(['why', 'api.2'])).stdout).toContain('orch restart api');
  project.edit('procs.yaml', yaml('fixed.js'));
  await up(project);
  expect((await project.ps()).services[0]!.ready).toBe(3);
  await project.down();
});

test('a supervisor that is killed in the middle continues with what it had stopped', async () => {
  const project = createProject(
    {
      'procs.yaml': yaml('ok.js', { more: 'stop: { grace: 3s }' }),
      'ok.js': `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 600));\n${OK}`,
      'fixed.js': OK,
    },
    { readyAfter: true },
  );
  await project.up();
  project.edit('procs.yaml', yaml('fixed.js', { more: 'stop: { grace: 3s }' }));
  await waitFor('the first stops', project.events, (events) => instancesOf(events, 'stopping').length > 0);
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await up(project);
  const { instances, ready } = (await project.ps()).services[0]!;
  expect([ready, new Set(instances.map(({ specHash }) => specHash)).size]).toEqual([3, 1]);
  await project.down();
});

test('an instance that fails once and then works resumes the roll-out by itself', async () => {
  const { project } = await held('restart: { policy: on_failure, backoff: { initial: 1s, factor: 1 } }');
  project.write('new.js', OK);
  await waitFor('it has resumed', project.events, (events) => ofType(events, 'rollout_resumed').length > 0, 25_000);
  await project.mustOrch(['wait', '--timeout', '30s']);
  await project.down();
});
