// The FIFOs that instances write to, and our own descriptors on them: open while the slot exists, so that unread output
// survives a crash of the log writer. Reads and writes nothing.
import { closeSync } from 'node:fs';
import { fifoPaths, type ProjectPaths } from '../../api/paths.ts';
import type { WrittenQueues } from '../../core/log-queue-spec.ts';
import { type InstanceId, serviceOf } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { InstanceFifos } from '../../logs/writer-protocol.ts';
import { makeBigPipe } from '../../os/big-pipe.ts';
import { makeFifos, openFifoForChild } from '../../os/fifo.ts';

/** The queue of stdout, and that of stderr. */
export type StreamQueues = { queue: string; errQueue: string };
export type OutputSource = { id: InstanceId } & StreamQueues;

export const streamQueuesOf = ({ logQueue, stderrQueue }: WrittenQueues): StreamQueues => ({
  queue: logQueue,
  errQueue: stderrQueue ?? logQueue,
});
export type OutputDescriptors = { out: number; err: number };

/** A quarter of the pipe memory that the kernel grants a user before it makes every further pipe tiny. */
const MAX_BIG_PIPES = 64;

export class OutputFifos {
  #paths: ProjectPaths;
  #writer: LogWriterClient;
  #open = new Map<InstanceId, OutputDescriptors & StreamQueues & { big: Set<keyof OutputDescriptors> }>();
  /** The start of an older version, or one requested before the last edit, may name a queue that is gone. */
  #queuesOf: (id: InstanceId) => StreamQueues | null = () => null;

  constructor(paths: ProjectPaths, writer: LogWriterClient) {
    this.#paths = paths;
    this.#writer = writer;
  }

  /** Throws for an instance that was not opened. */
  of(id: InstanceId): OutputDescriptors {
    const outputs = this.#open.get(id);
    if (!outputs) throw new Error(`the outputs of ${id} are not open`);
    return outputs;
  }

  /** Opens missing outputs and attaches the log writer, without waiting for it. Rejects where the FIFOs cannot be made. */
  async open(sources: readonly OutputSource[]): Promise<void> {
    const missing = sources
      .filter(({ id }) => !this.#open.has(id))
      .map((source) => ({ ...source, ...this.#queuesOf(source.id) }));
    if (missing.length === 0) return;
    await makeFifos(missing.flatMap(({ id }) => Object.values(fifoPaths(this.#paths, id))));
    for (const source of missing) this.#openPair(source);
    this.#attach(missing);
  }

  /** The configuration changed: routes each instance to its new queues. */
  route(queuesOf: (id: InstanceId) => StreamQueues | null): void {
    this.#queuesOf = queuesOf;
    const moved: OutputSource[] = [];
    for (const [id, outputs] of this.#open) {
      const queues = queuesOf(id);
      if (queues === null || (queues.queue === outputs.queue && queues.errQueue === outputs.errQueue)) continue;
      Object.assign(outputs, queues);
      moved.push({ id, ...queues });
    }
    if (moved.length > 0) this.#attach(moved);
  }

  /** The instance floods: it waits less often when the pipe holds more. */
  enlargePipe(id: InstanceId, which: keyof OutputDescriptors): void {
    const outputs = this.#open.get(id);
    // A log writer that was restarted asks again.
    if (!outputs || outputs.big.has(which) || this.#bigPipeCount() >= MAX_BIG_PIPES) return;
    if (makeBigPipe(outputs[which])) outputs.big.add(which);
  }

  #bigPipeCount(): number {
    return [...this.#open.values()].reduce((sum, { big }) => sum + big.size, 0);
  }

  /** The slot is gone: closes its descriptors once the writer has detached. */
  close(id: InstanceId): void {
    const outputs = this.#open.get(id);
    this.#open.delete(id);
    const detached = this.#writer.detach([id]).catch(() => undefined); // a lost writer has nothing attached
    void detached.finally(() => {
      if (!outputs) return;
      closeSync(outputs.out);
      closeSync(outputs.err);
    });
  }

  #attach(sources: readonly OutputSource[]): void {
    void this.#writer.attach(sources.map((source) => this.#sourceFor(source))).catch(() => undefined); // the client reports it
  }

  #openPair({ id, queue, errQueue }: OutputSource): void {
    const paths = fifoPaths(this.#paths, id);
    const out = openFifoForChild(paths.out);
    try {
      this.#open.set(id, { out, err: openFifoForChild(paths.err), queue, errQueue, big: new Set() });
    } catch (error) {
      closeSync(out);
      throw error;
    }
  }

  #sourceFor({ id, queue, errQueue }: OutputSource): InstanceFifos {
    const { out, err } = fifoPaths(this.#paths, id);
    const split = errQueue === queue ? {} : { errQueue };
    return { instance: id, service: serviceOf(id), queue, ...split, outPath: out, errPath: err };
  }
}
