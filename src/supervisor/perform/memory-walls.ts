// The kernel's walls around the instances with `limits.memory: { action: kill }`: raised before the fork where that can be
// had, found again from the nonce by whatever supervisor comes later. Where there is none, memory-guard.ts samples.
import { readFileSync } from 'node:fs';
import type { Incarnation } from '../../core/model.ts';
import { builtEntry } from '../../runtime/built-entry.ts';
import {
  cgroupOf,
  containedPids,
  prepareCgroup,
  recognizeCgroup,
  releaseCgroup,
  releaseCgroups,
  topCgroup,
} from '../../runtime/cgroup/cgroup.ts';
import { offerController, withdrawController } from '../../runtime/cgroup/cgroup-controller.ts';
import { isExemptFromOom, raiseWall, wallOf, wasWallHit } from '../../runtime/cgroup/memory-wall.ts';
import { isOwnProcess } from '../../runtime/tree/own-processes.ts';

/** The cgroups that it works in. */
export type WallGround = {
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

export class MemoryWalls {
  #ground: WallGround;
  #missing: string | null = null;

  constructor(ground: WallGround) {
    this.#ground = ground;
  }

  /** Before the fork. @returns whether the process is to be put into its cgroup. */
  raise(nonce: string, maxBytes: number): boolean {
    this.#missing = this.#ground.offer() ?? this.#build(nonce, maxBytes);
    return this.#missing === null;
  }

  #build(nonce: string, maxBytes: number): string | null {
    const directory = this.#ground.directoryOf(nonce);
    if (directory === null || !this.#ground.prepare(nonce)) return 'no cgroup can be made for it';
    const missing = raiseWall(directory, maxBytes);
    if (missing !== null) this.#ground.release(nonce);
    return missing;
  }

  /** Whether it stands around a live process: what could not be put inside is not held by it. */
  stands({ pid, nonce }: Incarnation): boolean {
    this.#ground.recognize(pid, nonce);
    const directory = this.#ground.directoryOf(nonce);
    return directory !== null && wallOf(directory) !== null && this.#ground.isInhabited(nonce);
  }

  /** @returns the bound in bytes if the kernel killed for it; null: it did not, or nothing is known. */
  hitAt(nonce: string): number | null {
    const directory = this.#ground.directoryOf(nonce);
    return directory !== null && wasWallHit(directory) ? wallOf(directory) : null;
  }

  leave(): void {
    this.#ground.leave();
  }

  /** Why the last one could not be raised; null: none was tried, or it stands. */
  get missing(): string | null {
    return this.#missing;
  }
}

/** @param noncePrefix of the project: what may be moved within our own cgroup, and removed in the end */
export function kernelGround(noncePrefix: string): WallGround {
  const isOurs = (pid: number): boolean => isOwnProcess(pid, { noncePrefix, entry: builtEntry('supervisor.js') });
  return {
    offer: () => {
      const top = topCgroup();
      if (top === null) return 'there is no cgroup v2 here that we may write to';
      if (isExemptFromOom(readFileSync('/proc/self/oom_score_adj', 'latin1')))
        return 'what we start is exempt from the out-of-memory killer';
      return offerController({ top, controller: 'memory', isOurs });
    },
    prepare: prepareCgroup,
    release: releaseCgroup,
    directoryOf: cgroupOf,
    isInhabited: (nonce) => containedPids(nonce).length > 0,
    recognize: recognizeCgroup,
    leave: () => {
      const top = topCgroup();
      releaseCgroups(noncePrefix);
      if (top !== null) withdrawController({ top, controller: 'memory', isOurs });
    },
  };
}
