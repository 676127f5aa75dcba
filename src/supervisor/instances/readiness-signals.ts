// Signals that instances give by themselves, for probes that wait for them: lines of output (found by the log writer),
// sd_notify messages, and messages by Node's IPC. Remembers the signals of each incarnation; sends nothing, decides nothing.
import type { Check, InstanceId, ServiceSpec } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { NotifyFields, NotifyRelay } from '../../os/sockets/notify-relay.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { IpcChannels } from './ipc-channels.ts';

type SeenSignals = { nonce: string; patterns: Set<string>; isReady: boolean; lastPingMs: number };

export type SignalSources = {
  writer: Pick<LogWriterClient, 'expect'>;
  relay: NotifyRelay;
  channels: Pick<IpcChannels, 'resume' | 'hasReceived'>;
};

/** A start waits this long for the log writer to learn the patterns; a lost writer is back in a fraction of it. */
const WRITER_TIMEOUT_MS = 3_000;

export class ReadinessSignals {
  #context: Pick<SupervisorContext, 'clock'>;
  #writer: SignalSources['writer'];
  #relay: NotifyRelay;
  #channels: SignalSources['channels'];
  #onSignal: (id: InstanceId) => void;
  #seen = new Map<InstanceId, SeenSignals>();

  /** @param onSignal called when a check of this instance may pass */
  constructor(
    context: Pick<SupervisorContext, 'clock'>,
    { writer, relay, channels }: SignalSources,
    onSignal: (id: InstanceId) => void,
  ) {
    this.#context = context;
    this.#writer = writer;
    this.#relay = relay;
    this.#channels = channels;
    this.#onSignal = onSignal;
  }

  /**
   * Call before an incarnation starts, so that none of its signals is missed.
   * @returns additions to its environment; null where no probe waits for a signal: a promise would cost the start a tick.
   */
  expect(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<Record<string, string>> | null {
    return signalChecksOf(spec).length === 0 ? null : this.#listen(id, nonce, spec, false);
  }

  async #listen(id: InstanceId, nonce: string, spec: ServiceSpec, isAdopted: boolean): Promise<Record<string, string>> {
    this.#seen.set(id, { nonce, patterns: new Set(), isReady: false, lastPingMs: this.#context.clock.nowMs() });
    await this.#expectLines(id, nonce, spec);
    if (!signalChecksOf(spec).some(({ kind }) => kind === 'notify')) return {};
    const onMessage = (fields: NotifyFields): void => this.#notified(id, nonce, fields);
    const socket = await this.#relay.listen(id, onMessage, isAdopted);
    const watchdogMs = spec.liveness?.checks.some(({ kind }) => kind === 'notify') ? spec.liveness.everyMs : null;
    return { NOTIFY_SOCKET: socket, ...(watchdogMs === null ? {} : { WATCHDOG_USEC: String(watchdogMs * 1_000) }) };
  }

  /** For an incarnation that already runs: its further signals count. */
  async resume(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<void> {
    if (this.#seen.get(id)?.nonce !== nonce) await this.#listen(id, nonce, spec, true);
    else await this.#expectLines(id, nonce, spec);
    await this.#channels.resume(id, nonce, spec);
  }

  async #expectLines(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<void> {
    const patterns = signalChecksOf(spec).flatMap((check) => (check.kind === 'log' ? [check.pattern] : []));
    if (patterns.length > 0) await this.#writer.expect({ instance: id, nonce, patterns }, WRITER_TIMEOUT_MS);
  }

  /** The log writer found a line. */
  lineMatched(id: InstanceId, nonce: string, pattern: string): void {
    const seen = this.#seen.get(id);
    if (seen?.nonce !== nonce) return;
    seen.patterns.add(pattern);
    this.#onSignal(id);
  }

  #notified(id: InstanceId, nonce: string, fields: NotifyFields): void {
    const seen = this.#seen.get(id);
    if (seen?.nonce !== nonce) return;
    const isReady = fields.get('READY') === '1';
    if (isReady) seen.isReady = true;
    if (isReady || fields.get('WATCHDOG') === '1') seen.lastPingMs = this.#context.clock.nowMs();
    if (isReady) this.#onSignal(id);
  }

  hasLogged(id: InstanceId, nonce: string, pattern: string): boolean {
    const seen = this.#seen.get(id);
    return seen?.nonce === nonce && seen.patterns.has(pattern);
  }

  hasNotified(id: InstanceId, nonce: string): boolean {
    const seen = this.#seen.get(id);
    return seen?.nonce === nonce && seen.isReady;
  }

  /** By Node's IPC. */
  hasSent(nonce: string, message: string): boolean {
    return this.#channels.hasReceived(nonce, message);
  }

  /** How long ago it sent READY=1 or WATCHDOG=1, or was started. */
  silentMs(id: InstanceId, nonce: string): number {
    const seen = this.#seen.get(id);
    return seen?.nonce === nonce ? this.#context.clock.nowMs() - seen.lastPingMs : 0;
  }

  forget(id: InstanceId): void {
    if (this.#seen.delete(id)) this.#relay.forget(id);
  }
}

/** The checks that wait for a signal. */
function signalChecksOf({ startup, readiness, liveness }: ServiceSpec): Check[] {
  const all = [startup, readiness, liveness].flatMap((probe) => probe?.checks ?? []);
  return all.filter(({ kind }) => kind === 'log' || kind === 'notify');
}
