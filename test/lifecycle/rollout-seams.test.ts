// Roll-outs where they meet other features: a dependency that is disabled, lost or one of two, tasks, extra instances, overrides.
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';
import { fewestReady, instancesOf, ofType } from './ready-count.ts';

const SLEEP = '[sleep, "1000"]';
const LIMIT = ['--timeout', '20s'];

async function running(text: string, files: Record<string, string> = {}): Promise<Project> {
  const project = createProject({ 'procs.yaml': text, ...files }, { readyAfter: true });
  await project.up();
  return project;
}
const now = ({ instances }: Project): Record<string, string> => incarnations(instances());
const isPaused = (events: Parameters<typeof ofType>[0]): boolean => ofType(events, 'rollout_paused').length > 0;

const chain = (version: string, db = '', onLoss = 'ignore'): string => `services:
  db: { command: ${SLEEP}, ready_after: 100ms, env: { V: "${version}" }${db} }
  api:
    command: ${SLEEP}
    env: { V: "${version}" }
    pool: 2
    ready_after: 100ms
    depends_on: { db: { condition: ready, on_loss: ${onLoss} } }
`;

test('a dependency that the same edit disables: what depends on it keeps serving, and up --wait ends with the reason', async () => {
  const project = await running(chain('1'));
  const before = now(project);
  project.edit('procs.yaml', chain('2', ', enabled: false'));
  const up = await project.orch(['up', '-d', '--wait', ...LIMIT]);
  expect([up.exitCode, up.stderr]).toEqual([1, expect.stringContaining('db')]);
  expect([now(project)['api.1'], now(project)['api.2']]).toEqual([before['api.1'], before['api.2']]);
  project.edit('procs.yaml', chain('2'));
  await project.mustOrch(['up', '-d', '--wait', ...LIMIT]);
  await project.down();
});

test('with on_loss: hold, what depends on it stops first, and both come back in the new version', async () => {
  const project = await running(chain('1', '', 'hold'));
  project.edit('procs.yaml', chain('2', '', 'hold'));
  await project.mustOrch(['up', '-d', '--wait', ...LIMIT]);
  const stops = instancesOf(await project.events(), 'stopping');
  expect(stops.indexOf('db.1')).toBeGreaterThan(Math.max(stops.indexOf('api.1'), stops.indexOf('api.2')));
  expect((await project.ps()).services[1]!.ready).toBe(2);
  await project.down();
});

const pool = (command: string, rollout: string, more = ''): string => `services:
  api:
    command: ${command}
    pool: { size: 2, rollout: { ${rollout} } }
    ready_after: 200ms
    ${more}
`;

test('an extra instance that fails: no instance of the pool is touched', async () => {
  const rollout = 'max_unavailable: 0, max_surge: 1';
  const project = await running(pool(SLEEP, rollout));
  const before = now(project);
  project.edit('procs.yaml', pool('"exit 3"', rollout));
  await waitFor('it is paused', project.events, isPaused);
  const up = await project.orch(['up', '-d', '--wait', ...LIMIT]);
  expect([up.exitCode, up.stderr]).toEqual([1, expect.stringContaining('api.3 ended with exit code 3')]);
  expect(now(project)).toMatchObject(before);
  project.edit('procs.yaml', pool(SLEEP, rollout));
  await project.mustOrch(['up', '-d', '--wait', ...LIMIT]);
  expect(now(project)).toEqual(before);
  await project.down();
});

test('scale --ephemeral while it is held, and back', async () => {
  const project = await running(pool(SLEEP, 'max_unavailable: 1'));
  const before = now(project);
  project.edit('procs.yaml', pool('"exit 3"', 'max_unavailable: 1'));
  await waitFor('it is paused', project.events, isPaused);
  await project.mustOrch(['scale', '--ephemeral', 'api=4']);
  await waitFor('the new ones serve', project.ps, (status) => status.services[0]!.ready === 3);
  await project.mustOrch(['scale', '--ephemeral', 'api=file']);
  await waitFor(
    'they are gone',
    () => Object.keys(now(project)),
    (ids) => !ids.includes('api.4'),
  );
  expect(now(project)['api.2']).toBe(before['api.2']);
  await project.down();
});

test('tasks of a pool: those that have completed hold up no restart of the others', async () => {
  const project = createProject(
    {
      'procs.yaml':
        'services:\n  job: { command: "test $ORCH_INSTANCE != 3 || exec sleep 1000", pool: 3, restart: never, ready_after: 100ms }\n',
    },
    { readyAfter: true },
  );
  await project.mustOrch(['up', '-d', '--wait', ...LIMIT]);
  const before = now(project);
  await project.mustOrch(['restart', 'job.3']);
  expect(now(project)['job.3']).not.toBe(before['job.3']);
  await project.mustOrch(['wait', ...LIMIT]);
  await project.down();
});

test('an instance that was given up long ago holds up no restart of its pool', async () => {
  const project = createProject(
    {
      'procs.yaml': `services:
  api:
    command: "test $ORCH_INSTANCE != 3 && exec sleep 1000; exit 3"
    pool: 3
    ready_after: 100ms
    restart: { policy: on_failure, backoff: { initial: 10ms }, limit: { count: 1, within: 1m } }
`,
    },
    { readyAfter: true },
  );
  await project.mustOrch(['up', '-d']);
  await waitFor('it is given up', project.ps, (status) => instanceOf(status, 'api.3').state === 'failed');
  await waitFor('the others are ready', project.ps, (status) => status.services[0]!.ready === 2);
  const before = now(project);
  const since = (await project.events()).at(-1)!.seq;
  await project.mustOrch(['restart', 'api.1', 'api.2']);
  await waitFor(
    'both are new',
    () => now(project),
    (ids) => ['api.1', 'api.2'].every((id) => ids[id] && ids[id] !== before[id]),
  );
  await waitFor('both are ready', project.ps, (status) => status.services[0]!.ready === 2);
  expect(fewestReady(await project.events(), 'api', since)).toBe(1);
  expect(isPaused(await project.events())).toBe(false);
  await project.down();
});

test('an instance of the older version that is killed while the roll-out is held comes back as what it was', async () => {
  const project = await running(pool(SLEEP, 'max_unavailable: 1'));
  project.edit('procs.yaml', pool('"exit 3"', 'max_unavailable: 1'));
  await waitFor('it is paused', project.events, isPaused);
  const hash = instanceOf(await project.ps(), 'api.2').specHash;
  process.kill(project.instances().find(({ instance }) => instance === 'api.2')!.pid, 'SIGKILL');
  const back = await waitFor(
    'it is back',
    project.ps,
    (status) => instanceOf(status, 'api.2').restarts > 0 && status.services[0]!.ready === 1,
  );
  expect(instanceOf(back, 'api.2').specHash).toBe(hash);
  await holdsFor(
    'nothing goes back and forth',
    () => now(project)['api.2'],
    (one) => one !== undefined,
    500,
  );
  await project.down();
});
