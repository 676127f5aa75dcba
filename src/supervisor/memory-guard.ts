// Looks once a second at the memory of instances that declare a bound, and acts when it is exceeded: by their restart
// policy, or at once by SIGKILL. A sample, no bound of the kernel: what grows faster is seen up to a second later.
import { printSize } from '../config/quantities.ts';
import type { Incarnation, InstanceEvent, InstanceId, ServiceSpec, Slot } from '../core/model.ts';
import { killTree } from '../runtime/signal.ts';
import { treeMemoryBytes } from '../runtime/tree-memory.ts';
import type { Happening } from './happenings.ts';

export type MemoryGuardOptions = {
  slots(): Iterable<Slot>;
  specOf(slot: Slot): ServiceSpec | null;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: Happening): void;
  measure?: (pid: number) => number | null;
};

const EVERY_MS = 1_000;
const KILL_WITHIN_MS = 2_000;

export class MemoryGuard {
  #options: MemoryGuardOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Nonces of those that were dealt with. */
  #told = new Set<string>();

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
  }

  /** Looks only while somebody is bounded. */
  keep(services: readonly ServiceSpec[]): void {
    const isNeeded = services.some(({ limits }) => limits.memory !== null);
    if (isNeeded && !this.#timer) this.#timer = setInterval(() => this.look(), EVERY_MS);
    if (!isNeeded) this.close();
  }

  look(): void {
    const bounded: string[] = [];
    for (const slot of this.#options.slots()) {
      if (slot.phase.kind !== 'alive') continue;
      const memory = this.#options.specOf(slot)?.limits.memory;
      if (!memory) continue;
      const { process } = slot.phase;
      bounded.push(process.nonce);
      const bytes = (this.#options.measure ?? treeMemoryBytes)(process.pid);
      if (bytes !== null && bytes > memory.maxBytes && !this.#told.has(process.nonce)) this.#act(slot, memory, bytes);
    }
    for (const nonce of this.#told) if (!bounded.includes(nonce)) this.#told.delete(nonce);
  }

  #act({ id, phase }: Slot, { maxBytes, action }: NonNullable<ServiceSpec['limits']['memory']>, bytes: number): void {
    if (phase.kind !== 'alive') return;
    this.#told.add(phase.process.nonce);
    const because = `it uses ${printSize(roundedMiB(bytes))}, limits.memory is ${printSize(maxBytes)}`;
    const details = { bytes, maxBytes, action };
    this.#options.report({ type: 'memory_exceeded', instance: id, message: `${id}: ${because}`, details });
    if (action === 'restart') this.#options.receive(id, phase.process.nonce, { kind: 'unhealthy', because });
    else this.#kill(phase.process);
  }

  #kill(incarnation: Incarnation): void {
    // Where it could not be looked at (no descriptor left), the next look decides anew.
    const forget = (): boolean => this.#told.delete(incarnation.nonce);
    killTree({ incarnation, ourChild: false }, { withinMs: KILL_WITHIN_MS }).catch(forget);
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}

const MIB = 1024 ** 2;
const roundedMiB = (bytes: number): number => Math.max(1, Math.round(bytes / MIB)) * MIB;
