// Messages between instances and orch by Node's IPC: `process.send('ready')`, `process.on('message', …)`. Maps channels, which
// are named by nonce, to instances; decides nothing.
import { isDeepStrictEqual } from 'node:util';
import { awaitedMessages, usesMessages } from '../../core/ipc-messages.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import { KeptChannels, type ProgramEnd } from '../../os/ipc/kept-channels.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

export class IpcChannels {
  #context: SupervisorContext;
  #kept: KeptChannels;
  #open = new Map<InstanceId, { nonce: string; expected: string[] }>();

  /** @param onMessage called when a check of this instance may pass */
  constructor(context: SupervisorContext, onMessage: (id: InstanceId) => void) {
    this.#context = context;
    this.#kept = new KeptChannels(context.paths, {
      onReceived: (nonce) => this.#withInstance(nonce, onMessage),
      onTooLong: (nonce) => this.#withInstance(nonce, (id) => this.#reportTooLong(id)),
      onLost: () => this.#reportLost(),
    });
  }

  /** Call before an incarnation starts. @returns null where orch and the program exchange no messages */
  open(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<ProgramEnd> | null {
    if (!usesMessages(spec)) return null;
    this.forget(id);
    const expected = awaitedMessages(spec);
    this.#open.set(id, { nonce, expected });
    return this.#kept.open(nonce, expected);
  }

  /** For an incarnation that already runs: its further messages count. */
  async resume(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<void> {
    const expected = awaitedMessages(spec);
    const open = this.#open.get(id);
    if (open?.nonce === nonce ? isDeepStrictEqual(open.expected, expected) : expected.length === 0) return;
    this.#open.set(id, { nonce, expected });
    await this.#kept.resume(nonce, expected);
  }

  hasReceived(nonce: string, message: string): boolean {
    return this.#kept.hasReceived(nonce, message);
  }

  /** @returns false: the message cannot reach the program */
  send(nonce: string, message: string): Promise<boolean> {
    return this.#kept.send(nonce, message);
  }

  forget(id: InstanceId): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open) this.#kept.forget(open.nonce);
  }

  async handOver(): Promise<void> {
    await this.#kept.handOver();
  }

  /** Every instance has stopped. */
  async close(): Promise<void> {
    await this.#kept.close();
  }

  #withInstance(nonce: string, then: (id: InstanceId) => void): void {
    for (const [id, open] of this.#open) if (open.nonce === nonce) then(id);
  }

  #reportTooLong(instance: InstanceId): void {
    const message = `${instance} sent a message that is too long on its IPC channel; such messages are ignored`;
    this.#context.journal.report({ type: 'ipc_message_ignored', instance, message });
  }

  #reportLost(): void {
    const message =
      'The process that holds the IPC channels was lost, and the channels with it: instances that run are stopped by signals.';
    this.#context.journal.report({ type: 'ipc_channels_lost', instance: null, message });
  }
}

/** The variables of a channel. @param before how many descriptors the program gets before the channel, from 3 on */
export function ipcVariables(before: number): Record<string, string> {
  return { NODE_CHANNEL_FD: String(3 + before), NODE_CHANNEL_SERIALIZATION_MODE: 'json' };
}
