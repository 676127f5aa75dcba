// One instance whose output is read: its two FIFOs, the queues they fill, and the lines that are waited for in them.
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

/** Of stdout, of stderr. */
export type QueuePair = readonly [LogQueue, LogQueue];

export class AttachedInstance implements SourceListener {
  readonly id: string;
  readonly service: string;
  readonly input: Buffer;
  readonly partialLines: PartialLineRecords;
  /** Detached while its queue took no more: it is read to the end of its FIFOs, then released. */
  isDetaching = false;
  /** The end of its output, of a command only. */
  #tail: OutputTail | null = null;
  /** As the sources: of stdout, of stderr; mostly the same one. */
  #queues: QueuePair;
  readonly sources: readonly FifoSource[];
  readonly #context: InstanceContext;

  constructor(spec: InstanceFifos, queues: QueuePair, context: InstanceContext) {
    const { instance, service, outPath, errPath } = spec;
    this.id = instance;
    this.service = service;
    this.input = context.framer.input;
    this.partialLines = context.partialLines;
    this.#queues = queues;
    this.#context = context;
    this.sources = [
      new FifoSource({ instance, service, stream: 'o' }, outPath, this),
      new FifoSource({ instance, service, stream: 'e' }, errPath, this),
    ];
  }

  /** Each queue once. */
  get queues(): LogQueue[] {
    const [out, err] = this.#queues;
    return out === err ? [out] : [out, err];
  }

  isReadFor([out, err]: QueuePair): boolean {
    return out === this.#queues[0] && err === this.#queues[1];
  }

  queueOf({ stream }: Pick<FifoSource, 'stream'>): LogQueue {
    return this.#queues[stream === 'o' ? 0 : 1];
  }

  /** The end of what a command printed since it was attached; '' for an instance. */
  get tail(): string {
    return this.#tail?.text() ?? '';
  }

  /** May any process still write to it? */
  isOpen(): boolean {
    return this.sources.some((source) => source.isOpen());
  }

  /** Reads it for these queues from now on. Throws errno errors. */
  attach(queues: QueuePair): void {
    if (!this.isReadFor(queues)) this.#leaveQueues();
    this.#queues = queues;
    this.isDetaching = false;
    if (isCommandSource(this.id)) this.#tail = new OutputTail();
    for (const source of this.sources) {
      const queue = this.queueOf(source);
      queue.producers.add(source);
      source.open();
      if (!queue.producers.mayBeRead(source)) source.pause();
    }
  }

  /**
   * @param isAwaited what is left for other queues does not count
   * @returns whether both FIFOs are empty; a last line without newline is then complete
   */
  drain(untilMs: number, isAwaited: (queue: LogQueue) => boolean = () => true): boolean {
    const drained = this.sources.map((source) => source.drain(untilMs));
    this.sources.forEach((source, index) => {
      if (drained[index]) this.queueOf(source).endLine(source);
    });
    for (const queue of this.queues) queue.flush();
    return drained.every((isDone, index) => isDone || !isAwaited(this.queueOf(this.sources[index]!)));
  }

  release(): void {
    this.#context.matcher.forget(this.id);
    for (const source of this.sources) source.release();
    this.#leaveQueues();
  }

  takesMore(source: FifoSource): boolean {
    return this.queueOf(source).producers.mayBeRead(source);
  }

  onBytes(source: FifoSource, length: number): void {
    this.#context.matcher.feed(source.instance, source.stream, this.input, length);
    this.#tail?.push(this.input, length);
    const queue = this.queueOf(source);
    queue.accept(source, length);
    if (source.partialBytes > 0) this.#context.unfinished.changed(source, queue.spec.name);
  }

  onFlood({ instance, stream }: FifoSource): void {
    const message = `output of ${instance} exceeds its pipe`;
    const queue = this.queueOf({ stream }).spec.name;
    this.#context.emit({ type: 'stream_flooded', queue, instance, message, details: { stream } });
  }

  onEnd(source: FifoSource): void {
    this.queueOf(source).endLine(source);
    this.#context.onSourceEnd(this);
  }

  #leaveQueues(): void {
    for (const source of this.sources) this.queueOf(source).producers.remove(source);
  }
}
