// Entry of the socket keeper: a process that does nothing but hold the sockets that a supervisor holds, too, so that the next
// one can have them when the first was killed. Usage: socket-keeper.js PATH ADDRESSES STATE, the sockets from descriptor 3 on.
// Answers `<index>` with that socket, and leaves at `leave`. Accepts nothing on them.
import { existsSync, rmSync, statSync } from 'node:fs';
import { type IpcPipe, loadNodeBindings } from './node-bindings.ts';

const CHECK_EVERY_MS = 1_000;
/** Our socket was removed, and no supervisor has come for so many looks: nobody will ever ask. */
const MAX_MISSED_CHECKS = 10;

const [path = '', addresses = '[]', state = ''] = process.argv.slice(2);
const bindings = loadNodeBindings();
const names = JSON.parse(addresses) as { address: string; kind: 'tcp' | 'unix' }[];
const sockets = names.map(({ kind }, index) => bindings.adopt(3 + index, kind));
/** Kept, as a server that is collected is closed. */
const servers: IpcPipe[] = [];
/** Each pair shares a descriptor: none may be closed, or collected, before the process ends. */
const clients: IpcPipe[] = [];

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
rmSync(path, { force: true });
let ownIdentity = listen();
let missedChecks = 0;
setInterval(checkOwnSocket, CHECK_EVERY_MS);

/** @returns what tells our socket from another one at the path. */
function listen(): string | null {
  const server = bindings.newPipe('SERVER');
  servers.push(server);
  server.onconnection = (status, client) => status === 0 && serve(client);
  if (server.bind(path) !== 0 || server.listen(8) !== 0) process.exit(1);
  return socketIdentity();
}

/** `.orch` may be removed under us, and made again by a supervisor, which then has a state and needs to find us. */
function checkOwnSocket(): void {
  const there = socketIdentity();
  if (there === ownIdentity) return;
  if (there !== null) process.exit(0); // another keeper's
  missedChecks++;
  if (missedChecks > MAX_MISSED_CHECKS) process.exit(0);
  if (!existsSync(state)) return;
  ownIdentity = listen();
  missedChecks = 0;
}

function socketIdentity(): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.birthtimeMs}` : null;
}

function serve(client: IpcPipe): void {
  const ipc = bindings.newPipe('IPC');
  clients.push(client, ipc);
  if (ipc.open(client.fd) !== 0) return;
  ipc.onread = (bytes) => bytes && answer(ipc, Buffer.from(bytes).toString('latin1'));
  ipc.readStart();
  send(ipc, `${JSON.stringify(names.map(({ address }) => address))}\n`);
}

function answer(ipc: IpcPipe, text: string): void {
  if (text.includes('leave')) {
    rmSync(path, { force: true });
    process.exit(0);
  }
  const socket = sockets[Number.parseInt(text, 10)];
  if (socket) send(ipc, '.', socket);
}

function send(ipc: IpcPipe, text: string, handle?: (typeof sockets)[number]): void {
  const request = bindings.newWrite();
  request.oncomplete = () => undefined;
  ipc.writeUtf8String(request, text, handle);
}
