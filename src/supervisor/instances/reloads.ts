// Lets the programs of live instances read their own configuration again (`reload`): a signal, or a command for each. Restarts
// nothing.
import type { Incarnation, Slot } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import { errorText } from '../../os/errors.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { CommandOutputs } from './command-outputs.ts';
import { prepareCommand, runWithin } from './instance-command.ts';

const LONGEST_RELOAD_MS = 60_000;

/** `how`: `SIGHUP`, or `its command`. */
export type ReloadOutcome = { ok: true; how: string } | { ok: false; because: string };
type SendSignal = (process: Incarnation, signal: string) => boolean;

export class Reloads {
  #context: Pick<SupervisorContext, 'specs' | 'journal' | 'nonces' | 'launchContext'>;
  #outputs: CommandOutputs;
  #signal: SendSignal;

  constructor(context: SupervisorContext, outputs: CommandOutputs, signal: SendSignal) {
    this.#context = context;
    this.#outputs = outputs;
    this.#signal = signal;
  }

  /** @param slot of a service with `reload`. Reports what it did; never rejects. */
  async reload(slot: Slot): Promise<ReloadOutcome> {
    const outcome = await this.#perform(slot).catch((error) => ({ ok: false as const, because: errorText(error) }));
    const { id: instance } = slot;
    const [type, message] = outcome.ok
      ? ['reloaded', `${instance} is reloaded (${outcome.how})`]
      : ['reload_failed', `${instance} is not reloaded: ${outcome.because}`];
    this.#context.journal.report({ type, instance, message });
    return outcome;
  }

  async #perform({ id, index, phase, service }: Slot): Promise<ReloadOutcome> {
    const spec = this.#context.specs.desired.services.get(service);
    if (!spec?.reload) return { ok: false, because: `${service} has no \`reload\`` };
    if (phase.kind !== 'alive') return { ok: false, because: 'it is not running' };
    if (spec.reload.kind === 'signal') {
      const { signal } = spec.reload;
      return this.#signal(phase.process, signal) ? { ok: true, how: signal } : { ok: false, because: 'it has ended' };
    }
    const extra = { ORCH_PID: String(phase.process.pid), ORCH_NONCE: this.#context.nonces.forHook() };
    const log = this.#outputs.logOf(id, 'reload', spec);
    const prepared = { spec, index, command: spec.reload.command, extra, log };
    const running = prepareCommand(prepared, this.#context.launchContext(id))();
    const late = `its command took longer than ${LONGEST_RELOAD_MS / 1_000} s`;
    const result = await runWithin(running, LONGEST_RELOAD_MS, late);
    return result.ok
      ? { ok: true, how: 'its command' }
      : { ok: false, because: `its command failed: ${result.because}` };
  }

  /** Every live instance of a service. */
  reloadAll(service: string): void {
    for (const slot of this.#context.specs.slots.values())
      if (slot.service === service && slot.phase.kind === 'alive') void this.reload(slot);
  }

  /** For a command: an instance that is starting, ends, or does not run is not reloaded. */
  async reloadById(id: InstanceId): Promise<ReloadOutcome> {
    const slot = this.#context.specs.slots.get(id);
    return slot ? await this.reload(slot) : { ok: false, because: 'it is not running' };
  }
}
