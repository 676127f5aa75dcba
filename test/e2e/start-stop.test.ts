// up, ps, down: everything that is declared runs, is listed, and is gone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { expectShape } from '../rig/contract.ts';
import { freePorts } from '../rig/free-ports.ts';
import { cleanEnvironment, MAIN } from '../rig/orch.ts';
import { countDescriptors, findOpenFiles, readStat } from '../rig/processes.ts';
import { createProject, incarnations, instanceOf } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const sleeper = 'services:\n  sleeper: { command: [sleep, "1000"], pool: 3 }\n';

test('up runs what is declared, ps agrees with /proc, and down leaves no process', async () => {
  const project = createProject({ 'procs.yaml': `name: shop\n${sleeper}` });
  await project.up();
  const status = await project.ps();
  expectShape('ps', status);
  expect(status).toMatchObject({
    project: 'shop',
    env: null,
    converged: true,
    config: { status: 'applied', problems: [] },
  });
  expect(status.config.files).toEqual(['procs.yaml']);
  const real = incarnations(project.instances());
  expect(Object.keys(real)).toEqual(['sleeper.1', 'sleeper.2', 'sleeper.3']);
  for (const [id, incarnation] of Object.entries(real)) {
    expect(instanceOf(status, id)).toMatchObject({ state: 'ready', restarts: 0, lastExit: null, adopted: false });
    expect(`${instanceOf(status, id).pid}@`).toBe(incarnation.replace(/@.*/, '@'));
  }
  expect(new Set(project.instances().map((one) => one.nonce)).size).toBe(3);
  expect(project.processes().map((one) => one.pid)).toContain(status.supervisor.pid);

  await project.down();
  expect(project.processes()).toEqual([]);
  expect((await project.orch(['ps'])).exitCode).toBe(3);
});

test('500 instances start, are listed and stop, and leak no descriptor', async () => {
  const project = createProject({ 'procs.yaml': sleeper });
  await project.up();
  const { pid } = (await project.ps()).supervisor;
  const descriptors = (): number | null => countDescriptors(pid);
  const before = descriptors()!;
  project.edit('procs.yaml', sleeper.replace('pool: 3', 'pool: 500'));
  await waitFor(
    '500 run',
    () => project.instances().length,
    (seen) => seen === 500,
    20_000,
  );
  await project.mustOrch(['wait', '--for', 'converged', '--timeout', '20s']);
  const [service] = (await project.ps()).services;
  expect(service).toMatchObject({ pool: 500, running: 500, ready: 500 });
  expect(service!.instances.map((one) => one.id)).toEqual(Array.from({ length: 500 }, (_, n) => `sleeper.${n + 1}`));

  project.edit('procs.yaml', sleeper);
  await waitFor(
    '3 run',
    () => project.instances().length,
    (seen) => seen === 3,
    20_000,
  );
  await waitFor('the descriptors are back', descriptors, (seen) => seen! <= before + 2);
  await project.down();
  expect(project.processes()).toEqual([]);
});

test('a supervisor of 100 idle instances uses little memory and CPU', async () => {
  const project = createProject({ 'procs.yaml': sleeper.replace('pool: 3', 'pool: 100') });
  await project.up();
  const { pid } = (await project.ps()).supervisor;
  const rssMb = (): number => ((readStat(pid)?.rssPages ?? 0) * 4096) / 1e6;
  // Node 24 needs about 76 MB for the same supervisor.
  const mostMb = Number.parseInt(process.versions.node, 10) < 22 ? 70 : 85;
  await waitFor(`it has at most ${mostMb} MB`, rssMb, (seen) => seen <= mostMb);
  // Ticks of 10 ms; two seconds at 0.3 % are less than one. The margin is for the resync and a coarse clock.
  await waitFor(
    'two seconds cost next to nothing',
    async () => {
      const before = readStat(pid)!.cpuTicks;
      await pause(2_000);
      return readStat(pid)!.cpuTicks - before;
    },
    (ticks) => ticks <= 2,
  );
  await project.down();
});

test('a second up changes nothing and starts no second supervisor', async () => {
  const project = createProject({ 'procs.yaml': sleeper });
  await project.up();
  const before = incarnations(project.processes());
  await project.up();
  expect(incarnations(project.processes())).toEqual(before);
  await project.down();
});

test('ten concurrent ups start one supervisor', async () => {
  const project = createProject({ 'procs.yaml': sleeper });
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => project.orch(['up', '-d', '--wait'])));
  expect(outcomes.map((one) => one.exitCode)).toEqual(outcomes.map(() => 0));
  const instances = project.instances();
  expect(instances.length).toBe(3);
  const supervisors = new Set(instances.map((one) => one.parent));
  expect(supervisors).toEqual(new Set([(await project.ps()).supervisor.pid]));
  await project.down();
});

test('every instance gets its identity and its own PORT in its environment', async () => {
  const port = await freePorts(2);
  const project = createProject({
    'procs.yaml': `
name: shop
env: { SHARED: everywhere, WHO: "\${ORCH_INSTANCE_ID}" }
services:
  api:
    command: [node, PROGRAMS/prints-environment.mjs, "../out", "\${PORT}"]
    cwd: ./api
    pool: 2
    port: ${port}
    env: { LEVEL: debug, PRICE: "5$$" }
  other:
    command: "node PROGRAMS/prints-environment.mjs out $WHO"
`,
    'api/.keep': '',
    'out/.keep': '',
  });
  await project.mustOrch(['up', '-d', '--wait'], { env: { FROM_OUTSIDE: 'kept' } });
  const read = (id: string): { env: Record<string, string>; cwd: string; argv: string[] } =>
    JSON.parse(readFileSync(project.path(`out/${id}.json`), 'utf8'));
  await waitFor(
    'all have written',
    () => readdirSync(project.path('out')).filter((name) => name.endsWith('.json')),
    (seen) => seen.length === 3,
  );
  expect(read('api.2')).toMatchObject({ cwd: project.path('api'), argv: ['../out', String(port + 1)] });
  expect(read('api.2').env).toMatchObject({
    ORCH_PROJECT: 'shop',
    ORCH_SERVICE: 'api',
    ORCH_INSTANCE: '2',
    ORCH_INSTANCE_ID: 'api.2',
    ORCH_POOL_SIZE: '2',
    ORCH_NONCE: expect.stringMatching(/^\w+\.[0-9a-f]+\.[\w-]+$/),
    PORT: String(port + 1),
    SHARED: 'everywhere',
    WHO: 'api.2',
    LEVEL: 'debug',
    PRICE: '5$',
    FROM_OUTSIDE: 'kept',
  });
  expect(read('api.1').env.PORT).toBe(String(port));
  expect(read('other.1')).toMatchObject({ cwd: project.root, argv: ['out', 'other.1'] });
  expect(read('other.1').env.PORT).toBeUndefined();
  await project.down();
});

test('instances do not inherit descriptors of the calling script', async () => {
  const project = createProject({ 'procs.yaml': sleeper });
  // 9 is below, 60 above what libuv closes by itself; a script that reads to the end of `up` must not hang on them.
  const script = `exec 9>nine.txt 60>sixty.txt; "${process.execPath}" "${MAIN}" up -d --wait | cat`;
  const env = { ...cleanEnvironment(), ...project.env };
  await execa('bash', ['-c', script], { cwd: project.root, env, extendEnv: false, timeout: 20_000 });
  expect(findOpenFiles(project.path('nine.txt'))).toEqual([]);
  expect(findOpenFiles(project.path('sixty.txt'))).toEqual([]);
  await project.down();
});

test('the state directory ignores itself in git and is private', async () => {
  const project = createProject({ 'procs.yaml': sleeper });
  await project.up();
  expect(readFileSync(project.path('.orch/.gitignore'), 'utf8')).toMatch(/^\*$/m);
  const { statSync } = await import('node:fs');
  expect(statSync(project.path('.orch')).mode & 0o777).toBe(0o700);
  expect(statSync(project.path('.orch/run/orch.sock')).mode & 0o077).toBe(0);
  for (const name of ['state.json', 'events.jsonl', 'supervisor.log']) {
    if (existsSync(project.path(`.orch/${name}`)))
      expect(statSync(project.path(`.orch/${name}`)).mode & 0o777).toBe(0o600);
  }
  await project.down();
});

test('a stopped service stays stopped until start, over edits of other services', async () => {
  const project = createProject({ 'procs.yaml': `${sleeper}  other: { command: [sleep, "1000"] }\n` });
  await project.up();
  await project.mustOrch(['stop', 'sleeper']);
  await waitFor(
    'sleeper is gone',
    () => Object.keys(incarnations(project.instances())),
    (seen) => seen.join() === 'other.1',
  );
  const status = await project.ps();
  expect(status.services[0]).toMatchObject({ running: 0, override: { stopped: true } });
  expect(instanceOf(status, 'sleeper.1').state).toBe('stopped');
  project.edit('procs.yaml', `${sleeper}  other: { command: [sleep, "1001"] }\n`);
  await waitFor('other was replaced', project.instances, (seen) => seen.some((one) => one.command === 'sleep 1001'));
  expect(project.instances().map((one) => one.instance)).toEqual(['other.1']);
  await project.mustOrch(['start', 'sleeper']);
  await waitFor(
    'sleeper is back',
    () => project.instances().length,
    (seen) => seen === 4,
  );
  await project.mustOrch(['stop', 'sleeper.2']);
  await waitFor(
    'one of three is gone',
    () => Object.keys(incarnations(project.instances())),
    (seen) => !seen.includes('sleeper.2') && seen.length === 3,
  );
  await project.down();
});

test('up of one service starts only that service and its dependencies', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  db: { command: [sleep, "1000"] }
  api: { command: [sleep, "1000"], depends_on: [db] }
  other: { command: [sleep, "1000"] }
`,
  });
  await project.up('api');
  expect(Object.keys(incarnations(project.instances()))).toEqual(['api.1', 'db.1']);
  await project.down();
});
