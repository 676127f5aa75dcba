// A TCP socket that is bound and does not listen, by Node's own function for the shared sockets of a cluster. Undocumented,
// present since 0.8.
import * as net from 'node:net';
import { isIP } from 'node:net';

export type BoundHandle = { fd: number; close(): void; getsockname?(into: object): number };
type CreateHandle = (
  address: string,
  port: number,
  type: 4 | 6 | -1,
  fd?: number,
  flags?: number,
) => BoundHandle | number;
export const { _createServerHandle: createHandle } = net as unknown as { _createServerHandle: CreateHandle };

/** @param host an IP address. @returns a negative errno where it cannot be bound */
export function bindTcp(host: string, port: number): BoundHandle | number {
  const handle = createHandle(host, port, isIP(host) === 6 ? 6 : 4, undefined, 0);
  if (typeof handle === 'number') return handle;
  // libuv reports EADDRINUSE only at listen, which we must not call; this reports it, too.
  const failed = handle.getsockname?.({}) ?? 0;
  if (failed === 0) return handle;
  handle.close();
  return failed;
}
