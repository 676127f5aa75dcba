// An instance that serves is not stopped for a version that cannot start yet: its dependencies are moved first, and where they
// fail, the older version keeps serving.
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { fewestReady, instancesOf } from './ready-count.ts';

type Versions = { migrate: string; api: string; pool?: number; rollout?: string };
const SLEEP = '[sleep, "1000"]';

const migrated = ({ migrate, api, pool = 2, rollout = '' }: Versions): string => `services:
  migrate: { command: "${migrate}", restart: never }
  api:
    command: ${SLEEP}
    env: { VERSION: "${api}" }
    pool: { size: ${pool}, rollout: { ${rollout} } }
    ready_after: 100ms
    depends_on: { migrate: completed }
`;

async function running(text: string, more: Record<string, string> = {}): Promise<Project> {
  const project = createProject({ 'procs.yaml': text, ...more }, { readyAfter: true });
  await project.up();
  return project;
}

const lastSeq = async (project: Project): Promise<number> => (await project.events()).at(-1)?.seq ?? 0;
const apiOf = ({ instances }: Project): Record<string, string> =>
  Object.fromEntries(Object.entries(incarnations(instances())).filter(([id]) => id.startsWith('api.')));

test('a task and what waits for it change together: no instance stops before the task has completed', async () => {
  const project = await running(migrated({ migrate: 'true', api: '1' }));
  const before = apiOf(project);
  project.edit('procs.yaml', migrated({ migrate: 'until test -e go; do sleep 0.05; done', api: '2' }));
  await waitFor('the task runs', project.ps, (status) => status.services[0]!.running === 1 && status.generation === 2);
  expect((await project.mustOrch(['why', 'api.1'])).stdout).toContain('it waits for migrate (completed)');
  expect(apiOf(project)).toEqual(before);
  project.write('go', '');
  await project.mustOrch(['wait', '--timeout', '20s']);
  const events = await project.events();
  const order = events.map(({ type, instance }) => `${type} ${instance}`);
  expect(order.indexOf('stopping api.1')).toBeGreaterThan(order.lastIndexOf('completed migrate.1'));
  expect(Object.values(apiOf(project)).some((one) => Object.values(before).includes(one))).toBe(false);
  await project.down();
});

test('the task fails: the older version keeps serving, also where an instance crashes, until the file is mended or reverted', async () => {
  const first = migrated({ migrate: 'true', api: '1' });
  const project = await running(first);
  const before = apiOf(project);
  project.edit('procs.yaml', migrated({ migrate: 'exit 4', api: '2' }));
  const up = await project.orch(['up', '-d', '--wait', '--timeout', '20s']);
  expect(up.exitCode).toBe(1);
  expect(up.stderr).toMatch(/migrate.1/);
  expect(apiOf(project)).toEqual(before);
  const status = await project.ps();
  expect((status.degraded ?? []).map(({ instance }) => instance)).toEqual(['migrate.1', 'api.1', 'api.2']);
  expect(instanceOf(status, 'api.1').reason).toMatch(
    /it waits for migrate \(completed\): migrate\.1 ended with exit code 4/,
  );
  const victim = project.instances().find(({ instance }) => instance === 'api.2')!;
  process.kill(victim.pid, 'SIGKILL');
  await waitFor(
    'it is back',
    () => apiOf(project)['api.2'],
    (now) => now !== undefined && now !== before['api.2'],
  );
  const crashed = apiOf(project);
  // The revert touches none of them.
  project.edit('procs.yaml', first);
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s']);
  expect(apiOf(project)).toEqual(crashed);
  project.edit('procs.yaml', migrated({ migrate: 'true', api: '3' }));
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s']);
  expect(apiOf(project)['api.1']).not.toBe(crashed['api.1']);
  await project.down();
});

const withServer = (
  db: string,
  api: string,
  condition: string,
  onLoss = 'ignore',
  dbReady = '100ms',
): string => `services:
  db: { command: ${db}, ready_after: ${dbReady} }
  api:
    command: ${SLEEP}
    env: { VERSION: "${api}" }
    pool: 2
    ready_after: 100ms
    depends_on: { db: { condition: ${condition}, on_loss: ${onLoss} } }
`;

test.each(['ready', 'started'])('a server and what waits until it is %s change together', async (condition) => {
  const project = await running(withServer(SLEEP, '1', condition));
  const since = await lastSeq(project);
  project.edit('procs.yaml', withServer('"exec sleep 2000"', '2', condition, 'ignore', '600ms'));
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s']);
  const events = (await project.events()).filter(({ seq }) => seq > since);
  const order = events.map(({ type, instance }) => `${type} ${instance}`);
  const reached = condition === 'ready' ? 'became_ready db.1' : 'started db.1';
  expect(order.indexOf('stopping api.1')).toBeGreaterThan(order.indexOf(reached));
  expect(order.indexOf(reached)).toBeGreaterThan(-1);
  expect(fewestReady(await project.events(), 'api', since)).toBeGreaterThanOrEqual(1);
  await project.down();
});

test('the new version of the server fails: what depends on it keeps its version', async () => {
  const project = await running(withServer(SLEEP, '1', 'ready'));
  const before = apiOf(project);
  project.edit('procs.yaml', withServer('"exit 5"', '2', 'ready'));
  const up = await project.orch(['up', '-d', '--wait', '--timeout', '20s']);
  expect([up.exitCode, up.stderr]).toEqual([1, expect.stringContaining('db.1')]);
  expect(apiOf(project)).toEqual(before);
  await project.down();
});

test('with on_loss: restart, one restart is enough', async () => {
  const project = await running(withServer(SLEEP, '1', 'ready', 'restart'));
  const since = await lastSeq(project);
  project.edit('procs.yaml', withServer('"exec sleep 2000"', '2', 'ready', 'restart'));
  await project.mustOrch(['up', '-d', '--wait', '--timeout', '20s']);
  const events = (await project.events()).filter(({ seq }) => seq > since);
  expect(instancesOf(events, 'stopping')).toEqual(['db.1', 'api.1', 'api.2']);
  await project.down();
});

test('a restart of what waits for a dependency that is not there is refused with the reason', async () => {
  const project = await running(withServer(SLEEP, '1', 'ready'));
  await project.mustOrch(['stop', 'db']);
  const before = apiOf(project);
  const restart = await project.orch(['restart', 'api']);
  expect([restart.exitCode, restart.stderr]).toEqual([1, expect.stringMatching(/api\.1.*waits for db \(ready\)/)]);
  expect(apiOf(project)).toEqual(before);
  await project.mustOrch(['start', 'db']);
  await waitFor(
    'both are restarted',
    () => apiOf(project),
    (now) => ['api.1', 'api.2'].every((id) => now[id] !== undefined && now[id] !== before[id]),
  );
  await project.mustOrch(['wait', '--timeout', '20s']);
  await project.down();
});

test('a restart of everything goes from the dependencies up', async () => {
  const project = await running(withServer(SLEEP, '1', 'ready'));
  const since = await lastSeq(project);
  await project.mustOrch(['restart', '--wait', '--timeout', '20s', 'api', 'db']);
  const events = (await project.events()).filter(({ seq }) => seq > since);
  const order = events.map(({ type, instance }) => `${type} ${instance}`);
  expect(order.indexOf('stopping api.1')).toBeGreaterThan(order.indexOf('became_ready db.1'));
  expect(fewestReady(await project.events(), 'api', since)).toBeGreaterThanOrEqual(1);
  await project.down();
});
