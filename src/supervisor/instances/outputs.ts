// The FIFOs that instances write to, and our own descriptors on them: open for the life of the slot, so that what the log
// writer has not read yet survives its death. Reads and writes nothing.
import { closeSync } from 'node:fs';
import { fifoPaths, type ProjectPaths } from '../../api/paths.ts';
import type { InstanceId } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { InstanceFifos } from '../../logs/writer-protocol.ts';
import { makeBigPipe } from '../../os/big-pipe.ts';
import { makeFifos, openFifoForChild } from '../../os/fifo.ts';

export type OutputSource = { id: InstanceId; queue: string };
export type OutputDescriptors = { out: number; err: number };

/** A quarter of what the kernel grants all pipes of a user, before it makes every further one tiny. */
const MAX_BIG_PIPES = 64;

export class OutputFifos {
  #paths: ProjectPaths;
  #writer: LogWriterClient;
  #open = new Map<InstanceId, OutputDescriptors & { queue: string; wide: Set<keyof OutputDescriptors> }>();
  /** The start of an older version, or one that was asked for before the last edit, may name a queue that is gone. */
  #queueOf: (id: InstanceId) => string | null = () => null;

  constructor(paths: ProjectPaths, writer: LogWriterClient) {
    this.#paths = paths;
    this.#writer = writer;
  }

  /** Throws for an instance that was not opened. */
  of(id: InstanceId): OutputDescriptors {
    const streams = this.#open.get(id);
    if (!streams) throw new Error(`the streams of ${id} are not open`);
    return streams;
  }

  /** Opens what is not open yet and tells the log writer, without waiting for it. Rejects where the FIFOs cannot be made. */
  async open(sources: readonly OutputSource[]): Promise<void> {
    const missing = sources
      .filter(({ id }) => !this.#open.has(id))
      .map(({ id, queue }) => ({ id, queue: this.#queueOf(id) ?? queue }));
    if (missing.length === 0) return;
    await makeFifos(missing.flatMap(({ id }) => Object.values(fifoPaths(this.#paths, id))));
    for (const source of missing) this.#openPair(source);
    this.#attach(missing);
  }

  /** The configuration changed: instances whose queue is another one now write there from here on. */
  route(queueOf: (id: InstanceId) => string | null): void {
    this.#queueOf = queueOf;
    const moved: OutputSource[] = [];
    for (const [id, streams] of this.#open) {
      const queue = queueOf(id);
      if (queue === null || queue === streams.queue) continue;
      streams.queue = queue;
      moved.push({ id, queue });
    }
    if (moved.length > 0) this.#attach(moved);
  }

  /** It floods: its producer waits less often when the pipe holds more. */
  enlargePipe(id: InstanceId, which: keyof OutputDescriptors): void {
    const streams = this.#open.get(id);
    // A log writer that was restarted asks again.
    if (!streams || streams.wide.has(which) || this.#bigPipeCount() >= MAX_BIG_PIPES) return;
    if (makeBigPipe(streams[which])) streams.wide.add(which);
  }

  #bigPipeCount(): number {
    return [...this.#open.values()].reduce((sum, { wide }) => sum + wide.size, 0);
  }

  /** The slot is gone: closes its descriptors once the writer has let go of it. */
  close(id: InstanceId): void {
    const streams = this.#open.get(id);
    this.#open.delete(id);
    const detached = this.#writer.detach([id]).catch(() => undefined); // a lost writer has nothing attached
    void detached.finally(() => {
      if (!streams) return;
      closeSync(streams.out);
      closeSync(streams.err);
    });
  }

  #attach(sources: readonly OutputSource[]): void {
    void this.#writer.attach(sources.map((source) => this.#sourceFor(source))).catch(() => undefined); // told again by the client itself
  }

  #openPair({ id, queue }: OutputSource): void {
    const paths = fifoPaths(this.#paths, id);
    const out = openFifoForChild(paths.out);
    try {
      this.#open.set(id, { out, err: openFifoForChild(paths.err), queue, wide: new Set() });
    } catch (error) {
      closeSync(out);
      throw error;
    }
  }

  #sourceFor({ id, queue }: OutputSource): InstanceFifos {
    const { out, err } = fifoPaths(this.#paths, id);
    return { instance: id, service: id.slice(0, id.lastIndexOf('.')), queue, outPath: out, errPath: err };
  }
}
