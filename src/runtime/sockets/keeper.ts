// Entry of the socket keeper: a process that does nothing but hold the sockets that a supervisor holds, too, so that the next
// one can have them when the first was killed. Usage: socket-keeper.js PATH ADDRESSES, the sockets from descriptor 3 on.
// Answers `<index>` with that socket, and leaves at `leave`. Accepts nothing on them.
import { existsSync, rmSync } from 'node:fs';
import { loadBindings, type Pipe } from './bindings.ts';

/** `.orch` was removed by hand: nobody will ever ask. */
const LOOK_EVERY_MS = 60_000;

const [path = '', addresses = '[]'] = process.argv.slice(2);
const bindings = loadBindings();
const names = JSON.parse(addresses) as { address: string; kind: 'tcp' | 'unix' }[];
const sockets = names.map(({ kind }, index) => bindings.adopt(3 + index, kind));
/** Each pair shares a descriptor: none may be closed, or collected, before the process ends. */
const clients: Pipe[] = [];

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
rmSync(path, { force: true });
const server = bindings.newPipe('SERVER');
server.onconnection = (status, client) => {
  if (status !== 0) return;
  const ipc = bindings.newPipe('IPC');
  clients.push(client, ipc);
  if (ipc.open(client.fd) !== 0) return;
  ipc.onread = (bytes) => bytes && obey(ipc, Buffer.from(bytes).toString('latin1'));
  ipc.readStart();
  send(ipc, `${JSON.stringify(names.map(({ address }) => address))}\n`);
};
if (server.bind(path) !== 0 || server.listen(8) !== 0) process.exit(1);
setInterval(() => existsSync(path) || process.exit(0), LOOK_EVERY_MS);

function obey(ipc: Pipe, text: string): void {
  if (text.includes('leave')) {
    rmSync(path, { force: true });
    process.exit(0);
  }
  const socket = sockets[Number.parseInt(text, 10)];
  if (socket) send(ipc, '.', socket);
}

function send(ipc: Pipe, text: string, handle?: (typeof sockets)[number]): void {
  const request = bindings.newWrite();
  request.oncomplete = () => undefined;
  ipc.writeUtf8String(request, text, handle);
}
