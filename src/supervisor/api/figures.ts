// CPU and memory of the instances and of the supervisor itself, for `ps`. Measures only when asked.
import type { Status } from '../../api/protocol.ts';
import type { Slot } from '../../core/model.ts';
import { createResourceSampler, type ResourceUse } from '../../runtime/tree/resources.ts';
import { liveOf } from './status.ts';

/** Restarts come first; descriptors on what has ended are let go after them. */
const TRIM_AFTER_MS = 1_000;

export class Figures {
  #slots: () => Iterable<Slot>;
  #sampler = createResourceSampler();
  #trimTimer: NodeJS.Timeout | null = null;
  #lastCpu = { atMs: performance.now(), usage: process.cpuUsage() };
  readonly #startedAt = new Date().toISOString();

  constructor(slots: () => Iterable<Slot>) {
    this.#slots = slots;
  }

  /** pid -> usage since the last time. */
  sample(): ReadonlyMap<number, ResourceUse> {
    return this.#sampler.sample(this.#live());
  }

  own(): Status['supervisor'] {
    const atMs = performance.now();
    const { user, system } = process.cpuUsage(this.#lastCpu.usage);
    const cpuPercent = (user + system) / 10 / Math.max(1, atMs - this.#lastCpu.atMs);
    this.#lastCpu = { atMs, usage: process.cpuUsage() };
    const rssBytes = ownRssBytes();
    return { pid: process.pid, startedAt: this.#startedAt, rssBytes, cpuPercent: Math.round(cpuPercent * 100) / 100 };
  }

  /** Descriptors on processes that have ended are let go soon, not at the next `ps`. */
  trimSoon(): void {
    if (this.#sampler.openFiles() === 0) return;
    this.#trimTimer ??= setTimeout(() => {
      this.#trimTimer = null;
      const live = this.#live();
      if (this.#sampler.openFiles() > live.length) this.#sampler.sample(live);
    }, TRIM_AFTER_MS).unref();
  }

  #live() {
    return [...this.#slots()].map(liveOf).filter((process) => process !== null);
  }
}

/** Node reads it from /proc. */
function ownRssBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0; // no descriptor left: not known
  }
}
