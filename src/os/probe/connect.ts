// Whether a TCP port or a unix socket accepts a connection. Sends nothing.
import { createConnection, type NetConnectOpts } from 'node:net';
import { relative } from 'node:path';
import { errnoOf } from '../errors.ts';
import { type RunningCheck, runCheck } from './running-check.ts';

/** `8000`, `localhost:8000` or `[::1]:8000`; a port alone means 127.0.0.1. */
export function checkTcp(address: string): RunningCheck {
  return checkConnection(tcpTarget(address));
}

/** @param path absolute; the shorter relative path is used where it helps, as the system accepts only some 100 bytes */
export function checkUnix(path: string): RunningCheck {
  const near = relative(process.cwd(), path);
  return checkConnection({ path: near.length < path.length ? near : path });
}

export function tcpTarget(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = colon === -1 ? '127.0.0.1' : address.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(colon + 1)) };
}

function checkConnection(target: NetConnectOpts): RunningCheck {
  return runCheck((settle) => {
    try {
      const socket = createConnection(target, () => settle({ ok: true }));
      socket.on('error', (error) => settle({ ok: false, because: connectionFailure(error) }));
      return () => socket.destroy();
    } catch (error) {
      // A port above 65535, once the variables are filled in.
      settle({ ok: false, because: connectionFailure(error) });
      return () => undefined;
    }
  });
}

/** @returns a clause for people */
export function connectionFailure(error: unknown): string {
  const errno = errnoOf(error);
  switch (errno) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOENT':
      return 'the socket does not exist';
    case 'ECONNRESET':
      return 'connection reset';
    case 'ENOTFOUND':
      return 'host not found';
    default:
      return error instanceof Error && errno === 'UNKNOWN' ? error.message : errno;
  }
}
