// Looks for what an instance left behind that exited by itself and was restarted at once: processes that left its group. Ends
// them. All that wait share one sweep, at most once a second: a sweep reads every process of the machine.
import type { EndingSlot, Incarnation } from '../../core/slot.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { killTree, signalTree } from '../../os/tree/signal.ts';
import { sweepByNonce } from '../../os/tree/sweep.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { SignalTarget } from './stop-steps.ts';

/** A sweep must not delay the restart. */
const SWEEP_AFTER_MS = 50;
/** A crash loop may end a hundred instances a second. */
const SWEEP_EVERY_MS = 1_000;
const KILL_DEADLINE_MS = 400;

export class LateSweeps {
  #journal: SupervisorContext['journal'];
  #targetOf: (process: Incarnation) => SignalTarget;
  #waiting: EndingSlot[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor({ journal }: Pick<SupervisorContext, 'journal'>, targetOf: (process: Incarnation) => SignalTarget) {
    this.#journal = journal;
    this.#targetOf = targetOf;
  }

  /** @param slot whose main process has ended, and whose group is empty */
  add(slot: EndingSlot): void {
    this.#waiting.push(slot);
    const delayMs = Math.max(SWEEP_AFTER_MS, this.#sweptMs + SWEEP_EVERY_MS - performance.now());
    this.#timer ??= setTimeout(this.#sweepOrNot, delayMs).unref();
  }

  #sweepOrNot = (): void => {
    this.#sweep().catch(() => undefined); // a failed sweep is repeated when the project goes down
  };

  async #sweep(): Promise<void> {
    const slots = this.#waiting;
    this.#waiting = [];
    this.#timer = null;
    this.#sweptMs = performance.now();
    const leaders = new Map(slots.map(({ phase: { process } }) => [process.nonce, process]));
    const found = await sweepByNonce([...leaders.keys()], leaders);
    for (const slot of slots) this.#end(slot, found.get(slot.phase.process.nonce) ?? []);
  }

  #end(slot: EndingSlot, members: TreeMember[]): void {
    if (members.length === 0) return;
    const { process } = slot.phase;
    this.#journal.report({
      type: 'leftovers_found',
      instance: slot.id,
      message: `${slot.id} left ${members.length} process(es) behind; they are being ended`,
      details: { pids: members.map(({ pid }) => pid) },
    });
    signalTree(this.#targetOf(process), slot.spec?.stop.signal ?? 'SIGTERM', members);
    const kill = (): void => {
      killTree(this.#targetOf(process), { withinMs: KILL_DEADLINE_MS }).catch(() => undefined); // as above
    };
    setTimeout(kill, slot.spec?.stop.graceMs ?? 0).unref();
  }
}
