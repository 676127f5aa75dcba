// `port: auto`: which port an instance gets, how long it keeps it, and what its dependents get.
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { InstanceStatus } from '../../src/api/protocol.ts';
import { applied } from '../rig/applied.ts';
import { get } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

/** Answers with what it was given. */
const SERVER = `
import { createServer } from 'node:http';
const { PORT, USES } = process.env;
createServer((_, response) => response.setHeader('connection', 'close').end(PORT + ' uses ' + USES + ' ' + process.argv.slice(2))).listen(PORT, '127.0.0.1');
`;
const API = 'api: { command: [node, server.mjs], port: auto, readiness: { http: "http://127.0.0.1:$' + '{PORT}/" } }';
const WEB = `web:
    command: [node, server.mjs, "\${api.port}"]
    port: auto
    env: { USES: "http://127.0.0.1:\${api.port}/" }
    readiness: { tcp: "\${PORT}" }`;

const projectOf = (...services: string[]): Project =>
  createProject({ 'server.mjs': SERVER, 'procs.yaml': `services:\n  ${services.join('\n  ')}\n` });

async function instances(orch: Project): Promise<InstanceStatus[]> {
  return (await orch.ps()).services.flatMap((service) => service.instances);
}

/** By instance. */
async function portsOf(orch: Project): Promise<Record<string, number>> {
  return Object.fromEntries((await instances(orch)).map(({ id, port }) => [id, port ?? 0]));
}

const eventsOf = async (orch: Project, type: string) => (await orch.events()).filter((event) => event.type === type);

/** As a program of another project. */
async function takePort(port: number, host = '127.0.0.1'): Promise<Server> {
  const server = createServer().listen(port, host);
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  onTestFinished(() => void server.close());
  return server;
}

test('an instance keeps its port over restarts, supervisors, and down and up; its dependents get it', async () => {
  const orch = projectOf(API, WEB);
  await orch.up();
  const ports = await portsOf(orch);
  const { 'api.1': api = 0, 'web.1': web = 0 } = ports;
  expect(new Set([api, web]).size).toBe(2);
  expect(await get(api)).toContain(`${api} uses undefined`);
  expect(await get(web)).toBe(`${web} uses http://127.0.0.1:${api}/ ${api}`);
  expect((await orch.mustOrch(['ps'])).stdout).toMatch(new RegExp(`PORT.*\\n(.*\\n)*api .* ${api} `));
  expect((await orch.mustOrch(['why', 'api'])).stdout).toContain(`Its port is ${api}`);

  await orch.mustOrch(['restart', '--wait', 'api']);
  expect(await portsOf(orch)).toEqual(ports);
  const before = incarnations(orch.instances());
  await orch.mustOrch(['upgrade']);
  process.kill((await orch.ps()).supervisor.pid, 'SIGKILL');
  await orch.up();
  expect(incarnations(orch.instances())).toEqual(before);
  expect(await portsOf(orch)).toEqual(ports);
  expect((await orch.mustOrch(['plan'])).stdout).toContain('Nothing to do');

  await orch.down();
  await orch.up();
  expect(await portsOf(orch)).toEqual(ports);
  expect(await eventsOf(orch, 'port_changed')).toEqual([]);
});

test('a port that another program has by now is replaced before any dependent gets it', async () => {
  const orch = projectOf(WEB, API);
  await orch.up();
  const { 'api.1': api = 0 } = await portsOf(orch);
  await orch.down();
  await takePort(api, '0.0.0.0');
  await orch.up();
  const after = await portsOf(orch);
  expect(after['api.1']).not.toBe(api);
  expect(await get(after['web.1']!)).toContain(`uses http://127.0.0.1:${after['api.1']}/`);
  expect(instanceOf(await orch.ps(), 'web.1').restarts).toBe(0);
  const [changed] = await eventsOf(orch, 'port_changed');
  expect(changed).toMatchObject({ instance: 'api.1', details: { from: api, to: after['api.1'] } });
  expect(changed!.message).toBe(`api.1 gets port ${after['api.1']}: its port ${api} is in use`);
});

test('the port is lost between two incarnations: the dependents follow, and no other instance is touched', async () => {
  const orch = projectOf(API, WEB, 'other: { command: [node, server.mjs], port: auto }');
  await orch.up();
  const { 'api.1': api = 0, ...others } = await portsOf(orch);
  const other = instanceOf(await orch.ps(), 'other.1').pid;
  await orch.mustOrch(['stop', 'api']);
  await takePort(api);
  // A stopped instance keeps its port, also while another program uses it.
  const described = orch.read('procs.yaml').replace('other: {', 'other: { description: x,');
  await applied(orch, () => orch.edit('procs.yaml', described));
  expect(await portsOf(orch)).toEqual({ 'api.1': api, ...others });
  await orch.mustOrch(['start', '--wait', 'api']);
  const moved = await waitFor(
    'web follows',
    orch.ps,
    (status) => status.converged && instanceOf(status, 'web.1').restarts === 1,
  );
  const now = instanceOf(moved, 'api.1').port;
  expect(now).not.toBe(api);
  expect(await get(others['web.1']!)).toBe(`${others['web.1']} uses http://127.0.0.1:${now}/ ${now}`);
  expect(instanceOf(moved, 'other.1').pid).toBe(other);
  const stopped = (await eventsOf(orch, 'stopping')).filter(({ instance }) => instance === 'web.1');
  expect(stopped.at(-1)!.message).toContain('the port of api, which it uses, changed');
});

test('a program that dies because its port is taken gets another port', async () => {
  const orch = projectOf(API.replace('port: auto', 'port: auto, hooks: { before_start: "node taken.mjs" }'));
  // As long as the hook runs, the port is chosen and no program has it.
  orch.write(
    'taken.mjs',
    `
    import { existsSync, writeFileSync } from 'node:fs';
    if (!existsSync('port')) writeFileSync('port', process.env.PORT);
    const wait = () => existsSync('go') || setTimeout(wait, 20);
    wait();
  `,
  );
  await orch.mustOrch(['up', '-d']);
  await waitFor('its port', () => orch.exists('port') && orch.read('port'), Boolean);
  const first = Number(orch.read('port'));
  await takePort(first);
  orch.write('go', '');
  const status = await waitFor('another port', orch.ps, ({ converged }) => converged, 20_000);
  const { port, restarts } = instanceOf(status, 'api.1');
  expect(port).not.toBe(first);
  expect(restarts).toBeGreaterThan(0);
  expect(await get(port!)).toContain(`${port} uses`);
});

test('a pool: each instance has its port, also after scaling, and dependents have all of them', async () => {
  const all = WEB.replaceAll('api.port', 'api.ports');
  const orch = projectOf(API.replace('port: auto', 'port: auto, pool: 2, rollout: { max_surge: 1 }'), all);
  await orch.up();
  const before = await portsOf(orch);
  expect(new Set(Object.values(before)).size).toBe(3);
  expect(await get(before['web.1']!)).toContain(`:${before['api.1']},${before['api.2']}/`);
  await orch.mustOrch(['scale', 'api=3']);
  const wide = await portsOf(orch);
  expect(wide).toMatchObject(before);
  const follows = (status: Awaited<ReturnType<Project['ps']>>) =>
    status.converged && instanceOf(status, 'web.1').restarts === 1;
  await waitFor('web follows', orch.ps, follows);
  expect(await get(before['web.1']!)).toContain(`:${before['api.1']},${before['api.2']},${wide['api.3']}/`);
  await orch.mustOrch(['scale', 'api=1']);
  await orch.mustOrch(['scale', '--ephemeral', 'api=3']);
  expect(await portsOf(orch)).toEqual(wide);
  // The extra instance of the roll-out has a port of its own, and the pool keeps its ports.
  orch.edit('procs.yaml', orch.read('procs.yaml').replace('server.mjs], port', 'server.mjs, v2], port'));
  await waitFor(
    'v2',
    () => get(wide['api.3']!).catch(() => ''),
    (text) => text?.includes('v2') === true,
    20_000,
  );
  await orch.mustOrch(['wait']);
  expect(await portsOf(orch)).toEqual(wide);
});

test('a fixed port: its dependents follow an edit, as plan says; an edit to auto as well', async () => {
  const port = await freePorts(2);
  const orch = projectOf(API.replace('port: auto', `port: ${port}`), WEB, 'idle: { command: "sleep 1000" }');
  await orch.up();
  expect(await portsOf(orch)).toMatchObject({ 'api.1': port, 'idle.1': 0 });
  const { 'web.1': web = 0 } = await portsOf(orch);
  expect(await get(web)).toContain(`${port}`);
  for (const next of [String(port + 1), 'auto']) {
    const idle = instanceOf(await orch.ps(), 'idle.1').pid;
    orch.edit('procs.yaml', orch.read('procs.yaml').replace(/port: \d+/, `port: ${next}`));
    await orch.mustOrch(['wait', '--timeout', '20s']);
    const status = await waitFor(
      'all follow',
      orch.ps,
      (now) => now.converged && instanceOf(now, 'web.1').restarts > 0,
    );
    const api = instanceOf(status, 'api.1').port!;
    if (next === 'auto') expect(api).toBeGreaterThanOrEqual(10_000);
    else expect(api).toBe(port + 1);
    await waitFor(
      'web uses it',
      () => get(web).catch(() => ''),
      (text) => text?.includes(`:${api}/ ${api}`) === true,
    );
    expect(instanceOf(await orch.ps(), 'idle.1').pid).toBe(idle);
  }
});

test('plan says which instances follow a port, and does not choose one', async () => {
  const port = await freePorts(2);
  const orch = projectOf(API.replace('port: auto', `port: ${port}`), WEB);
  expect((await orch.orch(['plan'])).exitCode).toBe(2);
  expect(orch.exists('.orch/ports.json')).toBe(false);
  expect((await orch.mustOrch(['config'])).stdout).toContain('port: auto');
  await orch.up();
  orch.write('procs.next.yaml', 'services:\n  api: { port: auto }\n');
  const pids = incarnations(orch.instances());
  const plan = await orch.orch(['-e', 'next', 'plan', '--json']);
  const { changes } = JSON.parse(plan.stdout) as { changes: { service: string; action: string; reason: string }[] };
  expect(changes).toMatchObject([
    { service: 'api', action: 'restart', reason: 'port changed' },
    { service: 'web', action: 'restart', instances: ['web.1'], reason: 'the port of api, which it uses, changed' },
  ]);
  expect(incarnations(orch.instances())).toEqual(pids);
});

test('the state is lost: instances that are adopted keep their ports, and dependents theirs', async () => {
  const orch = projectOf(API, WEB);
  await orch.up();
  const ports = await portsOf(orch);
  const before = incarnations(orch.instances());
  process.kill((await orch.ps()).supervisor.pid, 'SIGKILL');
  orch.write('.orch/state.json', '{"torn');
  await orch.up();
  expect(incarnations(orch.instances())).toEqual(before);
  expect(await portsOf(orch)).toEqual(ports);
  await orch.mustOrch(['restart', '--wait', 'web']);
  expect(await get(ports['web.1']!)).toContain(`:${ports['api.1']}/`);
});
