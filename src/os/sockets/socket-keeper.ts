// Entry of the socket keeper: a process that only keeps the sockets of a supervisor open, so that the next supervisor gets
// them when the first was killed. Usage: socket-keeper.cjs PATH ADDRESSES STATE, the sockets from descriptor 3 on.
// Answers `<index>` with that socket, and exits at `leave`. Does not accept connections on them.
import { existsSync, rmSync, statSync } from 'node:fs';
import { type IpcPipe, loadNodeBindings } from './node-bindings.ts';

const CHECK_EVERY_MS = 1_000;
/** Checks without our own socket file and without a supervisor; then no request can come any more. */
const MAX_MISSED_CHECKS = 10;

const [path = '', addresses = '[]', state = ''] = process.argv.slice(2);
const bindings = loadNodeBindings();
const names = JSON.parse(addresses) as { address: string; kind: 'tcp' | 'unix' }[];
const sockets = names.map(({ kind }, index) => bindings.adopt(3 + index, kind));
/** Referenced, as the garbage collector closes a server. */
const servers: IpcPipe[] = [];
/** Each pair shares a descriptor: none may be closed, or collected, before the process exits. */
const clients: IpcPipe[] = [];

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
rmSync(path, { force: true });
let ownIdentity = listen();
let missedChecks = 0;
setInterval(checkOwnSocket, CHECK_EVERY_MS);

/** @returns an identity that differs for another socket at the path */
function listen(): string | null {
  const server = bindings.newPipe('SERVER');
  servers.push(server);
  server.onconnection = (status, client) => status === 0 && serve(client);
  if (server.bind(path) !== 0 || server.listen(8) !== 0) process.exit(1);
  return socketIdentity();
}

/** `.orch` may be removed, and created again by a supervisor, which then has a state and needs to find us. */
function checkOwnSocket(): void {
  const found = socketIdentity();
  if (found === ownIdentity) return;
  if (found !== null) process.exit(0); // the socket of another keeper
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
