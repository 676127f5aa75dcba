// The supervisor's end of the log writer: starts one where none runs, reconnects, and tells a new one all it has to know.
// No log byte passes here, and nobody waits for the writer longer than he said.
import type { ProjectPaths } from '../api/paths.ts';
import type { LogQueueStatus } from '../api/protocol.ts';
import type { LogQueueSpec } from '../core/spec.ts';
import { settlesWithin } from './settles-within.ts';
import { WriterConnection } from './writer-connection.ts';
import {
  type InstanceFifos,
  type LineExpectation,
  LOG_PROTOCOL,
  type WriterEvent,
  type WriterMethod,
  type WriterMethods,
} from './writer-protocol.ts';

export type { InstanceFifos, WriterEvent } from './writer-protocol.ts';

export type LogWriterClient = {
  /** Live: capacity, rotation, format, overflow and path change in place; a queue that is no longer named is closed. */
  configure(queues: LogQueueSpec[]): Promise<void>;
  /** Idempotent; once per slot, kept over restarts of the instance. */
  attach(sources: InstanceFifos[]): Promise<void>;
  /** The incarnation ended: drain both FIFOs to the bottom, flush a last line without newline. Resolves at the deadline
   * at the latest, whatever the writer does; nothing is lost by that, the FIFO keeps it. */
  endOfOutput(instance: string, deadlineMs: number): Promise<void>;
  /** Lines to look for in the output of an incarnation; kept over a loss of the writer. Resolves when the writer knows,
   * at the latest after `patienceMs`. */
  expect(expectation: LineExpectation, patienceMs: number): Promise<void>;
  /** Resolves when a writer runs that has been told everything so far, at the latest after `patienceMs`. */
  whenUpToDate(patienceMs: number): Promise<void>;
  /** Gone for good. Resolves when a writer has read what is in the FIFOs, or has them open to do so: until then somebody
   * must hold them. Kept over a loss of the writer. */
  detach(instances: string[]): Promise<void>;
  /** The service that the queue feeds is about to read; kept over a loss of the writer. */
  openSink(queue: string, service: string): Promise<void>;
  /** Gives the service all that its queue holds, then ends its input; what comes later waits. Resolves at the deadline at the
   * latest; what was not given by then is kept. */
  closeSink(queue: string, service: string, deadlineMs: number): Promise<void>;
  /** The newest figures; those of the last time where the writer does not answer at once. */
  stats(): Promise<LogQueueStatus[]>;
  /** @param queues names; none: all. Returns the paths of the files made. Rejects when the writer is lost meanwhile. */
  rotate(queues: string[]): Promise<string[]>;
  /** Flush everything, exit. */
  shutdown(deadlineMs: number): Promise<void>;
  /** Disconnect only; the writer lives on. */
  close(): void;
};

export type LogWriterOptions = {
  /** The connection ended unexpectedly; the client is already on its way to a new one. */
  onLost(reason: string): void;
  onEvent(event: WriterEvent): void;
  /** The program to start; default: the built `log-writer.cjs`. */
  entry?: string;
};

/** After so long without an answer, `stats` gives the last known one: the first who asks waits, the others do not. */
const STATS_TIMEOUT_MS = 100;

/** For the answer to a `closeSink` whose time is over. */
const CLOSE_ANSWER_MS = 200;

/** For the FIFOs that the writer could not open. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;

/** A writer that does not answer for so long is stuck. */
const HANG_TIMEOUT_MS = 100;

/** Returns at once; what is asked before the connection stands is sent when it does. */
export function startLogWriter(paths: ProjectPaths, options: LogWriterOptions): LogWriterClient {
  return new ReconnectingClient(paths, options);
}

class ReconnectingClient implements LogWriterClient {
  readonly #queues = new NeededQueues();
  readonly #sources = new Map<string, InstanceFifos>();
  /** Detached, and no writer has said yet that it read what is left of them. */
  readonly #detaching = new Map<string, InstanceFifos>();
  readonly #expectations = new Map<string, LineExpectation>();
  /** Queue -> the service that reads it now. */
  readonly #sinks = new Map<string, string>();
  #lastStats: LogQueueStatus[] = [];
  #statsAsked: Promise<void> | null = null;
  #statsAskedMs = 0;
  /** Instances whose FIFOs the writer could not open. */
  readonly #unreadInstances = new Set<string>();
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  readonly #connection: WriterConnection;

  constructor(paths: ProjectPaths, options: LogWriterOptions) {
    this.#connection = new WriterConnection(paths, options, () => this.#resendAll());
  }

  async configure(queues: LogQueueSpec[]): Promise<void> {
    this.#queues.configure(queues, this.#knownSources());
    await this.#sendOrResend('configure', { queues });
  }

  async attach(sources: InstanceFifos[]): Promise<void> {
    for (const source of sources) {
      this.#sources.set(source.instance, source);
      this.#detaching.delete(source.instance);
    }
    await this.#attachSources(sources);
  }

  async endOfOutput(instance: string, deadlineMs: number): Promise<void> {
    const untilMs = performance.now() + deadlineMs;
    // Answered in the order sent: it is read now, or never.
    if (this.#unreadInstances.has(instance)) void this.#attachSources([this.#sources.get(instance)!]);
    const answered = this.#connection.request('hello', { protocol: LOG_PROTOCOL });
    const drained = this.#connection.request('endOfOutput', { instance, deadlineMs });
    drained.catch(() => undefined); // lost: the FIFO keeps it
    // A writer that hangs in a write must not hold up a restart.
    if (!(await settlesWithin(answered, Math.min(deadlineMs, HANG_TIMEOUT_MS)))) return;
    await settlesWithin(drained, untilMs - performance.now());
  }

  async expect(expectation: LineExpectation, patienceMs: number): Promise<void> {
    this.#expectations.set(expectation.instance, expectation);
    await settlesWithin(this.#sendOrResend('expect', expectation), patienceMs);
  }

  async whenUpToDate(patienceMs: number): Promise<void> {
    await settlesWithin(this.#connection.request('hello', { protocol: LOG_PROTOCOL }), patienceMs);
  }

  async detach(instances: string[]): Promise<void> {
    const leaving = instances.flatMap((instance) => this.#sources.get(instance) ?? []);
    for (const source of leaving) this.#detaching.set(source.instance, source);
    for (const instance of instances) {
      this.#sources.delete(instance);
      this.#unreadInstances.delete(instance);
      this.#expectations.delete(instance);
    }
    await this.#sendOrResend('detach', { instances });
    for (const source of leaving)
      if (this.#detaching.get(source.instance) === source) this.#detaching.delete(source.instance);
  }

  async openSink(queue: string, service: string): Promise<void> {
    this.#sinks.set(queue, service);
    await this.#sendOrResend('openSink', { queue, service });
  }

  async closeSink(queue: string, service: string, deadlineMs: number): Promise<void> {
    if (this.#sinks.get(queue) === service) this.#sinks.delete(queue);
    if (!this.#connection.isUp()) return; // for the next writer it is not open
    const closed = this.#connection.send('closeSink', { queue, service, deadlineMs });
    closed.catch(() => undefined); // lost: as above
    await settlesWithin(closed, deadlineMs + CLOSE_ANSWER_MS);
  }

  async stats(): Promise<LogQueueStatus[]> {
    // One question at a time: a writer that hangs must not make them pile up.
    this.#statsAsked ??= this.#askStats();
    await settlesWithin(this.#statsAsked, this.#statsAskedMs + STATS_TIMEOUT_MS - performance.now());
    return this.#lastStats;
  }

  async rotate(queues: string[]): Promise<string[]> {
    return (await this.#connection.request('rotate', { queues })).rotated;
  }

  async shutdown(deadlineMs: number): Promise<void> {
    await this.#connection.shutdown(deadlineMs);
  }

  close(): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#connection.close();
  }

  async #attachSources(sources: InstanceFifos[]): Promise<void> {
    if (!this.#connection.isUp()) return this.#connection.whenUp();
    const answer = await this.#connection.request('attach', { sources }).catch(() => null); // lost: `tellAll` repeats it
    if (answer === null) return this.#connection.whenUp();
    this.#noteAttachResult(sources, answer.failed);
  }

  /** What could not be read (no descriptor left, say) is tried again: its programs would wait for ever. */
  #noteAttachResult(sources: Iterable<InstanceFifos>, failed: readonly { instance: string }[]): void {
    for (const { instance } of sources) this.#unreadInstances.delete(instance);
    for (const { instance } of failed) if (this.#sources.has(instance)) this.#unreadInstances.add(instance);
    if (this.#unreadInstances.size === 0) this.#retryMs = FIRST_RETRY_MS;
    if (this.#unreadInstances.size === 0 || this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      const unread = [...this.#unreadInstances].flatMap((instance) => this.#sources.get(instance) ?? []);
      if (unread.length > 0) void this.#attachSources(unread);
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #askStats(): Promise<void> {
    this.#statsAskedMs = performance.now();
    const answer = await this.#connection.request('stats', {}).catch(() => null); // lost: the last known figures are all there is
    if (answer !== null) this.#lastStats = answer.queues;
    this.#statsAsked = null;
  }

  /** Wishes that outlive a connection: where it breaks, the next one carries them in `tellAll`. */
  async #sendOrResend<M extends 'configure' | 'expect' | 'detach' | 'openSink'>(
    method: M,
    params: WriterMethods[M][0],
  ): Promise<void> {
    if (!this.#connection.isUp()) return this.#connection.whenUp();
    await this.#connection.request(method as WriterMethod, params as never).catch(() => this.#connection.whenUp());
  }

  /** All of it is sent at once: what is asked from now on comes after it, and finds everything attached. */
  async #resendAll(): Promise<void> {
    const sources = this.#knownSources();
    const former = this.#queues.removedInUse(sources);
    const link = this.#connection;
    const told: Promise<unknown>[] = [];
    if (this.#queues.configured !== null)
      told.push(link.send('configure', { queues: [...this.#queues.configured, ...former] }));
    for (const [queue, service] of this.#sinks) told.push(link.send('openSink', { queue, service }));
    for (const expectation of this.#expectations.values()) told.push(link.send('expect', expectation));
    if (sources.length > 0) {
      const attached = link.send('attach', { sources });
      told.push(attached.then(({ failed }) => this.#noteAttachResult(sources, failed)));
    }
    if (this.#detaching.size > 0) told.push(link.send('detach', { instances: [...this.#detaching.keys()] }));
    if (this.#queues.configured !== null && former.length > 0)
      told.push(link.send('configure', { queues: this.#queues.configured }));
    await Promise.all(told);
  }

  #knownSources(): InstanceFifos[] {
    return [...this.#sources.values(), ...this.#detaching.values()];
  }
}

// The queues that a log writer must know: those of the configuration, and those that are no longer in it as long as
// somebody still writes to them. Plain bookkeeping, no effects.

type QueueUsers = readonly { queue: string }[];

class NeededQueues {
  /** Of the newest configuration; null: none came yet. */
  configured: LogQueueSpec[] | null = null;
  #removed: LogQueueSpec[] = [];

  /** @param sources all that writes */
  configure(queues: LogQueueSpec[], sources: QueueUsers): void {
    const names = new Set(queues.map(({ name }) => name));
    const before = [...this.#removed, ...(this.configured ?? [])];
    this.configured = queues;
    this.#removed = before.filter(({ name }) => !names.has(name));
    this.#removed = this.removedInUse(sources);
  }

  /** Those no longer named to which one of the sources writes. */
  removedInUse(sources: QueueUsers): LogQueueSpec[] {
    return this.#removed.filter(({ name }) => sources.some(({ queue }) => queue === name));
  }
}
