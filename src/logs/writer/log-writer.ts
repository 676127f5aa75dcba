// All queues and sources of a project: what the supervisor asks for is done here. Knows neither socket nor protocol.

import type { LogQueueStatus } from '../../api/protocol.ts';
import type { LogQueueSpec } from '../../core/spec.ts';
import type { InstanceFifos, LineExpectation, WriterEvent, WriterMethods } from '../writer-protocol.ts';
import { FifoSource } from './fifo-source.ts';
import { Framer } from './framer.ts';
import { LineMatcher } from './line-matcher.ts';
import { LogQueue, type QueueTools } from './log-queue.ts';
import { PartialLines } from './partial-lines.ts';
import { Ticker } from './ticker.ts';

/** A queue whose disk is slow keeps the lines safe: a restart does not wait for them any longer. */
const WRITE_WAIT_MS = 50;
/** Between the parts that a queue takes which is behind. */
const DRAIN_RETRY_MS = 5;
/** What a scaled-down instance may have left in its FIFOs. */
const DETACH_MS = 1000;

/** `isLeaving`: detached while its queue took no more; read to the end of its FIFOs, then released. */
type AttachedInstance = { spec: InstanceFifos; sources: FifoSource[]; queue: LogQueue; isLeaving: boolean };

export class LogWriter {
  readonly #queues = new Map<string, LogQueue>();
  /** By the newest configuration; the others are closed when nobody writes to them and all is written. */
  #configuredNames: ReadonlySet<string> = new Set();
  readonly #attached = new Map<string, AttachedInstance>();
  readonly #tools: QueueTools;
  readonly #onSourceEnd: () => void;
  readonly #partialLines: PartialLines;
  readonly #matcher: LineMatcher;

  /** @param midLinesPath where it is noted which lines are half read */
  constructor(
    midLinesPath: string,
    hooks: { emit(event: WriterEvent): void; compress(path: string): void; onSourceEnd(): void },
  ) {
    const { emit, compress } = hooks;
    this.#partialLines = new PartialLines(midLinesPath);
    this.#tools = { framer: new Framer(), ticker: new Ticker(), emit, compress };
    this.#onSourceEnd = hooks.onSourceEnd;
    this.#matcher = new LineMatcher(({ instance, nonce, pattern }) =>
      emit({
        type: 'line_matched',
        queue: null,
        instance,
        message: `${instance} wrote a line`,
        details: { nonce, pattern },
      }),
    );
  }

  configure(specs: LogQueueSpec[]): void {
    for (const spec of specs) {
      const queue = this.#queues.get(spec.name);
      if (queue === undefined) this.#queues.set(spec.name, new LogQueue(spec, this.#tools));
      else queue.configure(spec);
    }
    this.#configuredNames = new Set(specs.map((spec) => spec.name));
    this.#closeUnneeded();
  }

  /** @returns the instances whose FIFOs could not be opened */
  attach(sources: InstanceFifos[]): { instance: string; message: string }[] {
    const failed: { instance: string; message: string }[] = [];
    for (const source of sources) {
      try {
        this.#attachOne(source);
      } catch (error) {
        const { message } = error as Error;
        failed.push({ instance: source.instance, message });
        this.#reportUnread(source, message);
      }
    }
    return failed;
  }

  /** Drains what an ended incarnation left behind, completes its last line, and waits a moment for all to be written. Returns false at
   * the deadline; what is still in the FIFO then stays there, and the next incarnation's output follows it. */
  async endOfOutput(instance: string, deadlineMs: number): Promise<boolean> {
    const attached = this.#attached.get(instance);
    if (attached === undefined) return true;
    const untilMs = performance.now() + deadlineMs;
    const patienceEndMs = Math.min(performance.now() + WRITE_WAIT_MS, untilMs);
    while (!this.#drain(attached, untilMs)) {
      // A queue that is behind takes one chunk of a stream, and the next once that is written.
      if (attached.queue.isBlocked() || performance.now() >= patienceEndMs) return false;
      await falseAfter(DRAIN_RETRY_MS);
    }
    if (attached.queue.isIdle()) return true;
    if (attached.queue.isBlocked()) return false;
    const patienceMs = Math.max(0, patienceEndMs - performance.now());
    return Promise.race([attached.queue.drained().then(() => true), falseAfter(patienceMs)]);
  }

  detach(instances: string[]): void {
    for (const instance of instances) {
      const attached = this.#attached.get(instance);
      if (attached === undefined) continue;
      attached.isLeaving = !this.#drain(attached, performance.now() + DETACH_MS);
      if (!attached.isLeaving) this.#release(instance);
    }
  }

  stats(): LogQueueStatus[] {
    return [...this.#queues.values()].map((queue) => queue.status());
  }

  openSink(name: string, service: string): void {
    this.#queues.get(name)?.sink.open(service);
  }

  /** What its producers left and what it holds goes to its service, whose input then ends. False: not all of it by the
   * deadline; what is left stays in the queue. */
  async closeSink({ queue: name, service, deadlineMs }: WriterMethods['closeSink'][0]): Promise<boolean> {
    const queue = this.#queues.get(name);
    if (queue === undefined) return true;
    const untilMs = performance.now() + deadlineMs;
    const producers = [...this.#attached].filter(([, attached]) => attached.queue === queue).map(([id]) => id);
    return queue.sink.close(service, untilMs, () => this.#drainAll(producers, untilMs));
  }

  /** @param names none: all. Rejects where a queue is unknown or cannot be rotated. */
  async rotate(names: string[]): Promise<string[]> {
    const unknown = names.filter((name) => !this.#queues.has(name));
    if (unknown.length > 0) throw new Error(`no such log queue: ${unknown.join(', ')}`);
    const chosen = names.length > 0 ? names.map((name) => this.#queues.get(name)!) : [...this.#queues.values()];
    const rotated = await Promise.all(chosen.map((queue) => queue.rotate()));
    return rotated.filter((path) => path !== null);
  }

  /** Drains and flushes everything, then closes it. Returns whether nothing was left over at the deadline. */
  async finish(deadlineMs: number): Promise<boolean> {
    const untilMs = performance.now() + deadlineMs;
    const left = () => Math.max(0, untilMs - performance.now());
    const instances = [...this.#attached.keys()];
    const waitedFor = instances.filter((instance) => !this.#attached.get(instance)!.queue.sink.hasNoReader());
    let isDry = await this.#drainAll(waitedFor, untilMs);
    for (const instance of instances) this.#release(instance);
    const readers = [...this.#queues.values()].filter((queue) => !queue.sink.hasNoReader());
    const written = Promise.all(readers.map((queue) => queue.drained())).then(() => true);
    isDry = (await Promise.race([written, falseAfter(left())])) && isDry;
    for (const queue of this.#queues.values()) {
      this.#reportUndelivered(queue);
      queue.close();
    }
    this.#queues.clear();
    return isDry;
  }

  /** See LineMatcher. Instances that are not attached yet may be named. */
  expect(expectation: LineExpectation): void {
    this.#matcher.expect(expectation);
  }

  /** Is any FIFO still held by a process that may write to it, or is anything not on disk yet? */
  isNeeded(): boolean {
    for (const { sources } of this.#attached.values()) if (sources.some((source) => source.isOpen())) return true;
    return [...this.#queues.values()].some((queue) => !queue.isIdle());
  }

  /** Again and again where a queue that is behind takes only part of it. */
  async #drainAll(instances: string[], untilMs: number): Promise<boolean> {
    let left = instances;
    for (;;) {
      left = left.filter((instance) => {
        const attached = this.#attached.get(instance);
        return attached !== undefined && !this.#drain(attached, untilMs);
      });
      if (left.length === 0) return true;
      if (performance.now() >= untilMs) return false;
      await falseAfter(DRAIN_RETRY_MS);
    }
  }

  /** @returns whether both FIFOs are empty; then a last line without newline is complete */
  #drain({ sources, queue }: AttachedInstance, untilMs: number): boolean {
    const drained = sources.map((source) => source.drain(untilMs));
    sources.forEach((source, index) => {
      if (drained[index]) queue.endLine(source);
    });
    queue.flush();
    return drained.every(Boolean);
  }

  #reportUnread({ instance, queue, outPath, errPath }: InstanceFifos, reason: string): void {
    const message = `what ${instance} writes cannot be read: ${reason}`;
    this.#tools.emit({ type: 'log_unread', queue, instance, message, details: { outPath, errPath } });
  }

  #reportUndelivered(queue: LogQueue): void {
    const { name, sink, path } = queue.spec;
    const bytes = queue.sink.undeliveredBytes();
    if (bytes === 0) return;
    const message = `${bytes} bytes in log queue ${name} did not reach ${sink}`;
    this.#tools.emit({ type: 'log_undelivered', queue: name, instance: null, message, details: { path, bytes } });
  }

  #attachOne(spec: InstanceFifos): void {
    const queue = this.#queues.get(spec.queue);
    if (queue === undefined) throw new Error(`no such log queue: ${spec.queue}`);
    const old = this.#attached.get(spec.instance);
    if (old !== undefined && old.queue !== queue) this.#move(old, queue);
    const attached = this.#attached.get(spec.instance) ?? this.#create(spec, queue);
    attached.isLeaving = false;
    for (const source of attached.sources) {
      queue.producers.add(source);
      source.open();
      if (!queue.producers.mayBeRead(source)) source.pause();
    }
  }

  #create(spec: InstanceFifos, queue: LogQueue): AttachedInstance {
    const { instance, service } = spec;
    const reader = {
      input: this.#tools.framer.input,
      partialLines: this.#partialLines,
      takesMore: (source: FifoSource) => attached.queue.producers.mayBeRead(source),
      onBytes: (source: FifoSource, length: number) => {
        this.#matcher.feed(source.instance, source.stream, this.#tools.framer.input, length);
        attached.queue.accept(source, length);
      },
      onFlood: ({ stream }: FifoSource) =>
        this.#tools.emit({
          type: 'stream_flooded',
          queue: spec.queue,
          instance,
          message: `${instance} writes more than its pipe holds`,
          details: { stream },
        }),
      onEnd: (source: FifoSource) => {
        attached.queue.endLine(source);
        if (attached.isLeaving && !attached.sources.some((one) => one.isOpen())) this.#release(instance);
        this.#onSourceEnd();
      },
    };
    const sources = [
      new FifoSource({ instance, service, stream: 'o' }, spec.outPath, reader),
      new FifoSource({ instance, service, stream: 'e' }, spec.errPath, reader),
    ];
    const attached: AttachedInstance = { spec, sources, queue, isLeaving: false };
    this.#attached.set(instance, attached);
    return attached;
  }

  /** The service writes to another queue now. */
  #move(attached: AttachedInstance, queue: LogQueue): void {
    for (const source of attached.sources) {
      attached.queue.producers.remove(source);
    }
    attached.queue = queue;
    this.#closeUnneeded();
  }

  #release(instance: string): void {
    const attached = this.#attached.get(instance);
    if (attached === undefined) return;
    this.#attached.delete(instance);
    this.#matcher.forget(instance);
    for (const source of attached.sources) {
      source.release();
      attached.queue.producers.remove(source);
    }
    this.#closeUnneeded();
  }

  #closeUnneeded(): void {
    for (const [name, queue] of this.#queues) {
      if (this.#configuredNames.has(name) || !queue.producers.isEmpty()) continue;
      if (!queue.isIdle()) void queue.drained().then(() => this.#closeUnneeded());
      else {
        queue.close();
        this.#queues.delete(name);
      }
    }
  }
}

function falseAfter(ms: number): Promise<boolean> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
