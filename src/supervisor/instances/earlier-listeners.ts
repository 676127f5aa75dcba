// Which sockets listened before each incarnation was started: they are not its own. Known until the instance is forgotten, and
// not after a change of supervisors.
import type { InstanceId } from '../../core/spec.ts';
import { allListeners } from '../../os/sockets/listeners.ts';

type Listening = { atMs: number; portOf: ReadonlyMap<string, number>; ports: ReadonlySet<number> };

/** Starts within this time share one list of the sockets that listen. */
const SHARED_FOR_MS = 100;

export class EarlierListeners {
  #latest: Listening | null = null;
  #before = new Map<InstanceId, { nonce: string; listening: Listening }>();

  /** Call before an incarnation starts, hooks included. */
  note(id: InstanceId, nonce: string): void {
    const nowMs = performance.now();
    if (this.#latest === null || nowMs - this.#latest.atMs > SHARED_FOR_MS) {
      const portOf = allListeners();
      this.#latest = { atMs: nowMs, portOf, ports: new Set(portOf.values()) };
    }
    this.#before.set(id, { nonce, listening: this.#latest });
  }

  forget(id: InstanceId): void {
    this.#before.delete(id);
  }

  hasSocket(id: InstanceId, nonce: string, inode: string): boolean {
    return this.#of(id, nonce)?.portOf.has(inode) ?? false;
  }

  hasPort(id: InstanceId, nonce: string, port: number): boolean {
    return this.#of(id, nonce)?.ports.has(port) ?? false;
  }

  #of(id: InstanceId, nonce: string): Listening | null {
    const before = this.#before.get(id);
    return before?.nonce === nonce ? before.listening : null;
  }
}
