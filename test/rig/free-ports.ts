// Ports for the programs of a test, which no other test on this machine gets while this one runs.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports of outgoing connections on every usual system, and below those that `port: auto` takes. */
const [FIRST, LAST] = [10_000, 20_000];
const HOST = '127.0.0.1';

/**
 * The UDP port of the same number is the reservation: no program of a test uses it, so TCP stays free for the program,
 * and the kernel releases it with the test's process.
 *
 * @returns the first of `count` consecutive ports
 */
export async function freePorts(count = 1): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    const locks = await Promise.all(ports.map(reserve));
    const isFree = locks.every((lock) => lock !== null) && (await Promise.all(ports.map(canListen))).every(Boolean);
    if (isFree) return first;
    for (const lock of locks) lock?.close();
  }
  throw new Error(`no ${count} free ports in a row`);
}

async function reserve(port: number) {
  const lock = createSocket({ type: 'udp4', reuseAddr: false });
  lock.bind({ port, address: HOST, exclusive: true });
  try {
    await once(lock, 'listening');
  } catch {
    return null; // another test has it
  }
  return lock.unref();
}

/** On all addresses: a listener on any of them would block a program. */
async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen({ port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return false; // in use
  }
  await new Promise((closed) => server.close(closed));
  return true;
}
