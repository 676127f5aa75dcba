// What an instance needs before its process can be started: its sockets, its input, the blessing of its hook, files to open.
import type { ProjectPaths } from '../../api/paths.ts';
import type { InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import type { LogWriterClient } from '../../logs/client.ts';
import { nofileRefusal } from '../../runtime/spawn/open-files.ts';
import type { HookRunner } from '../companions/hooks.ts';
import { InputTable } from './inputs.ts';
import { queueFeeding, Sinks } from './sinks.ts';
import type { SocketTable } from './socket-table.ts';

export type Equipment = { ok: true; stdin: 'ignore' | number; more: readonly number[] };
export type Unequipped = { ok: false; errno: string; detail: string; transient: boolean };

export const NOTHING_NEEDED: Equipment = { ok: true, stdin: 'ignore', more: [] };

export class Outfitter {
  #sockets: SocketTable;
  #hooks: HookRunner;
  #inputs: InputTable;
  #sinks: Sinks;

  constructor(paths: ProjectPaths, sockets: SocketTable, hooks: HookRunner, writer: LogWriterClient) {
    this.#sockets = sockets;
    this.#hooks = hooks;
    this.#inputs = new InputTable(paths);
    this.#sinks = new Sinks(this.#inputs, writer);
  }

  /** Most need nothing, and their start waits for nothing. */
  isNeeded({ listen, stdin, hooks, limits }: ServiceSpec): boolean {
    return listen.length > 0 || stdin || hooks.beforeStart !== null || limits.nofile !== null;
  }

  async equip(slot: Slot, spec: ServiceSpec): Promise<Equipment | Unequipped> {
    const unattainable = spec.limits.nofile === null ? null : nofileRefusal(spec.limits.nofile);
    if (unattainable !== null) return { ok: false, errno: 'EPERM', detail: unattainable, transient: false };
    const refused = await this.#hooks.beforeStart(slot, spec);
    if (refused !== null) return { ok: false, errno: 'ECANCELED', detail: refused, transient: false };
    const more = await this.#sockets.descriptors(spec.listen);
    if ('errno' in more) return { ok: false, ...more, transient: true };
    return { ok: true, stdin: await this.#inputOf(slot, spec), more };
  }

  async #inputOf(slot: Slot, spec: ServiceSpec): Promise<'ignore' | number> {
    const queue = queueFeeding(spec);
    if (queue !== null) return await this.#sinks.open(slot, queue);
    return spec.stdin ? await this.#inputs.open(slot.id) : 'ignore';
  }

  /** It runs already (adopted): what it reads goes on. */
  async resume(slot: Slot, spec: ServiceSpec): Promise<void> {
    const queue = queueFeeding(spec);
    if (queue !== null) await this.#sinks.open(slot, queue);
  }

  /** Lets the service that a log queue feeds read the rest, and then the end. */
  async endInput(slot: Slot, queue: string, timeoutMs: number): Promise<void> {
    await this.#sinks.end(slot, queue, timeoutMs);
  }

  /** The start is not wanted any more. */
  cancel(id: InstanceId): void {
    this.#hooks.cancel(id);
  }

  /** The slot is gone. */
  forget(id: InstanceId): void {
    this.#inputs.close(id);
  }
}
