// The ways to an end before SIGKILL: a drain, a command or signal, further signals. Carries out, decides nothing: when
// the next step is due is the reconciler's business.
import type {
  Command,
  Incarnation,
  InstanceEvent,
  InstanceId,
  Phase,
  ProbeResult,
  ServiceSpec,
  Slot,
} from '../../core/model.ts';
import { requestHttp } from '../../os/probe/http.ts';
import type { RunningCheck } from '../../os/probe/running-check.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { signalMain, signalOutsideGroup, signalTree } from '../../os/tree/signal.ts';
import type { EventDraft } from '../kernel/events.ts';
import { expanderOf, type LaunchContext } from './environment.ts';
import { prepareCommand } from './instance-command.ts';

export type InstanceEndingPhase = Extract<Phase, { kind: 'ending' }>;
type SignalTarget = { incarnation: Incarnation; isOurChild: boolean };

export type StopStepsOptions = {
  /** The whole spec that the instance runs with; null where it is not remembered. */
  specOf(slot: Slot): ServiceSpec | null;
  launchContext(): LaunchContext;
  /** Of the commands that are run. */
  newNonce(): string;
  /** Lets the service that a log queue feeds read the rest, and then the end. */
  endInput(slot: Slot, queue: string, timeoutMs: number): void;
  targetOf(phase: InstanceEndingPhase): SignalTarget;
  membersOf(phase: InstanceEndingPhase): Promise<TreeMember[]>;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: EventDraft): void;
};

const SIGNAL_AGAIN_MS = 100;

export class StopSteps {
  #options: StopStepsOptions;
  /** Drains and stop commands under way, by the nonce of who is to end. */
  #running = new Map<string, RunningCheck>();
  /** With `to: main`: nonces of which the rest of the tree has been told. */
  #restSignalled = new Set<string>();

  constructor(options: StopStepsOptions) {
    this.#options = options;
  }

  drain(slot: Slot): void {
    const phase = slot.phase as InstanceEndingPhase;
    const by = slot.spec?.stop.drain?.by;
    const running = this.#beginDrain(slot, phase);
    if (by?.kind === 'signal') this.signal(slot, by.signal);
    else if (by?.kind === 'end_of_input') this.#options.endInput(slot, by.queue, slot.spec!.stop.drain!.timeoutMs);
    else if (running) this.#follow(phase, running, (outcome) => this.#drained(slot, phase, outcome));
    else this.#drained(slot, phase, { ok: false, because: 'how to drain it is not remembered' });
  }

  /** Unless it is cancelled before. */
  #follow({ process }: InstanceEndingPhase, running: RunningCheck, then: (outcome: ProbeResult) => void): void {
    this.#running.set(process.nonce, running);
    void running.outcome.then((outcome) => {
      if (this.#running.get(process.nonce) !== running) return;
      this.#running.delete(process.nonce);
      then(outcome);
    });
  }

  #beginDrain(slot: Slot, phase: InstanceEndingPhase): RunningCheck | null {
    const spec = this.#options.specOf(slot);
    const by = spec?.stop.drain?.by;
    if (!spec || !by || by.kind === 'signal' || by.kind === 'end_of_input') return null;
    if (by.kind === 'exec') return this.#runCommand(slot, phase, spec, by.command);
    const url = expanderOf(spec, slot.index, this.#options.launchContext())(by.url);
    const judge = (status: number) =>
      status >= 200 && status < 400 ? ({ ok: true } as const) : { ok: false as const, because: `status ${status}` };
    return requestHttp({ method: 'POST', url, headers: {}, judge, wantsBody: false });
  }

  #drained({ id }: Slot, { process }: InstanceEndingPhase, outcome: ProbeResult): void {
    const because = outcome.ok ? null : outcome.because;
    this.#options.receive(id, process.nonce, { kind: 'drained', because });
  }

  /** The first step towards the end: the command, if there is one, else the signal. */
  stop(slot: Slot): void {
    const phase = slot.phase as InstanceEndingPhase;
    this.cancel(phase.process.nonce);
    const spec = this.#options.specOf(slot);
    const signal = slot.spec?.stop.signal ?? 'SIGTERM';
    if (spec?.stop.command) this.#stopByCommand(slot, spec, spec.stop.command, signal);
    else this.signal(slot, signal);
  }

  #stopByCommand(slot: Slot, spec: ServiceSpec, command: Command, signal: string): void {
    const phase = slot.phase as InstanceEndingPhase;
    this.#follow(phase, this.#runCommand(slot, phase, spec, command), (outcome) => {
      if (outcome.ok) return;
      const message = `the stop command of ${slot.id} failed (${outcome.because}); ${signal} is sent instead`;
      this.#options.report({ type: 'stop_command_failed', instance: slot.id, message, details: {} });
      this.signal(slot, signal);
    });
  }

  /** To the whole tree, or to the main process alone, as declared. */
  signal(slot: Slot, signal: string): void {
    const phase = slot.phase as InstanceEndingPhase;
    try {
      if (slot.spec?.stop.to === 'main') signalMain(this.#options.targetOf(phase), signal);
      else this.#signalTree(phase, signal);
    } catch {
      // No descriptor left to prove with that it is still ours; SIGKILL is not due before the grace period is over.
      setTimeout(() => this.signal(slot, signal), SIGNAL_AGAIN_MS).unref();
    }
  }

  /** The group at once; whoever left it is found by the sweep and gets the same signal. */
  #signalTree(phase: InstanceEndingPhase, signal: string): void {
    signalTree(this.#options.targetOf(phase), signal, []);
    this.#options.membersOf(phase).then(
      (members) => signalOutsideGroup(this.#options.targetOf(phase), signal, members),
      () => undefined, // no descriptor left to look with: the clearing afterwards looks again
    );
  }

  /** The main process is gone, these are left: they are told once, unless they have been told with it. */
  signalRest(slot: Slot, leftovers: readonly TreeMember[]): void {
    const phase = slot.phase as InstanceEndingPhase;
    const { nonce } = phase.process;
    const isFirst = slot.spec?.stop.to === 'main' && phase.step === 'term' && !this.#restSignalled.has(nonce);
    if (phase.step !== 'clear' && !isFirst) return;
    this.#restSignalled.add(nonce);
    signalTree(this.#options.targetOf(phase), slot.spec?.stop.signal ?? 'SIGTERM', leftovers);
  }

  /** What is still being done about its end is of no more use. */
  cancel(nonce: string): void {
    const running = this.#running.get(nonce);
    this.#running.delete(nonce);
    running?.cancel('no longer waited for');
  }

  /** Nothing of it is left. */
  forget(nonce: string): void {
    this.cancel(nonce);
    this.#restSignalled.delete(nonce);
  }

  #runCommand(slot: Slot, { process }: InstanceEndingPhase, spec: ServiceSpec, command: Command): RunningCheck {
    const extra = { ORCH_NONCE: this.#options.newNonce(), ORCH_PID: String(process.pid) };
    return prepareCommand({ spec, index: slot.index, command, extra }, this.#options.launchContext())();
  }
}
