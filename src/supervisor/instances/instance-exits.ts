// From the intent to end an instance to an empty process tree: stop steps, SIGKILL, the search for leftovers, the last output.
// Reports an end once, when no process is left. Decides nothing: the kernel knows when the next step is due.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndingSlot, Incarnation } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import { isAlive } from '../../os/process/identity.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { groupIsEmpty, killTree } from '../../os/tree/signal.ts';
import { sweepByNonce } from '../../os/tree/sweep.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { describeBackground, mayBeInBackground } from './background-exit.ts';
import type { ExitRecords } from './exit-records.ts';
import type { InstanceStarts } from './instance-starts.ts';
import { LateSweeps } from './late-sweeps.ts';
import type { PortConflicts } from './port-conflicts.ts';
import { singletonTakenBy } from './singleton-claims.ts';
import { type SignalTarget, type StopParts, StopSteps } from './stop-steps.ts';

export type ExitParts = StopParts & {
  starts: InstanceStarts;
  writer: LogWriterClient;
  records: ExitRecords;
  conflicts: PortConflicts;
};

type Leftovers = { leftovers: TreeMember[]; exitBecause?: string };

/** The end of an instance waits this long for its last output to reach the log. */
const DRAIN_DEADLINE_MS = 500;
const KILL_DEADLINE_MS = 400;
/** The children of a program that ends may end a little later. */
const WINDS_DOWN_MS = 200;

export class InstanceExits {
  #context: SupervisorContext;
  #parts: ExitParts;
  /** Drains, stop commands and signals, as the kernel asks for them. */
  readonly steps: StopSteps;
  #lateSweeps: LateSweeps;
  #checking = new Set<InstanceId>();
  /** The incarnation whose end was reported last: a late check must not report it for the next one. */
  #cleared = new Map<InstanceId, string>();

  constructor(context: SupervisorContext, parts: ExitParts) {
    this.#context = context;
    this.#parts = parts;
    const tree = {
      targetOf: this.#targetOf.bind(this),
      membersOf: this.#membersOf.bind(this),
      isBehindRecorder: (nonce: string) => parts.records.isAwaited(nonce),
    };
    this.steps = new StopSteps(context, tree, parts);
    this.#lateSweeps = new LateSweeps(context, tree.targetOf);
  }

  kill(slot: EndingSlot): void {
    const { process, exit, adopted } = slot.phase;
    this.steps.cancel(process.nonce);
    const checkAgain = (): void => this.#context.inbox.receive(slot.id, process.nonce, { kind: 'leftoversFound' });
    killTree(this.#targetOf(process), { withinMs: KILL_DEADLINE_MS }).then(({ survivors }) => {
      if (survivors.length > 0) checkAgain();
      else if (exit !== null || adopted) this.clear(slot);
    }, checkAgain);
  }

  /** Checks whether a process is left, and reports the result. */
  clear(slot: EndingSlot): void {
    const { nonce } = slot.phase.process;
    if (this.#checking.has(slot.id) || this.#cleared.get(slot.id) === nonce) return;
    this.#checking.add(slot.id);
    this.#checkTree(slot)
      // A sweep that failed (no descriptor left) does not prove that the tree is empty.
      .catch(() => this.#context.inbox.receive(slot.id, nonce, { kind: 'leftoversFound' }))
      .finally(() => this.#checking.delete(slot.id));
  }

  forget(id: InstanceId): void {
    this.#cleared.delete(id);
  }

  async #checkTree(slot: EndingSlot): Promise<void> {
    const { id, phase } = slot;
    const { nonce } = phase.process;
    if (phase.exit === null) {
      if (isAlive(phase.process)) return this.#context.inbox.receive(id, nonce, { kind: 'leftoversFound' });
      const exit = this.#parts.records.take(nonce) ?? { unknown: true as const };
      this.#context.inbox.receive(id, nonce, { kind: 'exited', exit });
    }
    const { leftovers, ...explained } = await this.#leftovers(slot);
    if (leftovers.length > 0) {
      this.steps.signalRest(slot, leftovers);
      return this.#context.inbox.receive(id, nonce, { kind: 'leftoversFound', ...explained });
    }
    this.steps.forget(nonce);
    const explanation = this.#parts.conflicts.explainExit(slot).catch(() => undefined); // no descriptor left to look with
    await this.#parts.writer.endOfOutput(id, DRAIN_DEADLINE_MS).catch(() => ''); // a lost writer drains later
    this.#reportEmptied(slot, await explanation);
  }

  #reportEmptied({ id, spec, phase: { process } }: EndingSlot, exitBecause: string | undefined): void {
    const takenBy = spec?.singleton ? singletonTakenBy(spec.singleton, process, this.#context.paths.stateDir) : null;
    this.#parts.starts.releaseKey(id);
    this.#cleared.set(id, process.nonce);
    this.#context.inbox.receive(id, process.nonce, { kind: 'emptied', ...(exitBecause && { exitBecause }) });
    if (takenBy) this.#context.inbox.receive(id, null, { kind: 'takenOver', by: takenBy });
  }

  /**
   * After a process exited by itself and its group is empty, the restart does not wait: processes that left the group are
   * swept afterwards. Singletons and stops wait for the whole sweep, and so does an exit that may be one into the background.
   */
  async #leftovers(slot: EndingSlot): Promise<Leftovers> {
    const { phase } = slot;
    const { specs } = this.#context;
    if (mayBeInBackground(slot, specs.specOf(slot), specs.desired.services.values())) return this.#inBackground(slot);
    const quick = phase.cause === 'exited' && phase.step === 'clear' && !slot.spec?.singleton;
    if (quick && groupIsEmpty(phase.process.pid)) {
      this.#lateSweeps.add(slot);
      return { leftovers: [] };
    }
    return { leftovers: await this.#membersOf(phase.process) };
  }

  /** What ends by itself within a moment does not run in the background. */
  async #inBackground({ phase: { process } }: EndingSlot): Promise<Leftovers> {
    if ((await this.#membersOf(process)).length === 0) return { leftovers: [] };
    await sleep(WINDS_DOWN_MS);
    const leftovers = await this.#membersOf(process);
    return leftovers.length === 0 ? { leftovers } : { leftovers, exitBecause: describeBackground(leftovers) };
  }

  async #membersOf(process: Incarnation): Promise<TreeMember[]> {
    const found = await sweepByNonce([process.nonce], new Map([[process.nonce, process]]));
    return found.get(process.nonce) ?? [];
  }

  #targetOf(process: Incarnation): SignalTarget {
    return { incarnation: process, isOurChild: this.#parts.starts.isChild(process.nonce) };
  }
}
