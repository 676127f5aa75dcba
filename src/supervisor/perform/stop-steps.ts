// The ways to an end before SIGKILL: a drain, a command or signal, further signals. Carries out, decides nothing: when
// the next step is due is the reconciler's business.
import type {
  Command,
  Incarnation,
  InstanceEvent,
  InstanceId,
  Outcome,
  Phase,
  ServiceSpec,
  Slot,
} from '../../core/model.ts';
import { requestHttp } from '../../runtime/probe/http.ts';
import type { Running } from '../../runtime/probe/running.ts';
import { signalEscaped, signalMain, signalTree } from '../../runtime/tree/signal.ts';
import type { TreeMember } from '../../runtime/tree/sweep.ts';
import type { Happening } from '../happenings.ts';
import { expanderOf, type LaunchContext } from './launch.ts';
import { prepareBeside } from './run-beside.ts';

export type Stopping = Extract<Phase, { kind: 'stopping' }>;
type Target = { incarnation: Incarnation; ourChild: boolean };

export type StopStepsOptions = {
  /** The whole spec that the instance runs with; null where it is not remembered. */
  specOf(slot: Slot): ServiceSpec | null;
  launchContext(): LaunchContext;
  /** Of the commands that are run. */
  newNonce(): string;
  /** Lets the service that a log queue feeds read the rest, and then the end. */
  endInput(slot: Slot, queue: string, timeoutMs: number): void;
  targetOf(phase: Stopping): Target;
  membersOf(phase: Stopping): Promise<TreeMember[]>;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: Happening): void;
};

const SIGNAL_AGAIN_MS = 100;

export class StopSteps {
  #options: StopStepsOptions;
  /** Drains and stop commands under way, by the nonce of who is to end. */
  #running = new Map<string, Running>();
  /** With `to: main`: nonces of which the rest of the tree has been told. */
  #restTold = new Set<string>();

  constructor(options: StopStepsOptions) {
    this.#options = options;
  }

  drain(slot: Slot): void {
    const phase = slot.phase as Stopping;
    const by = slot.spec?.stop.drain?.by;
    const running = this.#beginDrain(slot, phase);
    if (by?.kind === 'signal') this.signal(slot, by.signal);
    else if (by?.kind === 'end_of_input') this.#options.endInput(slot, by.queue, slot.spec!.stop.drain!.timeoutMs);
    else if (running) this.#follow(phase, running, (outcome) => this.#drained(slot, phase, outcome));
    else this.#drained(slot, phase, { ok: false, because: 'how to drain it is not remembered' });
  }

  /** Unless it is cancelled before. */
  #follow({ process }: Stopping, running: Running, then: (outcome: Outcome) => void): void {
    this.#running.set(process.nonce, running);
    void running.outcome.then((outcome) => {
      if (this.#running.get(process.nonce) !== running) return;
      this.#running.delete(process.nonce);
      then(outcome);
    });
  }

  #beginDrain(slot: Slot, phase: Stopping): Running | null {
    const spec = this.#options.specOf(slot);
    const by = spec?.stop.drain?.by;
    if (!spec || !by || by.kind === 'signal' || by.kind === 'end_of_input') return null;
    if (by.kind === 'exec') return this.#runBeside(slot, phase, spec, by.command);
    const url = expanderOf(spec, slot.index, this.#options.launchContext())(by.url);
    const judge = (status: number) =>
      status >= 200 && status < 400 ? ({ ok: true } as const) : { ok: false as const, because: `status ${status}` };
    return requestHttp({ method: 'POST', url, headers: {}, judge, wantsBody: false });
  }

  #drained({ id }: Slot, { process }: Stopping, outcome: Outcome): void {
    const because = outcome.ok ? null : outcome.because;
    this.#options.receive(id, process.nonce, { kind: 'drained', because });
  }

  /** The first step towards the end: the command, if there is one, else the signal. */
  stop(slot: Slot): void {
    const phase = slot.phase as Stopping;
    this.cancel(phase.process.nonce);
    const spec = this.#options.specOf(slot);
    const signal = slot.spec?.stop.signal ?? 'SIGTERM';
    if (spec?.stop.command) this.#stopByCommand(slot, spec, spec.stop.command, signal);
    else this.signal(slot, signal);
  }

  #stopByCommand(slot: Slot, spec: ServiceSpec, command: Command, signal: string): void {
    const phase = slot.phase as Stopping;
    this.#follow(phase, this.#runBeside(slot, phase, spec, command), (outcome) => {
      if (outcome.ok) return;
      const message = `the stop command of ${slot.id} failed (${outcome.because}); ${signal} is sent instead`;
      this.#options.report({ type: 'stop_command_failed', instance: slot.id, message, details: {} });
      this.signal(slot, signal);
    });
  }

  /** To the whole tree, or to the main process alone, as declared. */
  signal(slot: Slot, signal: string): void {
    const phase = slot.phase as Stopping;
    try {
      if (slot.spec?.stop.to === 'main') signalMain(this.#options.targetOf(phase), signal);
      else this.#signalTree(phase, signal);
    } catch {
      // No descriptor left to prove with that it is still ours; SIGKILL is not due before the grace period is over.
      setTimeout(() => this.signal(slot, signal), SIGNAL_AGAIN_MS).unref();
    }
  }

  /** The group at once; whoever left it is found by the sweep and gets the same signal. */
  #signalTree(phase: Stopping, signal: string): void {
    signalTree(this.#options.targetOf(phase), signal, []);
    this.#options.membersOf(phase).then(
      (members) => signalEscaped(this.#options.targetOf(phase), signal, members),
      () => undefined, // no descriptor left to look with: the clearing afterwards looks again
    );
  }

  /** The main process is gone, these are left: they are told once, unless they have been told with it. */
  tellRest(slot: Slot, leftovers: readonly TreeMember[]): void {
    const phase = slot.phase as Stopping;
    const { nonce } = phase.process;
    const isFirst = slot.spec?.stop.to === 'main' && phase.step === 'term' && !this.#restTold.has(nonce);
    if (phase.step !== 'clear' && !isFirst) return;
    this.#restTold.add(nonce);
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
    this.#restTold.delete(nonce);
  }

  #runBeside(slot: Slot, { process }: Stopping, spec: ServiceSpec, command: Command): Running {
    const extra = { ORCH_NONCE: this.#options.newNonce(), ORCH_PID: String(process.pid) };
    return prepareBeside({ spec, index: slot.index, command, extra }, this.#options.launchContext())();
  }
}
