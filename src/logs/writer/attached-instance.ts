// One instance whose output is read: its two FIFOs, the queue they fill, and the lines that are waited for in them.
import { isCommandSource } from '../line-format.ts';
import type { InstanceFifos } from '../writer-protocol.ts';
import { FifoSource, type SourceListener } from './fifo-source.ts';
import type { LineMatcher } from './line-matcher.ts';
import type { LogQueue, QueueContext } from './log-queue.ts';
import { OutputTail } from './output-tail.ts';
import type { PartialLineRecords } from './partial-line-records.ts';
import type { UnfinishedSources } from './unfinished-sources.ts';

export type InstanceContext = QueueContext & {
  partialLines: PartialLineRecords;
  matcher: LineMatcher;
  unfinished: UnfinishedSources;
  /** One of its FIFOs came to its end. */
  onSourceEnd(instance: AttachedInstance): void;
};

export class AttachedInstance implements SourceListener {
  readonly id: string;
  readonly service: string;
  readonly input: Buffer;
  readonly partialLines: PartialLineRecords;
  /** Detached while its queue took no more: it is read to the end of its FIFOs, then released. */
  isDetaching = false;
  /** The end of its output, of a command only. */
  #tail: OutputTail | null = null;
  #queue: LogQueue;
  readonly sources: readonly FifoSource[];
  readonly #firstQueue: string;
  readonly #context: InstanceContext;

  constructor(spec: InstanceFifos, queue: LogQueue, context: InstanceContext) {
    const { instance, service, outPath, errPath } = spec;
    this.id = instance;
    this.service = service;
    this.input = context.framer.input;
    this.partialLines = context.partialLines;
    this.#queue = queue;
    this.#firstQueue = spec.queue;
    this.#context = context;
    this.sources = [
      new FifoSource({ instance, service, stream: 'o' }, outPath, this),
      new FifoSource({ instance, service, stream: 'e' }, errPath, this),
    ];
  }

  get queue(): LogQueue {
    return this.#queue;
  }

  /** The end of what a command printed since it was attached; '' for an instance. */
  get tail(): string {
    return this.#tail?.text() ?? '';
  }

  /** May any process still write to it? */
  isOpen(): boolean {
    return this.sources.some((source) => source.isOpen());
  }

  /** Reads it for `queue` from now on. Throws errno errors. */
  attach(queue: LogQueue): void {
    if (queue !== this.#queue) this.#leaveQueue();
    this.#queue = queue;
    this.isDetaching = false;
    if (isCommandSource(this.id)) this.#tail = new OutputTail();
    for (const source of this.sources) {
      queue.producers.add(source);
      source.open();
      if (!queue.producers.mayBeRead(source)) source.pause();
    }
  }

  /** @returns whether both FIFOs are empty; a last line without newline is then complete */
  drain(untilMs: number): boolean {
    const drained = this.sources.map((source) => source.drain(untilMs));
    this.sources.forEach((source, index) => {
      if (drained[index]) this.#queue.endLine(source);
    });
    this.#queue.flush();
    return drained.every(Boolean);
  }

  release(): void {
    this.#context.matcher.forget(this.id);
    for (const source of this.sources) source.release();
    this.#leaveQueue();
  }

  takesMore(source: FifoSource): boolean {
    return this.#queue.producers.mayBeRead(source);
  }

  onBytes(source: FifoSource, length: number): void {
    this.#context.matcher.feed(source.instance, source.stream, this.input, length);
    this.#tail?.push(this.input, length);
    this.#queue.accept(source, length);
    if (source.partialBytes > 0) this.#context.unfinished.changed(source, this.#queue.spec.name);
  }

  onFlood({ instance, stream }: FifoSource): void {
    const message = `output of ${instance} exceeds its pipe`;
    this.#context.emit({ type: 'stream_flooded', queue: this.#firstQueue, instance, message, details: { stream } });
  }

  onEnd(source: FifoSource): void {
    this.#queue.endLine(source);
    this.#context.onSourceEnd(this);
  }

  #leaveQueue(): void {
    for (const source of this.sources) this.#queue.producers.remove(source);
  }
}
