// All queues and sources of a project: what the supervisor asks for is done here. Knows neither socket nor protocol.
import type { LogQueueStatus } from '../api/protocol.ts';
import type { LogQueueSpec } from '../core/model.ts';
import type { LogEvent, StreamSource } from './protocol.ts';
import { Queue } from './queue.ts';
import { Source } from './source.ts';

type Attached = { spec: StreamSource; sources: Source[]; queue: Queue };

export class LogWriter {
  private readonly queues = new Map<string, Queue>();
  private readonly attached = new Map<string, Attached>();
  private readonly emit: (event: LogEvent) => void;
  private readonly compress: (path: string) => void;
  private readonly onSourceEnd: () => void;

  constructor(hooks: { emit(event: LogEvent): void; compress(path: string): void; onSourceEnd(): void }) {
    this.emit = hooks.emit;
    this.compress = hooks.compress;
    this.onSourceEnd = hooks.onSourceEnd;
  }

  configure(specs: LogQueueSpec[]): void {
    for (const spec of specs) {
      const queue = this.queues.get(spec.name);
      if (queue === undefined) this.queues.set(spec.name, new Queue(spec, this.emit, this.compress));
      else queue.configure(spec);
    }
    const named = new Set(specs.map((spec) => spec.name));
    for (const [name, queue] of this.queues) if (!named.has(name) && queue.sources.size === 0) this.drop(name, queue);
  }

  /** @returns the instances whose FIFOs could not be opened */
  attach(sources: StreamSource[]): { instance: string; message: string }[] {
    const failed: { instance: string; message: string }[] = [];
    for (const source of sources) {
      try {
        this.attachOne(source);
      } catch (error) {
        failed.push({ instance: source.instance, message: (error as Error).message });
      }
    }
    return failed;
  }

  /** Drains what an ended incarnation left behind and completes its last line. Returns false at the deadline, or while the
   * queue is held. */
  endOfOutput(instance: string, deadlineMs: number): boolean {
    const attached = this.attached.get(instance);
    if (attached === undefined) return true;
    if (attached.queue.isHeld()) return false;
    const untilMs = performance.now() + deadlineMs;
    const drained = attached.sources.map((source) => source.drain(untilMs));
    for (const source of attached.sources) attached.queue.endLine(source);
    return attached.queue.flush() && drained.every(Boolean);
  }

  detach(instances: string[]): void {
    for (const instance of instances) {
      this.endOfOutput(instance, 1000);
      this.release(instance);
    }
  }

  stats(): LogQueueStatus[] {
    return [...this.queues.values()].map((queue) => queue.status());
  }

  /** @param names none: all. Throws where a queue is unknown or cannot be rotated. */
  rotate(names: string[]): string[] {
    const unknown = names.filter((name) => !this.queues.has(name));
    if (unknown.length > 0) throw new Error(`no such log queue: ${unknown.join(', ')}`);
    const chosen = names.length > 0 ? names.map((name) => this.queues.get(name)!) : [...this.queues.values()];
    const rotated = chosen.map((queue) => (queue.flush() ? queue.rotate(Date.now()) : null));
    return rotated.filter((path) => path !== null);
  }

  /** Drains and flushes everything. Returns whether nothing was left over. */
  finish(deadlineMs: number): boolean {
    const untilMs = performance.now() + deadlineMs;
    for (const instance of this.attached.keys()) this.endOfOutput(instance, Math.max(0, untilMs - performance.now()));
    for (const instance of [...this.attached.keys()]) this.release(instance);
    const flushed = [...this.queues.values()].map((queue) => queue.flush());
    for (const queue of this.queues.values()) queue.close();
    return flushed.every(Boolean);
  }

  /** Is any FIFO still held by a process that may write to it, or is anything not on disk yet? */
  isNeeded(): boolean {
    for (const { sources } of this.attached.values()) if (sources.some((source) => source.isOpen())) return true;
    return [...this.queues.values()].some((queue) => !queue.flush());
  }

  private attachOne(spec: StreamSource): void {
    const queue = this.queues.get(spec.queue);
    if (queue === undefined) throw new Error(`no such log queue: ${spec.queue}`);
    const old = this.attached.get(spec.instance);
    if (old !== undefined && old.queue !== queue) this.move(old, queue);
    const attached = this.attached.get(spec.instance) ?? this.create(spec, queue);
    for (const source of attached.sources) {
      queue.sources.add(source);
      source.open();
      if (queue.isHeld()) source.pause();
    }
  }

  private create(spec: StreamSource, queue: Queue): Attached {
    const { instance, service } = spec;
    const reader = {
      onBytes: (source: Source, chunk: Buffer) => attached.queue.accept(source, chunk),
      onEnd: (source: Source) => {
        attached.queue.endLine(source);
        this.onSourceEnd();
      },
    };
    const sources = [
      new Source({ instance, service, stream: 'o' }, spec.outPath, reader),
      new Source({ instance, service, stream: 'e' }, spec.errPath, reader),
    ];
    const attached: Attached = { spec, sources, queue };
    this.attached.set(instance, attached);
    return attached;
  }

  /** The service writes to another queue now. */
  private move(attached: Attached, queue: Queue): void {
    for (const source of attached.sources) {
      attached.queue.sources.delete(source);
      if (attached.queue.isHeld()) source.resume();
    }
    attached.queue = queue;
  }

  private release(instance: string): void {
    const attached = this.attached.get(instance);
    if (attached === undefined) return;
    this.attached.delete(instance);
    for (const source of attached.sources) {
      source.close();
      attached.queue.sources.delete(source);
    }
  }

  private drop(name: string, queue: Queue): void {
    queue.close();
    this.queues.delete(name);
  }
}
