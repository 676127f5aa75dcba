// Keeps `limits.memory`: where the kernel has a wall around an instance, it only tells of it; else it looks once a second
// and acts when the bound is exceeded, by the restart policy, or at once by SIGKILL. What grows faster is seen too late.
import type { MemoryBoundStatus } from '../../api/protocol.ts';
import { printSize } from '../../config/quantities.ts';
import type { Exit, Incarnation, InstanceEvent, InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import { killTree } from '../../runtime/tree/signal.ts';
import { treeMemoryBytes } from '../../runtime/tree/tree-memory.ts';
import type { Happening } from '../happenings.ts';
import type { MemoryWalls } from '../perform/memory-walls.ts';

export type MemoryGuardOptions = {
  slots(): Iterable<Slot>;
  specOf(slot: Slot): ServiceSpec | null;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: Happening): void;
  walls: MemoryWalls;
  measure?: (pid: number) => number | null;
};
type Bound = NonNullable<ServiceSpec['limits']['memory']>;

const EVERY_MS = 1_000;
const KILL_WITHIN_MS = 2_000;

export class MemoryGuard {
  #options: MemoryGuardOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Nonces of those that were dealt with -> the bound, if they were killed. */
  #told = new Map<string, number | null>();
  /** Nonce -> whether the kernel has a wall around it, for all that live and are bounded. */
  #walled = new Map<string, boolean>();

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
  }

  /** Looks only while somebody is bounded. */
  keep(services: readonly ServiceSpec[]): void {
    const isNeeded = services.some(({ limits }) => limits.memory !== null);
    if (isNeeded && !this.#timer) this.#timer = setInterval(() => this.look(), EVERY_MS);
    if (!isNeeded) this.close();
  }

  /** Before the fork. @returns whether the process is to be put into a cgroup of its own for it. */
  prepare({ limits: { memory } }: ServiceSpec, nonce: string): boolean {
    return memory?.action === 'kill' && this.#options.walls.raise(nonce, memory.maxBytes);
  }

  look(): void {
    const bounded = new Set<string>();
    for (const slot of this.#options.slots()) {
      const memory = this.#boundOf(slot);
      if (slot.phase.kind !== 'alive' || !memory) continue;
      const { process } = slot.phase;
      bounded.add(process.nonce);
      if (this.#told.has(process.nonce) || this.#isWalled(process, memory)) continue;
      const bytes = (this.#options.measure ?? treeMemoryBytes)(process.pid);
      if (bytes !== null && bytes > memory.maxBytes) this.#act(slot.id, process, memory, bytes);
    }
    forgetOthers(this.#told, bounded);
    forgetOthers(this.#walled, bounded);
  }

  /** Null: it has no bound, or does not run. */
  statusOf(slot: Slot): MemoryBoundStatus | null {
    const memory = this.#boundOf(slot);
    if (slot.phase.kind !== 'alive' || !memory) return null;
    if (this.#isWalled(slot.phase.process, memory)) return { ...memory, enforcedBy: 'kernel', because: null };
    const { missing } = this.#options.walls;
    return { ...memory, enforcedBy: 'sampling', because: memory.action === 'restart' ? GRACEFUL : missing };
  }

  /** That a SIGKILL, or an end that nobody saw, was for the bound; null: nothing is known of that. */
  verdictOn(nonce: string): Exit | null {
    const maxBytes = this.#told.get(nonce) ?? this.#hitAt(nonce);
    if (maxBytes === null) return null;
    return { signal: 'SIGKILL', because: `over its memory bound of ${readableSize(maxBytes)}` };
  }

  #hitAt(nonce: string): number | null {
    const maxBytes = this.#options.walls.hitAt(nonce);
    const slot = [...this.#options.slots()].find(({ phase }) => 'process' in phase && phase.process.nonce === nonce);
    if (maxBytes === null || !slot || this.#told.has(nonce)) return maxBytes;
    this.#told.set(nonce, maxBytes);
    this.#tell(slot.id, `it went over its memory bound of ${readableSize(maxBytes)}; the kernel killed it`, {
      maxBytes,
      action: 'kill',
      enforcedBy: 'kernel',
    });
    return maxBytes;
  }

  #boundOf(slot: Slot): Bound | null {
    return this.#options.specOf(slot)?.limits.memory ?? null;
  }

  #isWalled(process: Incarnation, { action }: Bound): boolean {
    const known = this.#walled.get(process.nonce);
    if (known !== undefined) return known;
    const stands = action === 'kill' && this.#options.walls.stands(process);
    this.#walled.set(process.nonce, stands);
    return stands;
  }

  #act(id: InstanceId, process: Incarnation, { maxBytes, action }: Bound, bytes: number): void {
    this.#told.set(process.nonce, action === 'kill' ? maxBytes : null);
    const because = `it uses ${printSize(roundedMiB(bytes))}, limits.memory is ${printSize(maxBytes)}`;
    this.#tell(id, because, { bytes, maxBytes, action, enforcedBy: 'sampling' });
    if (action === 'restart') this.#options.receive(id, process.nonce, { kind: 'unhealthy', because });
    else this.#kill(process);
  }

  #tell(id: InstanceId, because: string, details: Record<string, unknown>): void {
    this.#options.report({ type: 'memory_exceeded', instance: id, message: `${id}: ${because}`, details });
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

const GRACEFUL = 'a stop that is asked for (action: restart) comes before any wall';

/** For people: how the bound of an instance is kept. */
export function memoryNote({ maxBytes, enforcedBy, because }: MemoryBoundStatus): string {
  const bound = `Its memory bound of ${readableSize(maxBytes)} is`;
  if (enforcedBy === 'kernel') return `${bound} enforced by the kernel.`;
  return `${bound} sampled once a second${because === null ? '' : `: ${because}`}.`;
}

function forgetOthers(kept: Map<string, unknown>, nonces: ReadonlySet<string>): void {
  for (const nonce of kept.keys()) if (!nonces.has(nonce)) kept.delete(nonce);
}

const MIB = 1024 ** 2;
const roundedMiB = (bytes: number): number => Math.max(1, Math.round(bytes / MIB)) * MIB;

/** `512 MiB`, to one decimal where it is not whole. */
function readableSize(bytes: number): string {
  return `${Math.round((bytes / MIB) * 10) / 10} MiB`;
}
