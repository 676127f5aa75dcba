// From the wish that an instance ends to an empty tree: its stop steps, SIGKILL, the look for who is left, its last
// output. An end is told when nobody is left, and once. Decides nothing: when the next step is due is the kernel's business.
import type { ProjectPaths } from '../../api/paths.ts';
import type { Incarnation, InstanceEvent, InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import { isAlive } from '../../os/process/identity.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { groupIsEmpty, killTree, signalTree } from '../../os/tree/signal.ts';
import { sweepByNonce } from '../../os/tree/sweep.ts';
import type { EventDraft } from '../kernel/events.ts';
import type { LaunchContext } from './environment.ts';
import type { ExitRecords } from './exit-records.ts';
import type { InstanceStarts } from './instance-starts.ts';
import { singletonTakenBy } from './singleton-claims.ts';
import type { StartResources } from './start-resources.ts';
import { type InstanceEndingPhase, StopSteps } from './stop-steps.ts';

export type InstanceExitsOptions = {
  paths: ProjectPaths;
  writer: LogWriterClient;
  resources: StartResources;
  records: ExitRecords;
  launchContext(): LaunchContext;
  /** The whole spec that an instance runs with; null where it is not remembered. */
  specOf(slot: Slot): ServiceSpec | null;
  /** Of commands that are run for an instance. */
  newNonce(): string;
  /** Does anything else live that writes to the queue? */
  isWritten(queue: string, except: Slot): boolean;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: EventDraft): void;
};

/** A sweep looks at every process of the machine: it must not hold up the restart that is just being made. */
const SWEEP_AFTER_MS = 50;
/** How long the end of an instance may wait for its last output to reach the log. */
const DRAIN_DEADLINE_MS = 500;
const KILL_DEADLINE_MS = 400;

export class InstanceExits {
  #options: InstanceExitsOptions;
  #starts: InstanceStarts;
  /** Its drain, stop command and signals, as the kernel asks for them. */
  readonly steps: StopSteps;
  #checking = new Set<InstanceId>();
  /** The incarnation whose end was told last: a look that comes late must not tell it to its successor. */
  #cleared = new Map<InstanceId, string>();

  constructor(options: InstanceExitsOptions, starts: InstanceStarts) {
    this.#options = options;
    this.#starts = starts;
    this.steps = new StopSteps({
      ...options,
      targetOf: (phase) => this.#targetOf(phase),
      membersOf: (phase) => this.#membersOf(phase),
      endInput: (slot, queue, timeoutMs) =>
        // Who still writes does so for the next incarnation.
        void options.resources.endInput(slot, queue, options.isWritten(queue, slot) ? 0 : timeoutMs),
    });
  }

  kill(slot: Slot): void {
    const phase = slot.phase as InstanceEndingPhase;
    this.steps.cancel(phase.process.nonce);
    const lookAgain = (): void => this.#options.receive(slot.id, phase.process.nonce, { kind: 'leftoversFound' });
    killTree(this.#targetOf(phase), { withinMs: KILL_DEADLINE_MS }).then(({ survivors }) => {
      if (survivors.length > 0) lookAgain();
      else if (phase.exit !== null || phase.adopted) this.clear(slot);
    }, lookAgain);
  }

  /** Looks whether anybody is left, and tells. */
  clear(slot: Slot): void {
    const phase = slot.phase as InstanceEndingPhase;
    if (this.#checking.has(slot.id) || this.#cleared.get(slot.id) === phase.process.nonce) return;
    this.#checking.add(slot.id);
    this.#checkTree(slot, phase)
      // A sweep that could not be made (no descriptor left) has not shown the tree to be empty.
      .catch(() => this.#options.receive(slot.id, phase.process.nonce, { kind: 'leftoversFound' }))
      .finally(() => this.#checking.delete(slot.id));
  }

  forget(id: InstanceId): void {
    this.#cleared.delete(id);
  }

  async #checkTree(slot: Slot, phase: InstanceEndingPhase): Promise<void> {
    const { id } = slot;
    const { nonce } = phase.process;
    if (phase.exit === null) {
      if (isAlive(phase.process)) return this.#options.receive(id, nonce, { kind: 'leftoversFound' });
      const exit = this.#options.records.take(nonce) ?? { unknown: true as const };
      this.#options.receive(id, nonce, { kind: 'exited', exit });
    }
    const leftovers = await this.#leftovers(slot, phase);
    if (leftovers.length > 0) {
      this.steps.signalRest(slot, leftovers);
      return this.#options.receive(id, nonce, { kind: 'leftoversFound' });
    }
    this.steps.forget(nonce);
    await this.#options.writer.endOfOutput(id, DRAIN_DEADLINE_MS).catch(() => undefined); // a lost writer drains later
    this.#reportEmptied(slot, phase);
  }

  #reportEmptied({ id, spec }: Slot, { process }: InstanceEndingPhase): void {
    const takenBy = spec?.singleton ? singletonTakenBy(spec.singleton, process, this.#options.paths.root) : null;
    this.#starts.releaseKey(id);
    this.#cleared.set(id, process.nonce);
    this.#options.receive(id, process.nonce, { kind: 'emptied' });
    if (takenBy) this.#options.receive(id, null, { kind: 'takenOver', by: takenBy });
  }

  /**
   * A process that ended by itself is followed at once when its group is empty; who left the group is swept afterwards.
   * Singletons and stops wait for the whole sweep.
   */
  async #leftovers(slot: Slot, phase: InstanceEndingPhase): Promise<TreeMember[]> {
    const quick = phase.cause === 'exited' && phase.step === 'clear' && !slot.spec?.singleton;
    if (quick && groupIsEmpty(phase.process.pid)) {
      // What goes down meanwhile is swept with the whole project.
      const sweep = (): Promise<void> => this.#sweepLater(slot, phase).catch(() => undefined); // again when all goes down
      setTimeout(sweep, SWEEP_AFTER_MS).unref();
      return [];
    }
    return this.#membersOf(phase);
  }

  async #sweepLater(slot: Slot, phase: InstanceEndingPhase): Promise<void> {
    const members = await this.#membersOf(phase);
    if (members.length === 0) return;
    this.#options.report({
      type: 'leftovers_found',
      instance: slot.id,
      message: `${slot.id} left ${members.length} process(es) behind; they are being ended`,
      details: { pids: members.map(({ pid }) => pid) },
    });
    signalTree(this.#targetOf(phase), slot.spec?.stop.signal ?? 'SIGTERM', members);
    const graceMs = slot.spec?.stop.graceMs ?? 0;
    const end = (): void => {
      killTree(this.#targetOf(phase), { withinMs: KILL_DEADLINE_MS }).catch(() => undefined); // as above
    };
    setTimeout(end, graceMs).unref();
  }

  async #membersOf({ process }: InstanceEndingPhase): Promise<TreeMember[]> {
    const found = await sweepByNonce([process.nonce], new Map([[process.nonce, process]]));
    return found.get(process.nonce) ?? [];
  }

  #targetOf({ process }: InstanceEndingPhase): { incarnation: Incarnation; isOurChild: boolean } {
    return { incarnation: process, isOurChild: this.#starts.isChild(process.nonce) };
  }
}
