// The steps of a stop before SIGKILL: drain, command or signal, further signals. Decides nothing: the reconciler knows when the
// next step is due.
import { queuesWrittenBy, type WrittenQueues } from '../../core/log-queue-spec.ts';
import { type EndingSlot, type Incarnation, isOccupied } from '../../core/slot.ts';
import type { Command, ProbeResult, ServiceSpec } from '../../core/spec.ts';
import { expanderOf } from '../../launch/environment.ts';
import { requestHttp } from '../../os/probe/http.ts';
import type { RunningCheck } from '../../os/probe/running-check.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { signalChildren, signalMain, signalOutsideGroup, signalTree } from '../../os/tree/signal.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { CommandOutputs, CommandSource } from './command-outputs.ts';
import { prepareCommand } from './instance-command.ts';
import type { IpcChannels } from './ipc-channels.ts';
import type { OwnAnswers } from './own-answers.ts';
import type { StartResources } from './start-resources.ts';

export type SignalTarget = { incarnation: Incarnation; isOurChild: boolean };

export type ProcessTree = {
  targetOf(process: Incarnation): SignalTarget;
  membersOf(process: Incarnation): Promise<TreeMember[]>;
  /** The main process is the shell that records the exit of its one child. */
  isBehindRecorder(nonce: string): boolean;
};

export type StopParts = {
  resources: StartResources;
  answers: OwnAnswers;
  commandOutputs: CommandOutputs;
  channels: Pick<IpcChannels, 'send'>;
};

const SIGNAL_AGAIN_MS = 100;

export class StopSteps {
  #context: SupervisorContext;
  #tree: ProcessTree;
  #resources: StartResources;
  #answers: OwnAnswers;
  #outputs: CommandOutputs;
  #channels: StopParts['channels'];
  /** Drains and stop commands under way, by the nonce of the instance. */
  #running = new Map<string, RunningCheck>();
  /** Signals that follow a stop command, by the nonce of the instance. */
  #lateSignals = new Map<string, NodeJS.Timeout>();
  /** Nonces of instances whose whole tree, or what was left of it, got the stop signal. */
  #treeSignalled = new Set<string>();

  constructor(context: SupervisorContext, tree: ProcessTree, parts: StopParts) {
    this.#context = context;
    this.#tree = tree;
    this.#resources = parts.resources;
    this.#answers = parts.answers;
    this.#outputs = parts.commandOutputs;
    this.#channels = parts.channels;
  }

  drain(slot: EndingSlot): void {
    const by = slot.spec?.stop.drain?.by;
    const running = this.#beginDrain(slot);
    if (by?.kind === 'signal') this.signal(slot, by.signal);
    else if (by?.kind === 'end_of_input') this.#endInput(slot, by.queue, slot.spec!.stop.drain!.timeoutMs);
    else if (running) this.#follow(slot, running, (outcome) => this.#drained(slot, outcome));
    else this.#drained(slot, { ok: false, because: 'its drain settings are unknown' });
  }

  /** Lets a service that reads a log queue read the rest, and then the end of its input. */
  #endInput(slot: EndingSlot, queue: string, timeoutMs: number): void {
    const { specs } = this.#context;
    const isWritten = [...specs.slots.values()].some(
      (other) => other !== slot && isOccupied(other) && writesTo(specs.specOf(other), queue),
    );
    // An instance that still writes does so for the next incarnation.
    void this.#resources.endInput(slot, queue, isWritten ? 0 : timeoutMs);
  }

  /** Calls `then` unless the step is cancelled before. */
  #follow({ phase: { process } }: EndingSlot, running: RunningCheck, then: (outcome: ProbeResult) => void): void {
    this.#running.set(process.nonce, running);
    void running.outcome.then((outcome) => {
      if (this.#running.get(process.nonce) !== running) return;
      this.#running.delete(process.nonce);
      then(outcome);
    });
  }

  #beginDrain(slot: EndingSlot): RunningCheck | null {
    const spec = this.#context.specs.specOf(slot);
    const by = spec?.stop.drain?.by;
    if (!spec || !by || by.kind === 'signal' || by.kind === 'end_of_input') return null;
    if (by.kind === 'exec') return this.#runCommand('drain', slot, spec, by.command);
    const url = expanderOf(spec, slot.index, this.#context.launchContext(slot.id))(by.url);
    const judge = (status: number) =>
      status >= 200 && status < 400 ? ({ ok: true } as const) : { ok: false as const, because: `status ${status}` };
    const answers = this.#answers.of(slot, slot.phase.process, spec, false);
    return requestHttp({ method: 'POST', url, headers: {}, judge, wantsBody: false, answers });
  }

  #drained({ id, phase }: EndingSlot, outcome: ProbeResult): void {
    const because = outcome.ok ? null : outcome.because;
    this.#context.inbox.receive(id, phase.process.nonce, { kind: 'drained', because });
  }

  /** The message or the stop command, if there is one, else the stop signal. */
  stop(slot: EndingSlot): void {
    this.cancel(slot.phase.process.nonce);
    const spec = this.#context.specs.specOf(slot);
    const { signal = 'SIGTERM', message } = slot.spec?.stop ?? {};
    if (message !== undefined) void this.#stopByMessage(slot, message, signal);
    else if (spec?.stop.command) this.#stopByCommand(slot, spec, spec.stop.command, signal);
    else this.signal(slot, signal);
  }

  /** Where the message cannot reach the program, the signal is sent. */
  async #stopByMessage(slot: EndingSlot, message: string, signal: string): Promise<void> {
    const { nonce } = slot.phase.process;
    if (await this.#channels.send(nonce, message)) return;
    const now = this.#context.specs.slots.get(slot.id);
    if (now?.phase.kind !== 'ending' || now.phase.process.nonce !== nonce || now.phase.exit !== null) return;
    const text = `the message "${message}" cannot reach ${slot.id}: its IPC channel is closed; ${signal} is sent instead`;
    this.#context.journal.report({ type: 'stop_message_failed', instance: slot.id, message: text });
    this.signal(slot, signal);
  }

  #stopByCommand(slot: EndingSlot, spec: ServiceSpec, command: Command, signal: string): void {
    const sinceMs = performance.now();
    this.#follow(slot, this.#runCommand('stop', slot, spec, command), (outcome) => {
      if (outcome.ok) return this.#signalAfterCommand(slot, signal, performance.now() - sinceMs);
      const message = `the stop command of ${slot.id} failed (${outcome.because}); ${signal} is sent instead`;
      this.#context.journal.report({ type: 'stop_command_failed', instance: slot.id, message });
      this.signal(slot, signal);
    });
  }

  /** The command succeeded: after half of what is left of the grace period, a process that still lives gets the signal. With
   * `escalate`, its signals follow instead. */
  #signalAfterCommand({ id, spec, phase: { process } }: EndingSlot, signal: string, elapsedMs: number): void {
    const { graceMs = 0, escalate = [] } = spec?.stop ?? {};
    if (escalate.length > 0) return;
    const signalLate = (): void => {
      this.#lateSignals.delete(process.nonce);
      const slot = this.#context.specs.slots.get(id);
      if (slot?.phase.kind !== 'ending' || slot.phase.process.nonce !== process.nonce) return;
      if (slot.phase.step === 'term' && slot.phase.exit === null) this.signal(slot as EndingSlot, signal);
    };
    this.#lateSignals.set(process.nonce, setTimeout(signalLate, Math.max(0, graceMs - elapsedMs) / 2).unref());
  }

  /** Signals the main process alone, or the whole tree, as declared. Once the main process has ended: what is left. */
  signal(slot: EndingSlot, signal: string): void {
    const { process, exit } = slot.phase;
    try {
      if (slot.spec?.stop.to !== 'main' || exit !== null) this.#signalTree(process, signal);
      else if (!this.#signalMain(process, signal)) this.#signalAgain(slot, signal);
    } catch {
      // No descriptor left to prove that the process is still ours.
      this.#signalAgain(slot, signal);
    }
  }

  /** SIGKILL is not due before the grace period is over. */
  #signalAgain(slot: EndingSlot, signal: string): void {
    setTimeout(() => this.signal(slot, signal), SIGNAL_AGAIN_MS).unref();
  }

  /** @returns false: the shell that records the exit has not started the program yet. */
  #signalMain(process: Incarnation, signal: string): boolean {
    const target = this.#tree.targetOf(process);
    if (!this.#tree.isBehindRecorder(process.nonce)) signalMain(target, signal);
    else return signalChildren(target, signal);
    return true;
  }

  /** For `orch signal`: the program of a live instance. @returns false: it has ended, or has not started yet. */
  signalProgram(process: Incarnation, signal: string): boolean {
    const target = this.#tree.targetOf(process);
    return this.#tree.isBehindRecorder(process.nonce) ? signalChildren(target, signal) : signalMain(target, signal);
  }

  /** The group gets the signal at once; processes that left it are found by a sweep and get the same signal. */
  #signalTree(process: Incarnation, signal: string): void {
    this.#treeSignalled.add(process.nonce);
    const hasLeader = signalTree(this.#tree.targetOf(process), signal, []).signalled.length > 0;
    const signalMembers = hasLeader ? signalOutsideGroup : signalTree;
    this.#tree.membersOf(process).then(
      (members) => signalMembers(this.#tree.targetOf(process), signal, members),
      () => undefined, // no descriptor left: `clear` checks again
    );
  }

  /** The main process is gone: signals the rest of its tree once, unless it got the signal together with it. */
  signalRest(slot: EndingSlot, leftovers: readonly TreeMember[]): void {
    const { step, process } = slot.phase;
    const isFirst = step === 'term' && !this.#treeSignalled.has(process.nonce);
    if (step !== 'clear' && !isFirst) return;
    this.#treeSignalled.add(process.nonce);
    signalTree(this.#tree.targetOf(process), slot.spec?.stop.signal ?? 'SIGTERM', leftovers);
  }

  /** Cancels the drain or stop command under way. */
  cancel(nonce: string): void {
    const running = this.#running.get(nonce);
    this.#running.delete(nonce);
    clearTimeout(this.#lateSignals.get(nonce));
    this.#lateSignals.delete(nonce);
    running?.cancel('no longer waited for');
  }

  /** No process of the instance is left. */
  forget(nonce: string): void {
    this.cancel(nonce);
    this.#treeSignalled.delete(nonce);
  }

  #runCommand(source: CommandSource, slot: EndingSlot, spec: ServiceSpec, command: Command): RunningCheck {
    const extra = { ORCH_NONCE: this.#context.nonces.forProbe(), ORCH_PID: String(slot.phase.process.pid) };
    const log = this.#outputs.logOf(slot.id, source, spec);
    return prepareCommand({ spec, index: slot.index, command, extra, log }, this.#context.launchContext(slot.id))();
  }
}

const writesTo = (spec: WrittenQueues | null, queue: string): boolean =>
  spec !== null && queuesWrittenBy(spec).includes(queue);
