// A service that reads a queue: when it may read, and when its input ends. The lines are written by queue-output.ts.
import type { LogQueueSpec } from '../../core/spec.ts';
import type { QueueOutput } from './queue-output.ts';

type SinkQueue = {
  readonly spec: LogQueueSpec;
  readonly output: QueueOutput;
  flush(): number;
  drained(): Promise<void>;
};

export class LogSink {
  readonly #queue: SinkQueue;
  /** A close that takes its time is of no more use once the sink was opened again. */
  #generation = 0;
  #isClosing = false;

  constructor(queue: SinkQueue) {
    this.#queue = queue;
  }

  /** The service is about to read. */
  open(service: string): void {
    if (this.#queue.spec.sink !== service) return;
    this.#generation += 1;
    this.#isClosing = false;
    this.#queue.output.openSink();
  }

  /**
   * Ends the input of the service once all is written, at the deadline without the rest, which is kept.
   * @param drainProducers reads what they left. @returns whether all was written
   */
  async close(service: string, untilMs: number, drainProducers: () => Promise<unknown>): Promise<boolean> {
    const queue = this.#queue;
    if (queue.spec.sink !== service) return this.#releaseOldFile();
    this.#generation += 1;
    this.#isClosing = true;
    const turn = this.#generation;
    await drainProducers();
    const isDry = await settlesBy(queue.drained(), untilMs);
    if (turn === this.#generation) queue.output.closeSink();
    return isDry;
  }

  /** How much is lost if the writer leaves now. */
  undeliveredBytes(): number {
    this.#queue.flush();
    return this.#queue.spec.sink === null ? 0 : this.#queue.output.depthBytes();
  }

  /** Nobody reads, or soon nobody will: not to be waited for. */
  hasNoReader(): boolean {
    return this.#isClosing || this.#queue.output.isSinkClosed;
  }

  /** The queue feeds somebody else by now. */
  #releaseOldFile(): boolean {
    this.#queue.flush();
    this.#queue.output.closeOldFile();
    return true;
  }
}

function settlesBy(work: Promise<void>, untilMs: number): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, Math.max(0, untilMs - performance.now()), false));
  return Promise.race([work.then(() => true), late]);
}
