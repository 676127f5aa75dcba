// Dependencies at run time: what dependents do when one is lost, and which instance is named as the cause.
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { holdsFor, waitFor } from '../rig/wait-for.ts';

const yaml = (onLoss: string): string => `
services:
  db: { command: [sleep, "1000"], restart: { policy: always, backoff: { initial: 300ms } } }
  api: { command: [sleep, "1001"], depends_on: { db: { condition: started, on_loss: ${onLoss} } } }
  web: { command: [sleep, "1002"], depends_on: { api: { on_loss: ${onLoss} } } }
`;
const living = (project: Project) => incarnations(project.instances());
const kill = (project: Project, id: string): void => {
  process.kill(project.instances().find(({ instance }) => instance === id)!.pid, 'SIGKILL');
};
async function begin(onLoss: string): Promise<{ project: Project; before: Record<string, string> }> {
  const project = createProject({ 'procs.yaml': yaml(onLoss) });
  await project.up();
  return { project, before: living(project) };
}

test('on_loss ignore: dependents keep running', async () => {
  const { project, before } = await begin('ignore');
  kill(project, 'db.1');
  await waitFor(
    'it is back',
    () => living(project),
    (now) => now['db.1'] !== undefined && now['db.1'] !== before['db.1'],
  );
  expect(living(project)).toMatchObject({ 'api.1': before['api.1'], 'web.1': before['web.1'] });
  await project.down();
});

test('on_loss hold: dependents stop, last first, and start once the dependency is back', async () => {
  const { project, before } = await begin('hold');
  await project.mustOrch(['stop', 'db']);
  await waitFor(
    'all have ended',
    () => Object.keys(living(project)),
    (ids) => ids.length === 0,
  );
  const ended = (await project.events()).filter(({ type }) => type === 'stopped').map(({ instance }) => instance);
  expect(ended).toEqual(['web.1', 'api.1', 'db.1']);
  expect(instanceOf(await project.ps(), 'api.1')).toMatchObject({ state: 'waiting' });
  await project.mustOrch(['start', 'db']);
  await project.mustOrch(['wait']);
  const started = (await project.events()).filter(({ type }) => type === 'started').map(({ instance }) => instance);
  expect(started.slice(-3)).toEqual(['db.1', 'api.1', 'web.1']);
  // A crash is a loss as well.
  kill(project, 'db.1');
  await waitFor(
    'the chain has been renewed',
    project.ps,
    (status) => status.converged && instanceOf(status, 'web.1').restarts === 2,
  );
  expect(Object.values(before)).not.toContain(living(project)['web.1']);
  await project.down();
});

test('on_loss restart: dependents keep running and restart once the dependency is back as a new process', async () => {
  const { project, before } = await begin('restart');
  kill(project, 'db.1');
  await holdsFor(
    'they run on',
    () => living(project),
    (now) => now['api.1'] === before['api.1'] || now['db.1'] !== undefined,
    250,
  );
  await waitFor(
    'all are renewed',
    () => living(project),
    (now) => Object.keys(before).every((id) => now[id] !== undefined && now[id] !== before[id]),
  );
  const stopping = (await project.events()).filter(({ type }) => type === 'stopping');
  expect(stopping.map(({ message }) => message)).toEqual([
    'api.1 is being stopped: db, which it depends on, was restarted',
    'web.1 is being stopped: api, which it depends on, was restarted',
  ]);
  await project.mustOrch(['wait']);
  await project.down();
});

test('each waiting instance names the root cause, and why shows the whole chain', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  web: { command: [sleep, "1000"], depends_on: [api] }
  api: { command: [sleep, "1000"], depends_on: { seed: completed } }
  seed: { command: "true", restart: never, depends_on: { migrate: completed } }
  migrate: { command: [sh, -c, "exit 7"], restart: never }
`,
  });
  expect((await project.orch(['up', '-d', '--wait'])).exitCode).toBe(1);
  const status = await project.ps();
  for (const id of ['web.1', 'api.1', 'seed.1']) {
    expect(instanceOf(status, id).reason).toContain('migrate.1 ended with exit code 7');
  }
  const why = (await project.mustOrch(['why', 'web'])).stdout;
  for (const name of ['api.1', 'seed.1', 'migrate.1']) expect(why).toContain(name);
  expect(why).toContain('orch restart migrate.1');
  const plan = await project.orch(['plan']);
  expect(plan.stdout).toMatch(/api +start api\.1: not running; it waits for seed \(completed\)/);
  await project.down();
});

test('a reason names a dependency as not ready until it is lost, then as lost', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  web: { command: [sleep, "1000"], depends_on: { api: { condition: ready, on_loss: hold } } }
  api: { command: [sleep, "1000"], readiness: { exec: "test -e well", every: 50ms, failures: 1 } }
`,
  });
  await project.mustOrch(['up', '-d']);
  const why = async (): Promise<string> => (await project.mustOrch(['why', 'web'])).stdout;
  const before = await waitFor('a first attempt', why, (text) => text.includes('exec'));
  expect(before).toContain('Waits for api (ready): api.1 has not become ready (exec: exit code 1).');
  expect(before).toContain('to unblock: the readiness probe of api.1 must pass; `orch logs api.1` shows what it does');
  project.write('well', '');
  await waitFor('web runs', project.ps, (seen) => instanceOf(seen, 'web.1').state === 'ready');
  rmSync(project.path('well'));
  const lost = await waitFor('web is held', why, (text) => text.includes('is waiting'));
  expect(lost).toContain('Waits for api (ready): api.1 is not ready any more (exec: exit code 1).');
  await project.down();
});

test('the reason of an instance that waits for a disabled service says how to start it', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  web: { command: [sleep, "1000"], depends_on: [debugger] }
  debugger: { command: [sleep, "1000"], profiles: [debug] }
  api: { command: [sleep, "1000"], depends_on: [cache, db] }
  cache: { command: [sleep, "1000"] }
  db: { command: [sleep, "1000"], enabled: false }
`,
  });
  await project.mustOrch(['up', '-d']);
  const why = async (name: string): Promise<string> => (await project.mustOrch(['why', name])).stdout;
  expect(await why('web')).toContain('to unblock: `orch start debugger`');
  expect(await why('api')).toContain('to unblock: set `enabled: true` for db');
  await project.mustOrch(['stop', 'cache']);
  expect(await why('api')).toContain('to unblock: `orch start cache`');
  await project.down();
});

test('why does not explain a requested restart', async () => {
  const project = createProject({ 'procs.yaml': 'services: { a: { command: [sleep, "1000"] } }' });
  await project.up();
  await project.mustOrch(['restart', 'a']);
  await waitFor('it is another', project.ps, (seen) => {
    const { restarts, state } = instanceOf(seen, 'a.1');
    return restarts === 1 && state === 'ready';
  });
  expect((await project.mustOrch(['why', 'a'])).stdout).toBe('a.1 is ready\n');
  await project.down();
});
