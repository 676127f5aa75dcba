// Held sockets when something goes wrong: the supervisor dies, the address is taken, the file changes.
import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { get } from '../rig/example.ts';
import { freePorts } from '../rig/free-ports.ts';
import { createProject, incarnations, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const SERVER = `
import { createServer } from 'node:http';
const server = createServer((_, response) => response.setHeader('connection', 'close').end(process.env.ORCH_INSTANCE_ID));
server.listen({ fd: 3 });
process.on('SIGTERM', () => server.close());
`;
const project = (port: number, more = ''): Project =>
  createProject({
    'server.mjs': SERVER,
    'procs.yaml': `services:\n  web: { command: [node, server.mjs], listen: ['127.0.0.1:${port}'], pool: 2${more} }\n`,
  });
const becomes = (orch: Project, id: string, state: string) =>
  waitFor(`${id} is ${state}`, orch.ps, (status) => instanceOf(status, id).state === state, 15_000);

const keeperOf = (orch: Project) => orch.processes().filter(({ command }) => command.includes('socket-keeper'));

test('instances keep serving when the supervisor is killed, and the next one has the sockets too', async () => {
  const port = await freePorts();
  const orch = project(port);
  await orch.up();
  const before = incarnations(orch.instances());
  const keeper = await waitFor(
    'a keeper',
    () => keeperOf(orch),
    (found) => found.length === 1 && orch.exists('.orch/run/held.sock'),
  );
  process.kill((await orch.ps()).supervisor.pid, 'SIGKILL');
  expect(await get(port)).toMatch(/^web\.[12]$/);
  await orch.up();
  expect(incarnations(orch.instances())).toEqual(before);
  // No instance serves while both restart: the connection waits.
  for (const { pid } of orch.instances()) process.kill(pid, 'SIGKILL');
  expect(await get(port)).toMatch(/^web\.[12]$/);
  await orch.mustOrch(['wait']);
  expect(keeperOf(orch)).toHaveLength(1);
  expect(keeperOf(orch)[0]!.pid).toBe(keeper[0]!.pid);
  // Another address: another keeper, which has both of what is held then.
  orch.edit('procs.yaml', orch.read('procs.yaml').replace(`'127.0.0.1:${port}'`, `'127.0.0.1:${port}', ./web.sock`));
  await waitFor(
    'both are held',
    () => keeperOf(orch),
    (found) => found.length === 1 && found[0]!.pid !== keeper[0]!.pid,
    15_000,
  );
  await orch.mustOrch(['wait']);
  await orch.mustOrch(['upgrade']);
  await orch.mustOrch(['restart', 'web']);
  await orch.mustOrch(['wait']);
  expect(await get(port)).toMatch(/^web\.[12]$/);
  expect(orch.exists('web.sock')).toBe(true);
  await orch.down();
  expect(orch.exists('web.sock')).toBe(false);
  expect(orch.exists('.orch/run/held.sock')).toBe(false);
});

test('instances keep serving when the keeper is killed too, and a new one names the address in use', async () => {
  const port = await freePorts();
  const orch = project(port, ', restart: { policy: always, backoff: { initial: 100ms } }');
  await orch.up();
  const [keeper] = await waitFor(
    'a keeper',
    () => keeperOf(orch),
    (found) => found.length === 1,
  );
  process.kill(keeper!.pid, 'SIGKILL');
  process.kill((await orch.ps()).supervisor.pid, 'SIGKILL');
  await orch.up();
  process.kill(instanceOf(await orch.ps(), 'web.1').pid!, 'SIGKILL');
  await waitFor('it says why', orch.ps, (status) =>
    (instanceOf(status, 'web.1').reason ?? '').includes(`127.0.0.1:${port} is in use by another process`),
  );
  expect(await get(port)).toBe('web.2');
  await orch.mustOrch(['stop', 'web']);
  await orch.mustOrch(['start', 'web']);
  await orch.mustOrch(['wait']);
  expect(await get(port)).toMatch(/^web\.[12]$/);
  await orch.down();
});

async function occupy(port: number): Promise<Server> {
  const server = createServer((socket) => socket.end()).listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((listening) => server.once('listening', listening));
  return server;
}

test('an address in use is reported and tried again; an address removed from the file is released', async () => {
  const port = await freePorts(2);
  const stranger = await occupy(port);
  const orch = project(port, ', restart: { backoff: { initial: 100ms, max: 300ms } }');
  await orch.mustOrch(['up', '-d']);
  const status = await becomes(orch, 'web.2', 'backoff');
  expect(instanceOf(status, 'web.2').reason).toContain(`${port} is in use by another process`);
  stranger.close();
  await orch.mustOrch(['wait']);
  expect(await get(port)).toMatch(/^web\./);
  orch.edit('procs.yaml', orch.read('procs.yaml').replace(`${port}`, `${port + 1}`));
  await waitFor(
    'the new address serves',
    () => get(port + 1),
    (answer) => answer !== null,
    15_000,
  );
  await orch.mustOrch(['wait']);
  expect(await get(port)).toBeNull();
  await occupy(port);
  await orch.down();
});

test('other services inherit no sockets, not even those given to the supervisor', async () => {
  const orch = createProject({
    'procs.yaml': `services:\n  plain: { command: 'env | grep -c ^LISTEN_; ls /proc/self/fd | wc -w', restart: never }\n  held: { command: [sleep, "1000"], listen: [./s.sock] }\n`,
  });
  await orch.mustOrch(['up', '-d'], { env: { LISTEN_FDS: '1', LISTEN_PID: '1', LISTEN_FDNAMES: 'x' } });
  const log = await waitFor(
    'it told',
    async () => (await orch.orch(['logs', 'plain'])).stdout,
    (text) => /\n.*\n/.test(text),
  );
  // 0, 1, 2 and the listing itself.
  expect(log.match(/ (\d+)$/gm)?.map(Number)).toEqual([0, 4]);
  await orch.down();
});

test('down without a supervisor ends the keeper too', async () => {
  const port = await freePorts();
  const orch = project(port);
  await orch.up();
  await waitFor(
    'a keeper',
    () => keeperOf(orch),
    (found) => found.length === 1 && orch.exists('.orch/run/held.sock'),
  );
  process.kill((await orch.ps()).supervisor.pid, 'SIGKILL');
  await orch.down();
  expect(orch.processes()).toEqual([]);
  expect(await get(port)).toBeNull();
});
