// Keeps `limits.memory`: where the kernel has a wall around an instance, it only tells of it; else it looks once a second
// and acts when the bound is exceeded, by the restart policy, or at once by SIGKILL. What grows faster is seen too late.

import { readFileSync } from 'node:fs';
import type { MemoryLimitStatus } from '../../api/protocol.ts';
import type { Exit, Incarnation, InstanceEvent, InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import { builtEntry } from '../../os/built-entry.ts';
import {
  cgroupDirOfNonce,
  cgroupPids,
  findExistingCgroup,
  prepareCgroup,
  releaseCgroup,
  releaseCgroups,
  topCgroup,
} from '../../os/cgroup/cgroup.ts';
import { disableController, enableController } from '../../os/cgroup/cgroup-controller.ts';
import { isExemptFromOom, memoryLimitOf, setMemoryLimit, wasMemoryLimitHit } from '../../os/cgroup/cgroup-memory.ts';
import { isOwnProcess } from '../../os/process/own-process.ts';
import { treeMemoryBytes } from '../../os/process/resource-use.ts';
import { killTree } from '../../os/tree/signal.ts';
import { printExactSize } from '../../units.ts';
import type { EventDraft } from '../kernel/events.ts';

export type MemoryGuardOptions = {
  slots(): Iterable<Slot>;
  specOf(slot: Slot): ServiceSpec | null;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: EventDraft): void;
  limits: MemoryLimits;
  measure?: (pid: number) => number | null;
};
type MemoryBound = NonNullable<ServiceSpec['limits']['memory']>;

const SAMPLE_EVERY_MS = 1_000;
const KILL_WITHIN_MS = 2_000;

export class MemoryGuard {
  #options: MemoryGuardOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Nonces of those that were dealt with -> the bound, if they were killed. */
  #handled = new Map<string, number | null>();
  /** Nonce -> whether the kernel has a wall around it, for all that live and are bounded. */
  #kernelLimited = new Map<string, boolean>();

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
  }

  /** Looks only while somebody is bounded. */
  configure(services: readonly ServiceSpec[]): void {
    const isNeeded = services.some(({ limits }) => limits.memory !== null);
    if (isNeeded && !this.#timer) this.#timer = setInterval(() => this.poll(), SAMPLE_EVERY_MS);
    if (!isNeeded) this.close();
  }

  /** Before the fork. @returns whether the process is to be put into a cgroup of its own for it. */
  prepare({ limits: { memory } }: ServiceSpec, nonce: string): boolean {
    return memory?.action === 'kill' && this.#options.limits.impose(nonce, memory.maxBytes);
  }

  poll(): void {
    const bounded = new Set<string>();
    for (const slot of this.#options.slots()) {
      const memory = this.#boundOf(slot);
      if (slot.phase.kind !== 'alive' || !memory) continue;
      const { process } = slot.phase;
      bounded.add(process.nonce);
      if (this.#handled.has(process.nonce) || this.#isKernelLimited(process, memory)) continue;
      const bytes = (this.#options.measure ?? treeMemoryBytes)(process.pid);
      if (bytes !== null && bytes > memory.maxBytes) this.#act(slot.id, process, memory, bytes);
    }
    forgetOthers(this.#handled, bounded);
    forgetOthers(this.#kernelLimited, bounded);
  }

  /** Null: it has no bound, or does not run. */
  statusOf(slot: Slot): MemoryLimitStatus | null {
    const memory = this.#boundOf(slot);
    if (slot.phase.kind !== 'alive' || !memory) return null;
    if (this.#isKernelLimited(slot.phase.process, memory)) return { ...memory, enforcedBy: 'kernel', because: null };
    const { missing } = this.#options.limits;
    return { ...memory, enforcedBy: 'sampling', because: memory.action === 'restart' ? RESTART_IS_SAMPLED : missing };
  }

  /** That a SIGKILL, or an end that nobody saw, was for the bound; null: nothing is known of that. */
  explainKill(nonce: string): Exit | null {
    const maxBytes = this.#handled.get(nonce) ?? this.#exceededLimitOf(nonce);
    if (maxBytes === null) return null;
    return { signal: 'SIGKILL', because: `over its memory bound of ${readableSize(maxBytes)}` };
  }

  #exceededLimitOf(nonce: string): number | null {
    const maxBytes = this.#options.limits.exceededLimitOf(nonce);
    const slot = [...this.#options.slots()].find(({ phase }) => 'process' in phase && phase.process.nonce === nonce);
    if (maxBytes === null || !slot || this.#handled.has(nonce)) return maxBytes;
    this.#handled.set(nonce, maxBytes);
    this.#reportExceeded(slot.id, `it went over its memory bound of ${readableSize(maxBytes)}; the kernel killed it`, {
      maxBytes,
      action: 'kill',
      enforcedBy: 'kernel',
    });
    return maxBytes;
  }

  #boundOf(slot: Slot): MemoryBound | null {
    return this.#options.specOf(slot)?.limits.memory ?? null;
  }

  #isKernelLimited(process: Incarnation, { action }: MemoryBound): boolean {
    const known = this.#kernelLimited.get(process.nonce);
    if (known !== undefined) return known;
    const stands = action === 'kill' && this.#options.limits.isInForce(process);
    this.#kernelLimited.set(process.nonce, stands);
    return stands;
  }

  #act(id: InstanceId, process: Incarnation, { maxBytes, action }: MemoryBound, bytes: number): void {
    this.#handled.set(process.nonce, action === 'kill' ? maxBytes : null);
    const because = `it uses ${printExactSize(roundedMiB(bytes))}, limits.memory is ${printExactSize(maxBytes)}`;
    this.#reportExceeded(id, because, { bytes, maxBytes, action, enforcedBy: 'sampling' });
    if (action === 'restart') this.#options.receive(id, process.nonce, { kind: 'unhealthy', because });
    else this.#kill(process);
  }

  #reportExceeded(id: InstanceId, because: string, details: Record<string, unknown>): void {
    this.#options.report({ type: 'memory_exceeded', instance: id, message: `${id}: ${because}`, details });
  }

  #kill(incarnation: Incarnation): void {
    // Where it could not be looked at (no descriptor left), the next look decides anew.
    const forget = (): boolean => this.#handled.delete(incarnation.nonce);
    killTree({ incarnation, isOurChild: false }, { withinMs: KILL_WITHIN_MS }).catch(forget);
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}

const RESTART_IS_SAMPLED = 'a stop that is asked for (action: restart) comes before any wall';

/** For people: how the bound of an instance is kept. */
export function memoryNote({ maxBytes, enforcedBy, because }: MemoryLimitStatus): string {
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

// The kernel's walls around the instances with `limits.memory: { action: kill }`: raised before the fork where that can be
// had, found again from the nonce by whatever supervisor comes later. Where there is none, memory-guard.ts samples.

/** The cgroups that it works in. */
export type MemoryCgroups = {
  /** @returns null: cgroups can be bounded here; otherwise why not, as a clause */
  offer(): string | null;
  /** Makes the cgroup of a nonce; false where that cannot be had. */
  prepare(nonce: string): boolean;
  release(nonce: string): void;
  /** Null where there are no cgroups. */
  directoryOf(nonce: string): string | null;
  isInhabited(nonce: string): boolean;
  /** Finds the cgroup of a live process that another supervisor put into one. */
  recognize(pid: number, nonce: string): void;
  /** Everything is stopped: what was made is taken away, as far as nobody else uses it. */
  leave(): void;
};

export class MemoryLimits {
  #cgroups: MemoryCgroups;
  #unavailableBecause: string | null = null;

  constructor(ground: MemoryCgroups) {
    this.#cgroups = ground;
  }

  /** Before the fork. @returns whether the process is to be put into its cgroup. */
  impose(nonce: string, maxBytes: number): boolean {
    this.#unavailableBecause = this.#cgroups.offer() ?? this.#imposeOn(nonce, maxBytes);
    return this.#unavailableBecause === null;
  }

  #imposeOn(nonce: string, maxBytes: number): string | null {
    const directory = this.#cgroups.directoryOf(nonce);
    if (directory === null || !this.#cgroups.prepare(nonce)) return 'no cgroup can be made for it';
    const missing = setMemoryLimit(directory, maxBytes);
    if (missing !== null) this.#cgroups.release(nonce);
    return missing;
  }

  /** Whether it stands around a live process: what could not be put inside is not held by it. */
  isInForce({ pid, nonce }: Incarnation): boolean {
    this.#cgroups.recognize(pid, nonce);
    const directory = this.#cgroups.directoryOf(nonce);
    return directory !== null && memoryLimitOf(directory) !== null && this.#cgroups.isInhabited(nonce);
  }

  /** @returns the bound in bytes if the kernel killed for it; null: it did not, or nothing is known. */
  exceededLimitOf(nonce: string): number | null {
    const directory = this.#cgroups.directoryOf(nonce);
    return directory !== null && wasMemoryLimitHit(directory) ? memoryLimitOf(directory) : null;
  }

  release(): void {
    this.#cgroups.leave();
  }

  /** Why the last one could not be raised; null: none was tried, or it stands. */
  get missing(): string | null {
    return this.#unavailableBecause;
  }
}

/** @param noncePrefix of the project: what may be moved within our own cgroup, and removed in the end */
export function kernelCgroups(noncePrefix: string): MemoryCgroups {
  const isOurs = (pid: number): boolean => isOwnProcess(pid, { noncePrefix, entry: builtEntry('supervisor.js') });
  return {
    offer: () => {
      const top = topCgroup();
      if (top === null) return 'there is no cgroup v2 here that we may write to';
      if (isExemptFromOom(readFileSync('/proc/self/oom_score_adj', 'latin1')))
        return 'what we start is exempt from the out-of-memory killer';
      return enableController({ top, controller: 'memory', isOurs });
    },
    prepare: prepareCgroup,
    release: releaseCgroup,
    directoryOf: cgroupDirOfNonce,
    isInhabited: (nonce) => cgroupPids(nonce).length > 0,
    recognize: findExistingCgroup,
    leave: () => {
      const top = topCgroup();
      releaseCgroups(noncePrefix);
      if (top !== null) disableController({ top, controller: 'memory', isOurs });
    },
  };
}
