// Enforces `limits.memory`: by a hard limit of the kernel where it has one, otherwise by sampling once a second, then restart
// or SIGKILL. Sampling is too late for memory that grows faster.
import { readFileSync } from 'node:fs';
import type { MemoryLimitStatus } from '../../api/protocol-limits.ts';
import type { Exit, Incarnation, Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
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
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

type GuardContext = Pick<SupervisorContext, 'specs' | 'inbox' | 'journal'>;
type MemoryBound = NonNullable<ServiceSpec['limits']['memory']>;

const SAMPLE_EVERY_MS = 1_000;
const KILL_WITHIN_MS = 2_000;

export class MemoryGuard {
  #context: GuardContext;
  #limits: MemoryLimits;
  #measure: (pid: number) => number | null;
  #timer: NodeJS.Timeout | null = null;
  /** Nonces of instances that were restarted or killed -> the limit, if they were killed. */
  #handled = new Map<string, number | null>();
  /** Nonces of live instances with a limit -> whether the kernel enforces it. */
  #kernelLimited = new Map<string, boolean>();

  constructor(context: GuardContext, limits: MemoryLimits, measure = treeMemoryBytes) {
    this.#context = context;
    this.#limits = limits;
    this.#measure = measure;
  }

  /** Samples only while a service has a limit. */
  configure(services: readonly ServiceSpec[]): void {
    const isNeeded = services.some(({ limits }) => limits.memory !== null);
    if (isNeeded && !this.#timer) this.#timer = setInterval(() => this.poll(), SAMPLE_EVERY_MS);
    if (!isNeeded) this.close();
  }

  /** Call right before the fork. @returns whether the process needs a cgroup of its own. */
  prepare({ limits: { memory } }: ServiceSpec, nonce: string): boolean {
    return memory?.action === 'kill' && this.#limits.impose(nonce, memory.maxBytes);
  }

  poll(): void {
    const bounded = new Set<string>();
    for (const slot of this.#context.specs.slots.values()) {
      const memory = this.#boundOf(slot);
      if (slot.phase.kind !== 'alive' || !memory) continue;
      const { process } = slot.phase;
      bounded.add(process.nonce);
      if (this.#handled.has(process.nonce) || this.#isKernelLimited(process, memory)) continue;
      const bytes = this.#measure(process.pid);
      if (bytes !== null && bytes > memory.maxBytes) this.#act(slot.id, process, memory, bytes);
    }
    forgetOthers(this.#handled, bounded);
    forgetOthers(this.#kernelLimited, bounded);
  }

  /** @returns null where the instance has no limit, or does not run. */
  statusOf(slot: Slot): MemoryLimitStatus | null {
    const memory = this.#boundOf(slot);
    if (slot.phase.kind !== 'alive' || !memory) return null;
    if (this.#isKernelLimited(slot.phase.process, memory)) return { ...memory, enforcedBy: 'kernel', because: null };
    const because = memory.action === 'restart' ? RESTART_IS_SAMPLED : this.#limits.unavailableBecause;
    return { ...memory, enforcedBy: 'sampling', because };
  }

  /** @returns the exit of an instance killed for its limit; null where a SIGKILL or an unseen exit had another cause. */
  explainKill(nonce: string): Exit | null {
    const maxBytes = this.#handled.get(nonce) ?? this.#exceededLimitOf(nonce);
    if (maxBytes === null) return null;
    return { signal: 'SIGKILL', because: `over its memory bound of ${readableSize(maxBytes)}` };
  }

  #exceededLimitOf(nonce: string): number | null {
    const maxBytes = this.#limits.exceededLimitOf(nonce);
    const slot = [...this.#context.specs.slots.values()].find(
      ({ phase }) => 'process' in phase && phase.process.nonce === nonce,
    );
    if (maxBytes === null || !slot || this.#handled.has(nonce)) return maxBytes;
    this.#handled.set(nonce, maxBytes);
    this.#reportExceeded(slot.id, `it exceeded its memory bound of ${readableSize(maxBytes)}; the kernel killed it`, {
      maxBytes,
      action: 'kill',
      enforcedBy: 'kernel',
    });
    return maxBytes;
  }

  /** Also of a version that was declared only under an earlier supervisor. */
  #boundOf(slot: Slot): MemoryBound | null {
    return (this.#context.specs.specOf(slot) ?? slot.spec)?.limits?.memory ?? null;
  }

  #isKernelLimited(process: Incarnation, { action }: MemoryBound): boolean {
    const known = this.#kernelLimited.get(process.nonce);
    if (known !== undefined) return known;
    const isLimited = action === 'kill' && this.#limits.isInForce(process);
    this.#kernelLimited.set(process.nonce, isLimited);
    return isLimited;
  }

  #act(id: InstanceId, process: Incarnation, { maxBytes, action }: MemoryBound, bytes: number): void {
    this.#handled.set(process.nonce, action === 'kill' ? maxBytes : null);
    const because = `it uses ${printExactSize(roundedMiB(bytes))}, limits.memory is ${printExactSize(maxBytes)}`;
    this.#reportExceeded(id, because, { bytes, maxBytes, action, enforcedBy: 'sampling' });
    if (action === 'restart') this.#context.inbox.receive(id, process.nonce, { kind: 'unhealthy', because });
    else this.#kill(process);
  }

  #reportExceeded(id: InstanceId, because: string, details: Record<string, unknown>): void {
    this.#context.journal.report({ type: 'memory_exceeded', instance: id, message: `${id}: ${because}`, details });
  }

  #kill(incarnation: Incarnation): void {
    // The process could not be checked (no descriptor left): the next sample tries again.
    const forget = (): boolean => this.#handled.delete(incarnation.nonce);
    killTree({ incarnation, isOurChild: false }, { withinMs: KILL_WITHIN_MS }).catch(forget);
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}

const RESTART_IS_SAMPLED = 'a graceful stop (action: restart) must come before a hard limit is hit';

/** @returns a sentence that says how the limit of an instance is enforced. */
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

/**
 * The kernel's hard limits for instances with `limits.memory: { action: kill }`: set before the fork, found again from the
 * nonce by every later supervisor.
 */
export class MemoryLimits {
  #noncePrefix: string;
  #unavailableBecause: string | null = null;

  /** @param noncePrefix of the project, whose processes may be moved within our own cgroup and removed in the end */
  constructor(noncePrefix: string) {
    this.#noncePrefix = noncePrefix;
  }

  /** Call before the fork. @returns whether the process is to be put into its cgroup. */
  impose(nonce: string, maxBytes: number): boolean {
    this.#unavailableBecause = this.#whyNoLimits() ?? this.#imposeOn(nonce, maxBytes);
    return this.#unavailableBecause === null;
  }

  #imposeOn(nonce: string, maxBytes: number): string | null {
    const directory = cgroupDirOfNonce(nonce);
    if (directory === null || !prepareCgroup(nonce)) return 'no cgroup can be made for it';
    const missing = setMemoryLimit(directory, maxBytes);
    if (missing !== null) releaseCgroup(nonce);
    return missing;
  }

  /** Whether a live process is under its limit: a process that could not be put into the cgroup is not. */
  isInForce({ pid, nonce }: Incarnation): boolean {
    findExistingCgroup(pid, nonce);
    const directory = cgroupDirOfNonce(nonce);
    return directory !== null && memoryLimitOf(directory) !== null && cgroupPids(nonce).length > 0;
  }

  /** @returns the limit in bytes if the kernel killed for it; null where it did not, or that is not known. */
  exceededLimitOf(nonce: string): number | null {
    const directory = cgroupDirOfNonce(nonce);
    return directory !== null && wasMemoryLimitHit(directory) ? memoryLimitOf(directory) : null;
  }

  /** No process of the project is left: removes its cgroups, as far as no other process uses them. */
  releaseAll(): void {
    const top = topCgroup();
    releaseCgroups(this.#noncePrefix);
    if (top !== null) disableController({ top, controller: 'memory', isOurs: this.#isOurs });
  }

  /** Why the last limit could not be set; null: none was tried, or it is set. */
  get unavailableBecause(): string | null {
    return this.#unavailableBecause;
  }

  /** @returns a clause; null where cgroups can be limited here. */
  #whyNoLimits(): string | null {
    const top = topCgroup();
    if (top === null) return 'orch has no cgroup v2 that it may write to';
    if (isExemptFromOom(readFileSync('/proc/self/oom_score_adj', 'latin1')))
      return 'what we start is exempt from the out-of-memory killer';
    return enableController({ top, controller: 'memory', isOurs: this.#isOurs });
  }

  #isOurs = (pid: number): boolean =>
    isOwnProcess(pid, { noncePrefix: this.#noncePrefix, entry: builtEntry('supervisor.cjs') });
}
