// All queues and instances of a project, and what the supervisor asks of them. Knows neither the socket nor the protocol's
// framing.
import { join } from 'node:path';
import type { ProjectPaths } from '../../api/paths.ts';
import type { LogQueueStatus } from '../../api/protocol.ts';
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import { isCommandSource } from '../line-format.ts';
import { queueServicesPath } from '../queue-services.ts';
import { settlesWithin } from '../settles-within.ts';
import type { InstanceFifos, LineExpectation, WriterEvent, WriterMethods } from '../writer-protocol.ts';
import { AttachedInstance, type InstanceContext } from './attached-instance.ts';
import { Framer } from './framer.ts';
import { LineMatcher } from './line-matcher.ts';
import { LogQueue } from './log-queue.ts';
import { PartialLineRecords } from './partial-line-records.ts';
import { QueueServicesFile } from './queue-services-file.ts';
import { Ticker } from './ticker.ts';
import { UnfinishedSources } from './unfinished-sources.ts';

/** A restart waits no longer for a slow disk: the queue keeps the lines. */
const WRITE_WAIT_MS = 50;
/** Pause before a queue that is behind is given more. */
const DRAIN_RETRY_MS = 5;
/** For what is left in the FIFOs of a detached instance. */
const DETACH_MS = 1000;

export class LogWriter {
  readonly #queues = new Map<string, LogQueue>();
  /** From the newest configuration; other queues are closed once they have no producers and everything is written. */
  #configuredNames: ReadonlySet<string> = new Set();
  readonly #attached = new Map<string, AttachedInstance>();
  readonly #context: InstanceContext;
  readonly #services: QueueServicesFile;
  readonly unfinished = new UnfinishedSources(() => this.#allSources());

  constructor(
    paths: ProjectPaths,
    hooks: { emit(event: WriterEvent): void; compress(path: string): void; onSourceEnd(): void },
  ) {
    const { emit, compress } = hooks;
    this.#services = new QueueServicesFile(queueServicesPath(paths.stateDir), paths.root);
    this.#context = {
      framer: new Framer(),
      ticker: new Ticker(),
      emit,
      compress,
      partialLines: new PartialLineRecords(join(paths.runDir, 'logs.mid')),
      matcher: new LineMatcher(({ instance, nonce, pattern }) => {
        const message = `${instance} wrote a line`;
        emit({ type: 'line_matched', queue: null, instance, message, details: { nonce, pattern } });
      }),
      unfinished: this.unfinished,
      onSourceEnd: (attached) => {
        // The supervisor that started a command may be gone.
        const isLast = attached.isDetaching || isCommandSource(attached.id);
        if (isLast && !attached.isOpen()) this.#release(attached.id);
        hooks.onSourceEnd();
      },
    };
  }

  configure(specs: LogQueueSpec[]): void {
    for (const spec of specs) {
      const queue = this.#queues.get(spec.name);
      if (queue === undefined) this.#queues.set(spec.name, new LogQueue(spec, this.#context));
      else queue.configure(spec);
    }
    this.#configuredNames = new Set(specs.map((spec) => spec.name));
    this.#closeUnneeded();
    this.#noteServices(); // a path may be new
  }

  /** @returns the instances whose FIFOs could not be opened */
  attach(sources: InstanceFifos[]): { instance: string; message: string }[] {
    const pathOf = (name: string) => this.#queues.get(name)?.spec.path;
    const producers = sources.map(({ queue, service }) => ({ queuePath: pathOf(queue), service }));
    for (const { errQueue, service } of sources)
      if (errQueue !== undefined) producers.push({ queuePath: pathOf(errQueue), service });
    this.#services.note(producers.filter(hasQueue));
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

  /** Drains what an ended incarnation left, completes its last line, and waits briefly until all of it is written. Returns
   * false at the deadline: the rest stays in the FIFO, before the output of the next incarnation. */
  async endOfOutput(instance: string, deadlineMs: number): Promise<boolean> {
    const attached = this.#attached.get(instance);
    if (attached === undefined) return true;
    const untilMs = performance.now() + deadlineMs;
    const patienceEndMs = Math.min(performance.now() + WRITE_WAIT_MS, untilMs);
    while (!attached.drain(untilMs)) {
      // A queue that is behind takes one chunk of a stream, and the next one once that is written.
      if (attached.queues.some((queue) => queue.isBlocked()) || performance.now() >= patienceEndMs) return false;
      await delay(DRAIN_RETRY_MS);
    }
    const busy = attached.queues.filter((queue) => !queue.isIdle());
    if (busy.length === 0) return true;
    if (busy.some((queue) => queue.isBlocked())) return false;
    const written = Promise.all(busy.map((queue) => queue.drained()));
    return settlesWithin(written, patienceEndMs - performance.now());
  }

  /** The end of what a command printed; '' for an instance. */
  tailOf(instance: string): string {
    return this.#attached.get(instance)?.tail ?? '';
  }

  detach(instances: string[]): void {
    for (const instance of instances) {
      const attached = this.#attached.get(instance);
      if (attached === undefined) continue;
      attached.isDetaching = !attached.drain(performance.now() + DETACH_MS);
      if (!attached.isDetaching) this.#release(instance);
    }
  }

  stats(): LogQueueStatus[] {
    return [...this.#queues.values()].map((queue) => queue.status());
  }

  openSink(name: string, service: string): void {
    this.#queues.get(name)?.sink.open(service);
  }

  /** Gives the service what its producers left and what the queue keeps, then ends its input. Returns false at the deadline:
   * the rest stays in the queue. */
  async closeSink({ queue: name, service, deadlineMs }: WriterMethods['closeSink'][0]): Promise<boolean> {
    const queue = this.#queues.get(name);
    if (queue === undefined) return true;
    const untilMs = performance.now() + deadlineMs;
    const producers = [...this.#attached.values()].filter((attached) => attached.queues.includes(queue));
    const isAwaited = (other: LogQueue) => other === queue;
    return queue.sink.close(service, untilMs, () => this.#drainAll(producers, untilMs, isAwaited));
  }

  /** @param names none: all queues. Rejects where a queue is unknown or cannot be rotated. */
  async rotate(names: string[]): Promise<string[]> {
    const unknown = names.filter((name) => !this.#queues.has(name));
    if (unknown.length > 0) throw new Error(`no such log queue: ${unknown.join(', ')}`);
    const chosen = names.length > 0 ? names.map((name) => this.#queues.get(name)!) : [...this.#queues.values()];
    const rotated = await Promise.all(chosen.map((queue) => queue.rotate()));
    return rotated.filter((path) => path !== null);
  }

  /** Drains, flushes and closes everything. Returns false where something was left at the deadline. */
  async finish(deadlineMs: number): Promise<boolean> {
    const untilMs = performance.now() + deadlineMs;
    const isAwaited = ({ sink }: LogQueue) => !sink.hasNoReader();
    const producers = [...this.#attached.values()].filter(({ queues }) => queues.some(isAwaited));
    const isDrained = await this.#drainAll(producers, untilMs, isAwaited);
    for (const instance of [...this.#attached.keys()]) this.#release(instance);
    const readers = [...this.#queues.values()].filter(isAwaited);
    const written = Promise.all(readers.map((queue) => queue.drained()));
    const isWritten = await settlesWithin(written, untilMs - performance.now());
    for (const queue of this.#queues.values()) {
      this.#reportUndelivered(queue);
      queue.close();
    }
    this.#queues.clear();
    return isDrained && isWritten;
  }

  /** See LineMatcher. Instances that are not attached yet may be named. */
  expect(expectation: LineExpectation): void {
    this.#context.matcher.expect(expectation);
  }

  /** Does any process have a FIFO open for writing, or is anything not on disk yet? */
  isNeeded(): boolean {
    for (const attached of this.#attached.values()) if (attached.isOpen()) return true;
    return [...this.#queues.values()].some((queue) => !queue.isIdle());
  }

  /** Repeats where a queue that is behind takes only a part. */
  async #drainAll(
    instances: AttachedInstance[],
    untilMs: number,
    isAwaited: (queue: LogQueue) => boolean,
  ): Promise<boolean> {
    let left = instances;
    for (;;) {
      left = left.filter(
        (attached) => this.#attached.get(attached.id) === attached && !attached.drain(untilMs, isAwaited),
      );
      if (left.length === 0) return true;
      if (performance.now() >= untilMs) return false;
      await delay(DRAIN_RETRY_MS);
    }
  }

  *#allSources() {
    for (const attached of this.#attached.values())
      for (const source of attached.sources) yield { source, queue: attached.queueOf(source).spec.name };
  }

  #noteServices(): void {
    const attached = [...this.#attached.values()];
    this.#services.note(
      attached.flatMap(({ queues, service }) => queues.map(({ spec }) => ({ queuePath: spec.path, service }))),
    );
  }

  #reportUnread({ instance, queue, outPath, errPath }: InstanceFifos, reason: string): void {
    const message = `cannot read the output of ${instance}: ${reason}`;
    this.#context.emit({ type: 'log_unread', queue, instance, message, details: { outPath, errPath } });
  }

  #reportUndelivered(queue: LogQueue): void {
    const { name, sink, path } = queue.spec;
    const bytes = queue.sink.undeliveredBytes();
    if (bytes === 0) return;
    const message = `${bytes} bytes in log queue ${name} did not reach ${sink}`;
    this.#context.emit({ type: 'log_undelivered', queue: name, instance: null, message, details: { path, bytes } });
  }

  #attachOne(spec: InstanceFifos): void {
    const queues = [this.#queueNamed(spec.queue), this.#queueNamed(spec.errQueue ?? spec.queue)] as const;
    const attached = this.#attached.get(spec.instance) ?? new AttachedInstance(spec, queues, this.#context);
    const hasMoved = !attached.isReadFor(queues);
    this.#attached.set(spec.instance, attached);
    try {
      attached.attach(queues);
    } finally {
      if (hasMoved) this.#closeUnneeded();
    }
  }

  #queueNamed(name: string): LogQueue {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new Error(`no such log queue: ${name}`);
    return queue;
  }

  #release(instance: string): void {
    const attached = this.#attached.get(instance);
    if (attached === undefined) return;
    this.#attached.delete(instance);
    attached.release();
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

type Producer = { queuePath: string; service: string };
const hasQueue = (one: { queuePath: string | undefined }): one is Producer => one.queuePath !== undefined;

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
