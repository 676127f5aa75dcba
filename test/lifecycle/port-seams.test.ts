// `port: auto` where it meets other features: environments, schedules, terminals, singletons, fixed ports, lost supervisors.
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { converge } from '../rig/applied.ts';
import { get } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import { git } from '../rig/git.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

/** Answers with its variables. */
const SERVER = `
import { createServer } from 'node:http';
const answer = JSON.stringify({ port: process.env.PORT, uses: process.env.USES });
createServer((_, response) => response.setHeader('connection', 'close').end(answer)).listen(process.env.PORT, '127.0.0.1');
`;
const variable = (name: string): string => `$\{${name}}`;
const server = (name: string, more = '', uses?: string): string => {
  const env = uses === undefined ? '' : `, env: { USES: "${variable(uses)}" }`;
  return `${name}: { command: [node, server.mjs]${env}, readiness: { tcp: "${variable('PORT')}" }${more} }`;
};
const AUTO = ', port: auto';
const projectOf = (services: string[], more: Record<string, string> = {}): Project =>
  createProject({ 'server.mjs': SERVER, 'procs.yaml': `services:\n  ${services.join('\n  ')}\n`, ...more });

const portOf = async (orch: Project, id: string): Promise<number> => instanceOf(await orch.ps(), id).port!;
const answerOf = async (port: number) => JSON.parse((await get(port)) ?? '{}') as { port?: string; uses?: string };

async function takePort(port: number): Promise<Server> {
  const taken = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => taken.once('listening', resolve).once('error', reject));
  onTestFinished(() => void taken.close());
  return taken;
}

test('an overlay makes the port fixed and chosen again; what uses it follows, as plan says', async () => {
  const fixed = await freePorts();
  const orch = projectOf([server('api', AUTO), server('web', AUTO, 'api.port')], {
    'procs.prod.yaml': `services:\n  api: { port: ${fixed} }\n`,
  });
  await orch.up();
  const [api, web] = [await portOf(orch, 'api.1'), await portOf(orch, 'web.1')];
  const plan = await orch.orch(['-e', 'prod', 'plan']);
  expect(plan.stdout).toMatch(
    /restart api\.1: port changed\n +port: auto → \d+ +\(procs\.prod\.yaml:2\)\n.*restart web\.1: the port of api, which/s,
  );
  await orch.mustOrch(['-e', 'prod', 'up', '-d', '--wait', '--switch']);
  expect(await answerOf(web)).toEqual({ port: String(web), uses: String(fixed) });
  await orch.mustOrch(['up', '-d', '--wait', '--switch']);
  expect(await portOf(orch, 'api.1')).toBe(api);
  expect(await answerOf(web)).toEqual({ port: String(web), uses: String(api) });
});

test('every command of an instance has its port: hooks, probes, stop command, terminal, schedule', async () => {
  const line = (what: string) => `[sh, -c, "echo ${what} ${variable('PORT')} ${variable('api.port')} >> said"]`;
  const orch = createProject({
    'procs.yaml': `services:
  api:
    command: "sleep 1000"
    port: auto
    tty: true
    hooks: { before_start: ${line('hook')}, after_ready: ${line('after')} }
    readiness: { exec: ${line('probe')} }
    stop: { command: ${line('stop')}, grace: 100ms }
  task: { command: ${line('task')}, port: auto, restart: never, schedule: '* * * * * *' }
  off: { command: "true", port: auto, enabled: false, profiles: [x] }
`,
  });
  await orch.up();
  const [api, task] = [await portOf(orch, 'api.1'), await portOf(orch, 'task.1')];
  expect(new Set([api, task, await portOf(orch, 'off.1')]).size).toBe(3);
  await waitFor('the task runs', () => orch.exists('said') && orch.read('said').includes('task'), Boolean, 15_000);
  await orch.mustOrch(['stop', 'api']);
  const said = new Set(orch.read('said').trim().split('\n'));
  expect(said).toEqual(
    new Set([...['hook', 'after', 'probe', 'stop'].map((what) => `${what} ${api} ${api}`), `task ${task} ${api}`]),
  );
});

test('a port that the file gives to another service: the instance that had it moves', async () => {
  const orch = projectOf([server('api', AUTO), server('web', AUTO, 'api.port')]);
  await orch.up();
  const api = await portOf(orch, 'api.1');
  orch.edit(
    'procs.yaml',
    `${orch.read('procs.yaml').replace(/defaults.*\n/, '')}  ${server('new', `, port: ${api}`)}\n`,
  );
  await waitFor('it is applied', orch.ps, ({ services }) => services.length === 3);
  await converge(orch);
  const moved = await portOf(orch, 'api.1');
  expect(moved).not.toBe(api);
  expect(await answerOf(api)).toEqual({ port: String(api) });
  expect(await answerOf(moved)).toEqual({ port: String(moved) });
  expect((await answerOf(await portOf(orch, 'web.1'))).uses).toBe(String(moved));
  const [event] = (await orch.events()).filter(({ type }) => type === 'port_changed');
  expect(event!.message).toBe(`api.1 gets port ${moved}: its port ${api} is declared for another service`);
});

test('supervisor and instance are killed, and the port is taken: the next supervisor moves it, dependents follow', async () => {
  const orch = projectOf([server('db', AUTO), server('api', AUTO, 'db.port'), server('web', AUTO, 'api.port')]);
  await orch.up();
  const status = await orch.ps();
  const [db, api, web] = ['db.1', 'api.1', 'web.1'].map((id) => instanceOf(status, id));
  process.kill(status.supervisor.pid, 'SIGKILL');
  process.kill(db!.pid!, 'SIGKILL');
  const tryPort = () => takePort(db!.port!).catch(() => null); // the kernel has not freed it yet
  await waitFor('the port is free', tryPort, Boolean);
  await orch.up();
  await converge(orch);
  const now = await orch.ps();
  expect(instanceOf(now, 'db.1').port).not.toBe(db!.port);
  // api has kept its own port: web is not touched.
  expect(instanceOf(now, 'api.1')).toMatchObject({ port: api!.port });
  expect(await answerOf(api!.port!)).toMatchObject({ uses: String(instanceOf(now, 'db.1').port) });
  expect(instanceOf(now, 'web.1').pid).toBe(web!.pid);
});

test('a singleton: replaced it has the port of its project, adopted it keeps its own', async () => {
  const singleton = (policy: string): string =>
    `, port: auto, singleton: { key: ports-${process.pid}-${policy}, on_conflict: ${policy} }`;
  for (const policy of ['replace', 'adopt']) {
    const services = [server('bot', singleton(policy)), server('web', AUTO, 'bot.port')];
    const [first, second] = [projectOf(services), projectOf(services)];
    await first.up();
    const older = instanceOf(await first.ps(), 'bot.1');
    await second.up();
    await converge(second);
    const newer = instanceOf(await second.ps(), 'bot.1');
    expect([policy, newer.pid === older.pid, newer.port === older.port]).toEqual(
      policy === 'adopt' ? [policy, true, true] : [policy, false, false],
    );
    expect(await answerOf(newer.port!)).toEqual({ port: String(newer.port) });
    expect((await answerOf(await portOf(second, 'web.1'))).uses).toBe(String(newer.port));
    await second.down();
    await first.down();
  }
});

test('two services that use the ports of each other, without depends_on', async () => {
  const orch = projectOf([server('a', AUTO, 'b.port'), server('b', AUTO, 'a.port')]);
  await orch.up();
  const [a, b] = [await portOf(orch, 'a.1'), await portOf(orch, 'b.1')];
  expect(await answerOf(a)).toEqual({ port: String(a), uses: String(b) });
  expect(await answerOf(b)).toEqual({ port: String(b), uses: String(a) });
  expect((await orch.ps()).services.every(({ instances }) => instances.every(({ restarts }) => restarts === 0))).toBe(
    true,
  );
});

test('only a probe uses the port of another service: it looks there without a restart', async () => {
  const exec = `[sh, -c, "echo ${variable('api.port')} > seen"]`;
  const gate = `gate: { command: "sleep 1000", readiness: { exec: ${exec}, every: 100ms, failures: 1 } }`;
  const orch = projectOf([server('api', AUTO), gate]);
  await orch.up();
  const api = await portOf(orch, 'api.1');
  expect(orch.read('seen')).toBe(`${api}\n`);
  const { pid } = instanceOf(await orch.ps(), 'gate.1');
  await orch.mustOrch(['stop', 'api']);
  await takePort(api);
  await orch.mustOrch(['start', '--wait', 'api']);
  const moved = await portOf(orch, 'api.1');
  await waitFor(
    'the probe follows',
    () => orch.read('seen'),
    (seen) => seen === `${moved}\n`,
  );
  expect(instanceOf(await orch.ps(), 'gate.1').pid).toBe(pid);
});

test('plan between two commits names what follows a port', async () => {
  const services = (port: string): string =>
    `services:\n  ${server('api', `, port: ${port}`)}\n  ${server('web', AUTO, 'api.port')}\n  ${server('other', AUTO)}\n`;
  const orch = createProject({ 'procs.yaml': services('8000') });
  git(orch.root, 'init', '-q');
  for (const port of ['8000', '8001', 'auto', 'auto, pool: 2']) {
    orch.write('procs.yaml', services(port));
    git(orch.root, 'add', 'procs.yaml');
    git(orch.root, 'commit', '-qm', port, '--allow-empty');
  }
  const changes = async (range: string) => {
    const { stdout } = await orch.orch(['plan', range, '--json']);
    const plan = JSON.parse(stdout) as { changes: { service: string; action: string; instances: string[] }[] };
    return plan.changes.map(({ action, instances }) => `${action} ${instances}`);
  };
  expect(await changes('HEAD~3..HEAD~2')).toEqual(['restart api.1', 'restart web.1']);
  expect(await changes('HEAD~2..HEAD~1')).toEqual(['restart api.1', 'restart web.1']);
  // The first instance keeps its port.
  expect(await changes('HEAD~1..HEAD')).toEqual(['scale api.2']);
});
