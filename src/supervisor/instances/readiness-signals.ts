// Signs of life that instances give by themselves, for probes that wait for them: lines of output (found by the log
// writer) and sd_notify messages. Remembers what has been seen of each incarnation; sends nothing, decides nothing.
import type { Check, InstanceId, ServiceSpec } from '../../core/model.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { NotifyFields, NotifyRelay } from '../../os/sockets/notify-relay.ts';

export type ReadinessSignalsOptions = {
  writer: Pick<LogWriterClient, 'expect'>;
  relay: NotifyRelay;
  nowMs(): number;
  /** A check of this instance may hold now. */
  onSignal(id: InstanceId): void;
};

type SeenSignals = { nonce: string; patterns: Set<string>; isReady: boolean; lastPingMs: number };

/** A start waits this long for the log writer to know what to look for; one that was lost is back in a fraction of it. */
const WRITER_TIMEOUT_MS = 3_000;

export class ReadinessSignals {
  #options: ReadinessSignalsOptions;
  #seen = new Map<InstanceId, SeenSignals>();

  constructor(options: ReadinessSignalsOptions) {
    this.#options = options;
  }

  /**
   * Before an incarnation begins, so that none of its signs is missed.
   * @returns what its environment needs on top; null where no sign is waited for.
   */
  expect(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<Record<string, string>> | null {
    return signalChecksOf(spec).length === 0 ? null : this.#listen(id, nonce, spec, false);
  }

  async #listen(id: InstanceId, nonce: string, spec: ServiceSpec, isAdopted: boolean): Promise<Record<string, string>> {
    this.#seen.set(id, { nonce, patterns: new Set(), isReady: false, lastPingMs: this.#options.nowMs() });
    await this.#expectLines(id, nonce, spec);
    if (!signalChecksOf(spec).some(({ kind }) => kind === 'notify')) return {};
    const onMessage = (fields: NotifyFields): void => this.#notified(id, nonce, fields);
    const socket = await this.#options.relay.listen(id, onMessage, isAdopted);
    const watchdogMs = spec.liveness?.checks.some(({ kind }) => kind === 'notify') ? spec.liveness.everyMs : null;
    return { NOTIFY_SOCKET: socket, ...(watchdogMs === null ? {} : { WATCHDOG_USEC: String(watchdogMs * 1_000) }) };
  }

  /** An incarnation that runs already: its further signs count. */
  async resume(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<void> {
    if (this.#seen.get(id)?.nonce !== nonce) await this.#listen(id, nonce, spec, true);
    else await this.#expectLines(id, nonce, spec);
  }

  async #expectLines(id: InstanceId, nonce: string, spec: ServiceSpec): Promise<void> {
    const patterns = signalChecksOf(spec).flatMap((check) => (check.kind === 'log' ? [check.pattern] : []));
    if (patterns.length > 0) await this.#options.writer.expect({ instance: id, nonce, patterns }, WRITER_TIMEOUT_MS);
  }

  /** The log writer found a line. */
  lineMatched(id: InstanceId, nonce: string, pattern: string): void {
    const seen = this.#seen.get(id);
    if (seen?.nonce !== nonce) return;
    seen.patterns.add(pattern);
    this.#options.onSignal(id);
  }

  #notified(id: InstanceId, nonce: string, fields: NotifyFields): void {
    const seen = this.#seen.get(id);
    if (seen?.nonce !== nonce) return;
    const isReady = fields.get('READY') === '1';
    if (isReady) seen.isReady = true;
    if (isReady || fields.get('WATCHDOG') === '1') seen.lastPingMs = this.#options.nowMs();
    if (isReady) this.#options.onSignal(id);
  }

  hasLogged(id: InstanceId, nonce: string, pattern: string): boolean {
    const seen = this.#seen.get(id);
    return seen?.nonce === nonce && seen.patterns.has(pattern);
  }

  hasNotified(id: InstanceId, nonce: string): boolean {
    const seen = this.#seen.get(id);
    return seen?.nonce === nonce && seen.isReady;
  }

  /** How long ago it last said that it lives (READY=1 or WATCHDOG=1), or was started. */
  silentMs(id: InstanceId, nonce: string): number {
    const seen = this.#seen.get(id);
    return seen?.nonce === nonce ? this.#options.nowMs() - seen.lastPingMs : 0;
  }

  forget(id: InstanceId): void {
    if (this.#seen.delete(id)) this.#options.relay.forget(id);
  }
}

/** Those that wait for a sign. */
function signalChecksOf({ startup, readiness, liveness }: ServiceSpec): Check[] {
  const all = [startup, readiness, liveness].flatMap((probe) => probe?.checks ?? []);
  return all.filter(({ kind }) => kind === 'log' || kind === 'notify');
}
