// Watches in which order the processes of one tree get the signals of a stop (`stop.to: main`). Part of the oracle: throws by
// `fail` where the order does not hold.
import type { Slot } from '../../src/core/slot.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { SimProcess } from './machine/processes.ts';

export type StopWorld = { nowMs(): number; leaders(): readonly SimProcess[]; fail(what: string): never };

/** By then, what a main process left is found, also by a busy supervisor. */
const FOUND_MS = 400;

export class StopOrder {
  #world: StopWorld;
  /** By nonce: the main process that ended while its stop was under way, when, and which supervisor stopped it. */
  #ends = new Map<string, { leader: SimProcess; atMs: number; kernel: Kernel | null }>();
  /** Processes that got a stop signal, or SIGKILL before that was possible. */
  #asked = new WeakSet<SimProcess>();

  constructor(world: StopWorld) {
    this.#world = world;
  }

  onEnd(leader: SimProcess, slot: Slot | undefined, kernel: Kernel | null): void {
    const { nonce } = leader.of!;
    if (slot?.phase.kind === 'ending' && slot.phase.step === 'term' && slot.phase.process.nonce === nonce)
      this.#ends.set(nonce, { leader, atMs: this.#world.nowMs(), kernel });
  }

  onSignal(process: SimProcess, signal: string, { id, phase, spec }: Slot, kernel: Kernel | null): void {
    const { nonce } = process.of!;
    if (process.isLeader || phase.kind !== 'ending' || phase.process.nonce !== nonce || spec?.stop.to !== 'main')
      return;
    if (signal === 'SIGKILL') this.#checkKill(process, id, kernel);
    else if (signal !== 'SIGCONT') {
      this.#asked.add(process);
      const hasLeader = this.#world.leaders().some(({ of }) => of!.nonce === nonce);
      if (hasLeader) this.#world.fail(`stop: pid ${process.pid} of ${id} gets ${signal} while its main process lives`);
    }
  }

  /** What outlived its main process is asked before it is killed. A new supervisor knows nothing of the time before. */
  #checkKill(process: SimProcess, id: string, kernel: Kernel | null): void {
    const end = this.#ends.get(process.of!.nonce);
    if (!end || end.kernel !== kernel || process.bornMs >= end.atMs || this.#asked.has(process)) return;
    // The supervisor can act only on an end that was reported: the fault `lateExits` may use up the grace period.
    const { reportedMs } = end.leader;
    if (reportedMs !== null && this.#world.nowMs() - reportedMs > FOUND_MS)
      this.#world.fail(`stop: pid ${process.pid} of ${id} is killed and never got the stop signal`);
    // The first SIGKILL decides; later ones repeat it.
    this.#asked.add(process);
  }
}
