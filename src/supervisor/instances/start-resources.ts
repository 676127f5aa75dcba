// What an instance needs before its process starts: a successful before_start hook, sockets, its input, open files.
import type { ProjectPaths } from '../../api/paths.ts';
import type { Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import { whyNofileTooHigh } from '../../os/spawn/open-file-limit.ts';
import type { HookRunner } from './hooks.ts';
import { InputFifos, queueFeeding, SinkInputs } from './inputs.ts';
import type { ServiceSockets } from './service-sockets.ts';

export type AcquiredResources = { ok: true; stdin: 'ignore' | number; more: readonly number[] };
export type MissingResource = { ok: false; errno: string; detail: string; transient: boolean };

export const NOTHING_NEEDED: AcquiredResources = { ok: true, stdin: 'ignore', more: [] };

export class StartResources {
  #sockets: ServiceSockets;
  #hooks: HookRunner;
  #inputs: InputFifos;
  #sinkInputs: SinkInputs;

  constructor(paths: ProjectPaths, sockets: ServiceSockets, hooks: HookRunner, writer: LogWriterClient) {
    this.#sockets = sockets;
    this.#hooks = hooks;
    this.#inputs = new InputFifos(paths);
    this.#sinkInputs = new SinkInputs(this.#inputs, writer);
  }

  /** Most services need nothing: their start waits for nothing. */
  isNeeded({ listen, stdin, hooks, limits }: ServiceSpec): boolean {
    return listen.length > 0 || stdin || hooks.beforeStart !== null || limits.nofile !== null;
  }

  async acquire(slot: Slot, spec: ServiceSpec): Promise<AcquiredResources | MissingResource> {
    const tooHigh = spec.limits.nofile === null ? null : whyNofileTooHigh(spec.limits.nofile);
    if (tooHigh !== null) return { ok: false, errno: 'EPERM', detail: tooHigh, transient: false };
    const refused = await this.#hooks.beforeStart(slot, spec);
    if (refused !== null) return { ok: false, errno: 'ECANCELED', detail: refused, transient: false };
    const more = await this.#sockets.descriptors(spec.listen);
    if ('errno' in more) return { ok: false, ...more, transient: true };
    return { ok: true, stdin: await this.#inputOf(slot, spec), more };
  }

  async #inputOf(slot: Slot, spec: ServiceSpec): Promise<'ignore' | number> {
    const queue = queueFeeding(spec);
    if (queue !== null) return await this.#sinkInputs.open(slot, queue);
    return spec.stdin ? await this.#inputs.open(slot.id) : 'ignore';
  }

  /** For an adopted instance: continues its input. */
  async resumeInput(slot: Slot, spec: ServiceSpec): Promise<void> {
    const queue = queueFeeding(spec);
    if (queue !== null) await this.#sinkInputs.open(slot, queue);
  }

  /** Lets the service read the rest of the log queue, and then the end. */
  async endInput(slot: Slot, queue: string, timeoutMs: number): Promise<void> {
    await this.#sinkInputs.end(slot, queue, timeoutMs);
  }

  /** The start is given up. */
  cancel(id: InstanceId): void {
    this.#hooks.cancel(id);
  }

  /** The slot is gone. */
  forget(id: InstanceId): void {
    this.#inputs.close(id);
  }
}
