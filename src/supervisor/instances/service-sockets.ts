// The sockets that services ask us to keep: bound before the first start, kept while instances come and go, closed when no
// service names the address any more. A keeper process has them too, for the next supervisor. Accepts nothing.
import { rmSync } from 'node:fs';
import { printAddress } from '../../core/print-address.ts';
import type { ListenAddress, ServiceSpec } from '../../core/spec.ts';
import {
  dismissKeeper,
  type KeptSocket,
  type SocketKeeper,
  startKeeper,
  takeKeptSockets,
} from '../../os/sockets/kept-sockets.ts';
import { listenersAt, listenersOnPort } from '../../os/sockets/listeners.ts';
import { openListeningSockets } from '../../os/sockets/listening-socket.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { describeHolder } from './own-answers.ts';

export type SocketFailure = { errno: string; detail: string };
type BoundSocket = { fd: number; kind: ListenAddress['kind']; close(): void };

function closeTaken(handle: { close(): void }, address: ListenAddress): void {
  handle.close();
  if (address.kind === 'unix') rmSync(address.path, { force: true });
}

/** Names the process that has the address; empty where it is not known. */
async function nameHolder({ errno, address }: { errno: string; address: ListenAddress }): Promise<string> {
  if (errno !== 'EADDRINUSE') return '';
  const listeners = address.kind === 'tcp' ? listenersOnPort(address.port) : listenersAt(address);
  const [listener] = listeners.filter(({ isRelative }) => !isRelative);
  return listener ? `: ${await describeHolder(listener)}` : '';
}

export class ServiceSockets {
  #context: Pick<SupervisorContext, 'paths' | 'journal'>;
  #bound = new Map<string, BoundSocket>();
  /** The addresses that services name now. */
  #wanted = new Map<string, ListenAddress>();
  /** One task after the other: two starts of a pool must not bind twice. */
  #work: Promise<unknown> = Promise.resolve();
  /** The keeper that we started last. */
  #keeper: SocketKeeper | null = null;
  #hasAskedKeeper = false;
  #isClosed = false;

  constructor(context: Pick<SupervisorContext, 'paths' | 'journal'>) {
    this.#context = context;
  }

  /** The configuration changed. */
  configure(services: readonly Pick<ServiceSpec, 'listen'>[]): void {
    const addresses = services.flatMap(({ listen }) => listen);
    this.#wanted = new Map(addresses.map((address) => [printAddress(address), address]));
    const unnamed = [...this.#bound.keys()].filter((address) => !this.#wanted.has(address));
    if (unnamed.length === 0) return;
    for (const address of unnamed) this.#closeSocket(address);
    void this.#enqueue(() => this.#giveToKeeper());
  }

  #closeSocket(address: string): void {
    this.#bound.get(address)?.close();
    this.#bound.delete(address);
  }

  /** @returns the descriptors, in the order of the addresses; binds those that are missing. */
  async descriptors(addresses: readonly ListenAddress[]): Promise<number[] | SocketFailure> {
    if (addresses.length === 0) return [];
    const found = this.#find(addresses);
    if (found) return found;
    const failure = await this.#enqueue(() => this.#bindMissing(addresses));
    return failure ?? this.#find(addresses) ?? { errno: 'ECANCELED', detail: 'its sockets are not declared any more' };
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined); // the caller gets the error
    return result;
  }

  async #bindMissing(addresses: readonly ListenAddress[]): Promise<SocketFailure | null> {
    if (!this.#hasAskedKeeper) await this.#takeFromKeeper();
    const missing = addresses.filter((address) => !this.#bound.has(printAddress(address)));
    if (missing.length === 0 || this.#isClosed) return null;
    const result = await openListeningSockets(missing);
    if (!result.ok) {
      // A keeper whose socket was deleted puts it back within a second, and may have the address.
      this.#hasAskedKeeper = false;
      return { errno: result.errno, detail: `${result.detail}${await nameHolder(result)}` };
    }
    for (const [index, address] of missing.entries())
      this.#bound.set(printAddress(address), { kind: address.kind, ...result.sockets[index]! });
    await this.#giveToKeeper();
    return null;
  }

  /** The sockets that an earlier supervisor gave to its keeper. */
  async #takeFromKeeper(): Promise<void> {
    this.#hasAskedKeeper = true;
    for (const [address, handle] of await takeKeptSockets(this.#context.paths.keeperSocket)) {
      const wanted = this.#wanted.get(address);
      if (!wanted) handle.close();
      else this.#bound.set(address, { fd: handle.fd, kind: wanted.kind, close: () => closeTaken(handle, wanted) });
    }
  }

  /** Replaces the keeper by one that has exactly our sockets. */
  async #giveToKeeper(): Promise<void> {
    await this.#endKeeper();
    if (this.#isClosed || this.#bound.size === 0) return;
    const sockets = [...this.#bound].map(([address, { fd, kind }]): KeptSocket => ({ address, kind, fd }));
    this.#keeper = startKeeper(this.#context.paths, sockets, (why) => this.#reportNotKept(why));
  }

  #reportNotKept(why: string): void {
    const message = `The sockets of services would close at the end of the supervisor: ${why}`;
    this.#context.journal.report({ type: 'sockets_unkept', instance: null, message });
  }

  /** Ours may not listen yet; one of an earlier supervisor is known by its path only. */
  async #endKeeper(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = null;
    await (keeper ? keeper.end() : dismissKeeper(this.#context.paths.keeperSocket));
  }

  #find(addresses: readonly ListenAddress[]): number[] | null {
    const fds = addresses.flatMap((address) => this.#bound.get(printAddress(address))?.fd ?? []);
    return fds.length === addresses.length ? fds : null;
  }

  /** Everything is stopped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
    for (const address of [...this.#bound.keys()]) this.#closeSocket(address);
    await this.#endKeeper();
  }
}
