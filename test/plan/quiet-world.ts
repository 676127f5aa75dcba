// The real kernel in a world where every process starts at once, gets ready, and every task succeeds.
import { initialReadiness } from '../../src/core/readiness.ts';
import { runsToCompletion, tasksOf } from '../../src/core/rollout-members.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { ProjectConfig, ServiceName } from '../../src/core/spec.ts';
import type { EventDraft } from '../../src/supervisor/kernel/events.ts';
import { type Effects, Kernel } from '../../src/supervisor/kernel/kernel.ts';

const MAX_STEPS = 500;
const LATER_MS = 10_000_000;

export class QuietWorld {
  readonly kernel: Kernel;
  /** What the kernel has reported. */
  readonly events: EventDraft[] = [];
  /** How often the kernel has asked for anything: a process, a signal, a write, a step. */
  requests = 0;
  nowMs = 1_000;
  #isStepDue = false;
  #wakeAtMs: number | null = null;
  #tasks: ReadonlySet<ServiceName> = new Set();
  #nonces = 0;

  constructor() {
    this.kernel = new Kernel(this.#counted(this.#effects()));
  }

  /** Applies a configuration, and lets pass what follows, and a long time. */
  async apply(config: ProjectConfig): Promise<void> {
    this.#tasks = tasksOf(config.services);
    this.kernel.applyConfig({ config, files: ['procs.yaml'], watched: [], warnings: [] });
    for (let steps = 0; this.#isStepDue || this.#wakeAtMs !== null; steps++) {
      if (steps === MAX_STEPS)
        throw new Error(`${JSON.stringify([...this.kernel.slots.values()])} does not come to rest`);
      this.nowMs = this.#isStepDue ? this.nowMs + 1 : Math.max(this.nowMs, this.#wakeAtMs!);
      this.#isStepDue = false;
      this.kernel.step();
      // The starts follow once the state is saved.
      await Promise.resolve();
      await Promise.resolve();
    }
    this.nowMs += LATER_MS;
  }

  #effects(): Effects {
    const nothing = (): void => undefined;
    const end = (slot: Slot): void => this.#end(slot);
    return {
      nowMs: () => this.nowMs,
      newNonce: () => `nonce-${this.#nonces++}`,
      ports: { choose: () => null, isFree: () => true },
      requestStep: () => {
        this.#isStepDue = true;
      },
      wakeAt: (atMs) => {
        this.#wakeAtMs = atMs;
      },
      save: async () => undefined,
      saveSoon: nothing,
      endProject: nothing,
      start: ({ id }, service, nonce) => {
        const readiness = initialReadiness(service);
        const process = { pid: 1, startTime: '1', bootId: 'b', nonce };
        this.kernel.receive(id, nonce, { kind: 'spawned', process, readiness });
        if (readiness === 'pending')
          this.kernel.receive(id, nonce, { kind: 'readinessChanged', readiness: 'passing', because: null });
        if (!runsToCompletion(service, this.#tasks)) return;
        this.kernel.receive(id, nonce, { kind: 'exited', exit: { code: 0 } });
        this.kernel.receive(id, nonce, { kind: 'emptied' });
      },
      drain: end,
      stop: end,
      escalate: end,
      kill: end,
      clear: end,
      abandon: nothing,
      forget: nothing,
      hasEnded: () => false,
      report: (draft) => void this.events.push(draft),
    };
  }

  #end({ id, phase }: Slot): void {
    if (phase.kind !== 'ending') return;
    this.kernel.receive(id, phase.process.nonce, { kind: 'exited', exit: { signal: 'SIGTERM' } });
    this.kernel.receive(id, phase.process.nonce, { kind: 'emptied' });
  }

  /** Asking for the time does not count. */
  #counted(effects: Effects): Effects {
    return new Proxy(effects, {
      get: (target, name: keyof Effects) => {
        if (name !== 'nowMs') this.requests++;
        return target[name];
      },
    });
  }
}
