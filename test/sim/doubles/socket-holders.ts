// Which processes of the simulated machine hold a listening socket.
import type { HeldSocket } from '../../../src/os/sockets/socket-holders.ts';

export type { HeldSocket } from '../../../src/os/sockets/socket-holders.ts';

export function isStillHeld({ pid, inode }: HeldSocket): boolean {
  return bridge.machine.ports.heldBy(pid).includes(inode);
}

export function socketsOf(pid: number): HeldSocket[] {
  return bridge.machine.ports.heldBy(pid).map((inode) => ({ pid, fd: '3', inode }));
}

export const withDescendants = (pid: number): number[] => [pid];

export async function findHolders(inode: string): Promise<number[]> {
  const { machine } = bridge;
  return machine.processes.pids().filter((pid) => machine.ports.heldBy(pid).includes(inode));
}

export const isContainerForwarder = (): boolean => false;
export const describeProcess = (pid: number): string => `pid ${pid}`;
export const describeUser = (uid: number | null): string => `user ${uid}`;
