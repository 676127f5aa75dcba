// The supervisor's end of the log writer: remembers what the writer must know, and sends all of it to a new one.
// No log byte passes here; each caller sets how long it waits for the writer.
import type { ProjectPaths } from '../api/paths.ts';
import type { LogQueueStatus } from '../api/protocol.ts';
import type { LogQueueSpec } from '../core/log-queue-spec.ts';
import { settlesWithin } from './settles-within.ts';
import { WriterConnection } from './writer-connection.ts';
import {
  type InstanceFifos,
  type LineExpectation,
  LOG_PROTOCOL,
  type SuccessorStart,
  type WriterEvent,
  type WriterMethod,
  type WriterMethods,
} from './writer-protocol.ts';

export type LogWriterClient = {
  /** Starts a writer where none runs; so does a request that waits for one. Idempotent. */
  start(): void;
  /** Live: capacity, rotation, format, overflow and path change in place; a queue that is no longer named is closed. */
  configure(queues: LogQueueSpec[]): Promise<void>;
  /** Idempotent; once per slot, kept over restarts of the instance. */
  attach(sources: InstanceFifos[]): Promise<void>;
  /** The incarnation or command ended: read both FIFOs until empty and write a last line without newline. Resolves at the
   * deadline at the latest, even if the writer hangs; nothing is lost by that, the FIFO keeps it.
   * @returns the end of what a command printed; '': not known */
  endOfOutput(instance: string, deadlineMs: number): Promise<string>;
  /** Lines to look for in the output of an incarnation; kept when the writer is lost. Resolves when the writer knows them,
   * or after `patienceMs`. */
  expect(expectation: LineExpectation, patienceMs: number): Promise<void>;
  /** Resolves when a writer runs that knows everything so far, or after `patienceMs`. */
  whenUpToDate(patienceMs: number): Promise<void>;
  /** The slots are removed. Resolves when a writer has read their FIFOs, or has them open: until then the caller must keep them
   * open. Kept when the writer is lost. */
  detach(instances: string[]): Promise<void>;
  /** The service that the queue feeds starts to read; kept when the writer is lost. */
  openSink(queue: string, service: string): Promise<void>;
  /** Gives the service all that its queue holds, then ends its input; later lines wait. Resolves at the deadline at the latest;
   * what was not delivered by then is kept. */
  closeSink(queue: string, service: string, deadlineMs: number): Promise<void>;
  /** What the writer starts if this process is killed; null: nothing, this process ends on purpose. Sent at once. */
  guard(successor: SuccessorStart | null): void;
  /** The newest figures, or the previous ones when the writer does not answer at once. */
  stats(): Promise<LogQueueStatus[]>;
  /** The previous figures; empty: there are none yet. */
  readonly lastStats: LogQueueStatus[];
  /** @param queues names; none: all. Returns the paths of the rotated files. Rejects when the writer is lost meanwhile. */
  rotate(queues: string[]): Promise<string[]>;
  /** Flushes everything and ends the writer. */
  shutdown(deadlineMs: number): Promise<void>;
  /** Disconnects on purpose; the writer keeps running. */
  close(): void;
};

export type LogWriterOptions = {
  /** The connection ended unexpectedly; the client already connects again. */
  onLost(reason: string): void;
  onEvent(event: WriterEvent): void;
  /** The program to start; default: the built `log-writer.cjs`. */
  entry?: string;
  /** Without a `start`, a writer is started after this time at the latest. */
  startWithinMs?: number;
  /** Until a writer that does not answer counts as stuck, and an end of output is not waited for any longer. */
  hangTimeoutMs?: number;
};

/** After this long without an answer, `stats` returns the previous figures. Only the first caller waits. */
const STATS_TIMEOUT_MS = 100;

/** For the answer to a `closeSink` after its deadline. */
const CLOSE_ANSWER_MS = 200;

/** For FIFOs that the writer could not open. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;

const DEFAULT_HANG_TIMEOUT_MS = 100;

/** Returns at once, and connects to a writer that runs; requests before the connection is up are sent when it is. */
export function startLogWriter(paths: ProjectPaths, options: LogWriterOptions): LogWriterClient {
  return new ReconnectingClient(paths, options);
}

class ReconnectingClient implements LogWriterClient {
  lastStats: LogQueueStatus[] = [];
  readonly #queues = new NeededQueues();
  readonly #sources = new Map<string, InstanceFifos>();
  /** Detached, and no writer has confirmed yet that their FIFOs are read. */
  readonly #detaching = new Map<string, InstanceFifos>();
  readonly #expectations = new Map<string, LineExpectation>();
  /** Queue -> the service that reads it now. */
  readonly #sinks = new Map<string, string>();
  #successor: SuccessorStart | null = null;
  #statsRequest: Promise<void> | null = null;
  #statsAskedMs = 0;
  /** Instances whose FIFOs the writer could not open. */
  readonly #unreadInstances = new Set<string>();
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  readonly #connection: WriterConnection;
  readonly #hangTimeoutMs: number;

  constructor(paths: ProjectPaths, options: LogWriterOptions) {
    this.#hangTimeoutMs = options.hangTimeoutMs ?? DEFAULT_HANG_TIMEOUT_MS;
    this.#connection = new WriterConnection(paths, options, () => this.#resendAll());
  }

  start(): void {
    this.#connection.start();
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

  async endOfOutput(instance: string, deadlineMs: number): Promise<string> {
    let tail = '';
    const untilMs = performance.now() + deadlineMs;
    // Requests are handled in the order sent: this is the last chance to read these FIFOs.
    if (this.#unreadInstances.has(instance)) void this.#attachSources([this.#sources.get(instance)!]);
    const answered = this.#connection.request('hello', { protocol: LOG_PROTOCOL });
    const drained = this.#connection.request('endOfOutput', { instance, deadlineMs });
    const known = drained.then((end) => {
      tail = end.tail ?? '';
    });
    known.catch(() => undefined); // lost: the FIFO keeps it
    // A writer that hangs in a write must not delay a restart.
    if (!(await settlesWithin(answered, Math.min(deadlineMs, this.#hangTimeoutMs)))) return '';
    await settlesWithin(known, untilMs - performance.now());
    return tail;
  }

  async expect(expectation: LineExpectation, patienceMs: number): Promise<void> {
    this.#expectations.set(expectation.instance, expectation);
    this.start();
    await settlesWithin(this.#sendOrResend('expect', expectation), patienceMs);
  }

  async whenUpToDate(patienceMs: number): Promise<void> {
    await settlesWithin(this.#connection.request('hello', { protocol: LOG_PROTOCOL }), patienceMs);
  }

  async detach(instances: string[]): Promise<void> {
    const detaching = instances.flatMap((instance) => this.#sources.get(instance) ?? []);
    for (const source of detaching) this.#detaching.set(source.instance, source);
    for (const instance of instances) {
      this.#sources.delete(instance);
      this.#unreadInstances.delete(instance);
      this.#expectations.delete(instance);
    }
    await this.#sendOrResend('detach', { instances });
    for (const source of detaching)
      if (this.#detaching.get(source.instance) === source) this.#detaching.delete(source.instance);
  }

  async openSink(queue: string, service: string): Promise<void> {
    this.#sinks.set(queue, service);
    await this.#sendOrResend('openSink', { queue, service });
  }

  async closeSink(queue: string, service: string, deadlineMs: number): Promise<void> {
    if (this.#sinks.get(queue) === service) this.#sinks.delete(queue);
    if (!this.#connection.isUp()) return; // the next writer does not open it
    const closed = this.#connection.send('closeSink', { queue, service, deadlineMs });
    await settlesWithin(closed, deadlineMs + CLOSE_ANSWER_MS);
  }

  guard(successor: SuccessorStart | null): void {
    this.#successor = successor;
    if (this.#connection.isUp()) this.#sendSuccessor();
  }

  #sendSuccessor(): void {
    const sent = this.#connection.send('successor', { successor: this.#successor });
    sent.catch(() => undefined); // lost: `resendAll` repeats it; or an older writer, which starts no supervisor
  }

  async stats(): Promise<LogQueueStatus[]> {
    // One request at a time: they must not pile up while a writer hangs.
    this.#statsRequest ??= this.#requestStats();
    await settlesWithin(this.#statsRequest, this.#statsAskedMs + STATS_TIMEOUT_MS - performance.now());
    return this.lastStats;
  }

  async rotate(queues: string[]): Promise<string[]> {
    return (await this.#connection.request('rotate', { queues })).rotated;
  }

  async shutdown(deadlineMs: number): Promise<void> {
    await this.#connection.shutdown(deadlineMs);
  }

  close(): void {
    this.guard(null);
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#connection.close();
  }

  async #attachSources(sources: InstanceFifos[]): Promise<void> {
    if (!this.#connection.isUp()) return this.#connection.whenUp();
    const answer = await this.#connection.request('attach', { sources }).catch(() => null); // lost: `resendAll` repeats it
    if (answer === null) return this.#connection.whenUp();
    this.#noteAttachResult(sources, answer.failed);
  }

  /** Retries FIFOs that could not be opened (no descriptor was free, for example): their programs would block forever. */
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

  async #requestStats(): Promise<void> {
    this.#statsAskedMs = performance.now();
    const answer = await this.#connection.request('stats', {}).catch(() => null); // lost: the previous figures stay
    if (answer !== null) this.lastStats = answer.queues;
    this.#statsRequest = null;
  }

  /** For requests that outlive a connection: when it breaks, `resendAll` repeats them on the next one. */
  async #sendOrResend<M extends 'configure' | 'expect' | 'detach' | 'openSink'>(
    method: M,
    params: WriterMethods[M][0],
  ): Promise<void> {
    if (!this.#connection.isUp()) return this.#connection.whenUp();
    await this.#connection.request(method as WriterMethod, params as never).catch(() => this.#connection.whenUp());
  }

  /** Sends everything in one go and in this order: requests that follow find all instances attached. Queues that are removed but
   * still in use are configured until their instances are attached. */
  async #resendAll(): Promise<void> {
    const connection = this.#connection;
    const sources = this.#knownSources();
    const { configured } = this.#queues;
    const removed = this.#queues.removedInUse(sources);
    const sent: Promise<unknown>[] = [];
    if (this.#successor !== null) this.#sendSuccessor();
    if (configured !== null) sent.push(connection.send('configure', { queues: [...configured, ...removed] }));
    for (const [queue, service] of this.#sinks) sent.push(connection.send('openSink', { queue, service }));
    for (const expectation of this.#expectations.values()) sent.push(connection.send('expect', expectation));
    if (sources.length > 0) {
      const attached = connection.send('attach', { sources });
      sent.push(attached.then(({ failed }) => this.#noteAttachResult(sources, failed)));
    }
    if (this.#detaching.size > 0) sent.push(connection.send('detach', { instances: [...this.#detaching.keys()] }));
    if (configured !== null && removed.length > 0) sent.push(connection.send('configure', { queues: configured }));
    await Promise.all(sent);
  }

  #knownSources(): InstanceFifos[] {
    return [...this.#sources.values(), ...this.#detaching.values()];
  }
}

type QueueUsers = readonly { queue: string; errQueue?: string }[];

/** The queues that a log writer must know: the configured ones, and removed ones while an instance still writes to them. */
class NeededQueues {
  /** Of the newest configuration; null: none came yet. */
  configured: LogQueueSpec[] | null = null;
  #removed: LogQueueSpec[] = [];

  configure(queues: LogQueueSpec[], users: QueueUsers): void {
    const names = new Set(queues.map(({ name }) => name));
    const before = [...this.#removed, ...(this.configured ?? [])];
    this.configured = queues;
    this.#removed = before.filter(({ name }) => !names.has(name));
    this.#removed = this.removedInUse(users);
  }

  removedInUse(users: QueueUsers): LogQueueSpec[] {
    return this.#removed.filter(({ name }) => users.some(({ queue, errQueue }) => queue === name || errQueue === name));
  }
}
