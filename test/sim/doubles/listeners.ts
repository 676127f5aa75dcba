// The listening sockets of the simulated machine.
import type { Endpoint, Listener } from '../../../src/os/sockets/listeners.ts';

export type { Endpoint, Listener } from '../../../src/os/sockets/listeners.ts';
export { countWaiting, isAccepted, isOnThisMachine } from '../../../src/os/sockets/listeners.ts';

export function listenersAt(at: Endpoint): Listener[] {
  return at.kind === 'tcp' ? listenersOnPort(at.port) : [];
}

export function listenersOnPort(port: number): Listener[] {
  const inodes = bridge.machine.ports.inodesAt(port);
  return inodes.map((inode) => ({ inode, uid: 0, isRelative: false }));
}

export function allListeners(): Map<string, number> {
  return bridge.machine.ports.all();
}
