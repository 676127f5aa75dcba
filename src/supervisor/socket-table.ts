// The sockets that services ask us to hold: bound before the first start, kept over everything that happens to the
// instances, closed when no service names the address any more. Accepts nothing.
import { printAddress } from '../config/print-address.ts';
import type { HeldAddress, ServiceSpec } from '../core/model.ts';
import { type HeldSocket, holdSockets } from '../runtime/held-socket.ts';

export type SocketFailure = { errno: string; detail: string };

export class SocketTable {
  #held = new Map<string, HeldSocket>();
  /** What is named now. */
  #wanted = new Set<string>();
  /** One after the other: two starts of a pool must not bind twice. */
  #work: Promise<unknown> = Promise.resolve();

  /** The configuration changed. */
  keep(services: readonly Pick<ServiceSpec, 'listen'>[]): void {
    this.#wanted = new Set(services.flatMap(({ listen }) => listen.map(printAddress)));
    for (const [address, socket] of this.#held) {
      if (this.#wanted.has(address)) continue;
      this.#held.delete(address);
      socket.close();
    }
  }

  /** @returns the descriptors, in the order of the addresses; binds what is not held yet. */
  async descriptors(addresses: readonly HeldAddress[]): Promise<number[] | SocketFailure> {
    const found = this.#find(addresses);
    if (found) return found;
    const work = this.#work.then(() => this.#hold(addresses));
    this.#work = work.catch(() => undefined); // whoever waits for it gets the error
    const failure = await work;
    return failure ?? this.#find(addresses) ?? { errno: 'ECANCELED', detail: 'its sockets are not declared any more' };
  }

  async #hold(addresses: readonly HeldAddress[]): Promise<SocketFailure | null> {
    const missing = addresses.filter((address) => !this.#held.has(printAddress(address)));
    if (missing.length === 0) return null;
    const result = await holdSockets(missing);
    if (!result.ok) return { errno: result.errno, detail: result.detail };
    for (const [index, address] of missing.entries()) this.#held.set(printAddress(address), result.sockets[index]!);
    return null;
  }

  #find(addresses: readonly HeldAddress[]): number[] | null {
    const fds = addresses.flatMap((address) => this.#held.get(printAddress(address))?.fd ?? []);
    return fds.length === addresses.length ? fds : null;
  }

  close(): void {
    for (const socket of this.#held.values()) socket.close();
    this.#held.clear();
  }
}
