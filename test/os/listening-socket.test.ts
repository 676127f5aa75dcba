// A socket that orch keeps open listens, is never accepted on by orch, and outlives the processes that serve it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ListenAddress } from '../../src/core/spec.ts';
import { openListeningSockets } from '../../src/os/sockets/listening-socket.ts';
import { freePorts } from '../rig/free-ports.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const directory = temporaryDirectory('held');
const PORT = await freePorts(2);
const tcp: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: PORT, name: String(PORT) };
const unix: ListenAddress = { kind: 'unix', path: join(directory, 'api.sock'), name: 'api.sock' };
const dial = (address: ListenAddress): Socket =>
  address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);

async function hold(...addresses: ListenAddress[]) {
  const result = await openListeningSockets(addresses);
  if (!result.ok) throw new Error(result.detail);
  onTestFinished(() => {
    for (const socket of result.sockets) socket.close();
  });
  return result.sockets;
}

/** Answers one connection with its pid, then ends. */
function serveOnce(fd: number) {
  const program =
    "require('net').createServer(s=>s.end(String(process.pid),()=>s.destroy(process.exit()))).listen({fd:3})";
  return spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'inherit', 'inherit', fd] });
}

test.each([tcp, unix])(
  'connections to $name wait until a server accepts them, one server after the other',
  async (address) => {
    const [socket] = await hold(address);
    const clients = [dial(address), dial(address)];
    await Promise.all(clients.map((client) => once(client, 'connect')));
    const answers = clients.map(async (client) => String((await once(client, 'data'))[0]));
    const pids: string[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const server = serveOnce(socket!.fd);
      await once(server, 'exit');
      pids.push(String(server.pid));
    }
    expect((await Promise.all(answers)).sort()).toEqual(pids.sort());
  },
);

test('an address in use fails and binds nothing; a left-over socket file is replaced', async () => {
  const other = createServer().listen(PORT + 1, '127.0.0.1');
  await once(other, 'listening');
  const taken: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: PORT + 1, name: String(PORT + 1) };
  const failed = await openListeningSockets([tcp, taken]);
  expect(failed).toMatchObject({ ok: false, errno: 'EADDRINUSE', address: taken });
  other.close();
  // The first address was released again.
  await hold(tcp);
  const killed = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(unix.path)})`]);
  while (!statSync(unix.path, { throwIfNoEntry: false })) await new Promise(setImmediate);
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  await hold(unix);
  expect(statSync(unix.path).mode & 0o777).toBe(0o600);
});
