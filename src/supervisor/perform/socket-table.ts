// The sockets that services ask us to hold: bound before the first start, kept over everything that happens to the
// instances, closed when no service names the address any more. A keeper process has them, too, for the supervisor
// after us. Accepts nothing.
import { rmSync } from 'node:fs';
import { printAddress } from '../../config/print-address.ts';
import type { HeldAddress, ServiceSpec } from '../../core/model.ts';
import { holdSockets } from '../../runtime/sockets/held-socket.ts';
import {
  dismissKeeper,
  type Keeper,
  type KeeperPaths,
  type KeptSocket,
  startKeeper,
  takeFromKeeper,
} from '../../runtime/sockets/kept-sockets.ts';

export type SocketFailure = { errno: string; detail: string };
export type SocketTableOptions = {
  paths: KeeperPaths;
  /** They could not be given to a keeper: they will not outlive us. */
  onUnkept(why: string): void;
};

type Held = { fd: number; kind: HeldAddress['kind']; close(): void };

function closeTaken(handle: { close(): void }, address: HeldAddress): void {
  handle.close();
  if (address.kind === 'unix') rmSync(address.path, { force: true });
}

export class SocketTable {
  #options: SocketTableOptions;
  #held = new Map<string, Held>();
  /** What is named now. */
  #wanted = new Map<string, HeldAddress>();
  /** One after the other: two starts of a pool must not bind twice. */
  #work: Promise<unknown> = Promise.resolve();
  /** The one that we have started last. */
  #keeper: Keeper | null = null;
  #hasLooked = false;
  #isClosed = false;

  constructor(options: SocketTableOptions) {
    this.#options = options;
  }

  /** The configuration changed. */
  keep(services: readonly Pick<ServiceSpec, 'listen'>[]): void {
    const addresses = services.flatMap(({ listen }) => listen);
    this.#wanted = new Map(addresses.map((address) => [printAddress(address), address]));
    const unnamed = [...this.#held.keys()].filter((address) => !this.#wanted.has(address));
    if (unnamed.length === 0) return;
    for (const address of unnamed) this.#letGo(address);
    void this.#enqueue(() => this.#entrust());
  }

  #letGo(address: string): void {
    this.#held.get(address)?.close();
    this.#held.delete(address);
  }

  /** @returns the descriptors, in the order of the addresses; binds what is not held yet. */
  async descriptors(addresses: readonly HeldAddress[]): Promise<number[] | SocketFailure> {
    if (addresses.length === 0) return [];
    const found = this.#find(addresses);
    if (found) return found;
    const failure = await this.#enqueue(() => this.#hold(addresses));
    return failure ?? this.#find(addresses) ?? { errno: 'ECANCELED', detail: 'its sockets are not declared any more' };
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined); // whoever waits for it gets the error
    return result;
  }

  async #hold(addresses: readonly HeldAddress[]): Promise<SocketFailure | null> {
    if (!this.#hasLooked) await this.#recall();
    const missing = addresses.filter((address) => !this.#held.has(printAddress(address)));
    if (missing.length === 0 || this.#isClosed) return null;
    const result = await holdSockets(missing);
    if (!result.ok) {
      // A keeper whose socket was deleted puts it back within a second, and may be the one that has the address.
      this.#hasLooked = false;
      return { errno: result.errno, detail: result.detail };
    }
    for (const [index, address] of missing.entries())
      this.#held.set(printAddress(address), { kind: address.kind, ...result.sockets[index]! });
    await this.#entrust();
    return null;
  }

  /** What an earlier supervisor gave to its keeper. */
  async #recall(): Promise<void> {
    this.#hasLooked = true;
    for (const [address, handle] of await takeFromKeeper(this.#options.paths.keeperSocket)) {
      const wanted = this.#wanted.get(address);
      if (!wanted) handle.close();
      else this.#held.set(address, { fd: handle.fd, kind: wanted.kind, close: () => closeTaken(handle, wanted) });
    }
  }

  /** The keeper has what we have. */
  async #entrust(): Promise<void> {
    await this.#endKeeper();
    if (this.#isClosed || this.#held.size === 0) return;
    const sockets = [...this.#held].map(([address, { fd, kind }]): KeptSocket => ({ address, kind, fd }));
    this.#keeper = startKeeper(this.#options.paths, sockets, this.#options.onUnkept);
  }

  /** Ours may not listen yet; one of an earlier supervisor is known by its path only. */
  async #endKeeper(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = null;
    await (keeper ? keeper.end() : dismissKeeper(this.#options.paths.keeperSocket));
  }

  #find(addresses: readonly HeldAddress[]): number[] | null {
    const fds = addresses.flatMap((address) => this.#held.get(printAddress(address))?.fd ?? []);
    return fds.length === addresses.length ? fds : null;
  }

  /** Everything is stopped: nobody listens any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
    for (const address of [...this.#held.keys()]) this.#letGo(address);
    await this.#endKeeper();
  }
}
