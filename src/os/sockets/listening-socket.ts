// A listening socket that we keep open and never accept on: connections wait in its backlog until a process that got the
// descriptor accepts them. Node lacks this: a socket that listens in a Node process also accepts. So the socket is bound
// here, and a short-lived process calls listen(2) and exits before it could accept.

import { spawn } from 'node:child_process';
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { connect, isIP } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { ListenAddress } from '../../core/spec.ts';
import { type BoundHandle, bindTcp, createHandle } from './bound-handle.ts';

export type ListeningSocket = {
  /** Close-on-exec; give it to a child as a stdio entry. Non-blocking, which all that get it share. */
  fd: number;
  close(): void;
};
export type BindFailure = { errno: string; detail: string };

/** At most net.core.somaxconn counts. Must hold the connections that come while no process accepts. */
const BACKLOG = 4096;
const LISTEN = `
const { createServer } = require('net');
for (let fd = 3; fd < 3 + Number(process.argv[1]); fd++)
  if (!createServer().on('error', () => {}).listen({ fd, backlog: ${BACKLOG} }).listening) process.exit(1);
process.exit(0);`;

/** Binds all of them, or none. Takes about 50 ms, as it starts one process for all. */
export async function openListeningSockets(
  addresses: readonly ListenAddress[],
): Promise<{ ok: true; sockets: ListeningSocket[] } | ({ ok: false; address: ListenAddress } & BindFailure)> {
  const sockets: ListeningSocket[] = [];
  const closeAll = (): void => {
    for (const socket of sockets) socket.close();
  };
  for (const address of addresses) {
    const bound = await bind(address);
    if ('errno' in bound) {
      closeAll();
      return { ok: false, address, ...bound };
    }
    sockets.push(bound);
  }
  const failure = await listen(sockets.map(({ fd }) => fd));
  if (!failure) return { ok: true, sockets };
  closeAll();
  return { ok: false, address: addresses[0]!, ...failure };
}

async function bind(address: ListenAddress): Promise<ListeningSocket | BindFailure> {
  if (address.kind === 'unix') return bindPath(address.path);
  const { host, port } = address;
  if (host !== 'localhost' && isIP(host) === 0)
    return {
      errno: 'EINVAL',
      detail: `${host} is not an IP address; sockets that orch keeps open are bound by address`,
    };
  const handle = bindTcp(host === 'localhost' ? '127.0.0.1' : host, port);
  return typeof handle === 'number' ? failureOf(handle, `${host}:${port}`) : socketOf(handle, null);
}

async function bindPath(path: string): Promise<ListeningSocket | BindFailure> {
  if (await hasListener(path)) return { errno: 'EADDRINUSE', detail: `${path} is in use by another process` };
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
  } catch {
    // we may not remove it: bind reports why
  }
  const handle = createHandle(path, -1, -1);
  if (typeof handle === 'number') return failureOf(handle, path);
  chmodSync(path, 0o600);
  return socketOf(handle, path);
}

/** Without a listener the socket file is left over from a process that was killed. */
function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EAGAIN'));
  });
}

function socketOf(handle: BoundHandle, path: string | null): ListeningSocket {
  return {
    fd: handle.fd,
    close: () => {
      handle.close();
      // libuv removes only the file of a socket that it bound itself.
      if (path !== null) rmSync(path, { force: true });
    },
  };
}

function failureOf(negated: number, what: string): BindFailure {
  const errno = getSystemErrorName(negated);
  const why = errno === 'EADDRINUSE' ? 'is in use by another process' : `cannot be bound (${errno})`;
  return { errno, detail: `${what} ${why}` };
}

/** By a process that calls listen(2) on each and exits within the same tick, before its event loop could accept. */
function listen(fds: readonly number[]): Promise<BindFailure | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', LISTEN, String(fds.length)], {
      stdio: ['ignore', 'ignore', 'ignore', ...fds],
      env: {},
    });
    child.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve({ errno: code ?? 'UNKNOWN', detail: 'the process that opens the sockets could not be started' }),
    );
    child.on('exit', (code) =>
      resolve(code === 0 ? null : { errno: 'EADDRINUSE', detail: 'cannot listen on the socket' }),
    );
  });
}
