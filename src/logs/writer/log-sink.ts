// The service that a queue feeds: when it starts to read, and when its input ends. queue-output.ts writes the lines.
import type { LogQueueSpec } from '../../core/log-queue-spec.ts';
import { settlesWithin } from '../settles-within.ts';
import type { QueueOutput } from './queue-output.ts';

type SinkQueue = {
  readonly spec: LogQueueSpec;
  readonly output: QueueOutput;
  flush(): number;
  drained(): Promise<void>;
};

export class LogSink {
  readonly #queue: SinkQueue;
  /** A close that is under way does nothing once the sink is opened again. */
  #generation = 0;
  #isClosing = false;

  constructor(queue: SinkQueue) {
    this.#queue = queue;
  }

  /** The service starts to read. */
  open(service: string): void {
    if (this.#queue.spec.sink !== service) return;
    this.#generation += 1;
    this.#isClosing = false;
    this.#queue.output.openSink();
  }

  /**
   * Ends the input of the service once everything is written, or at the deadline; the rest is then kept.
   * @param drainProducers reads what is left in their FIFOs. @returns whether everything was written
   */
  async close(service: string, untilMs: number, drainProducers: () => Promise<unknown>): Promise<boolean> {
    const queue = this.#queue;
    if (queue.spec.sink !== service) return this.#releaseOldFile();
    this.#generation += 1;
    this.#isClosing = true;
    const generation = this.#generation;
    await drainProducers();
    const isWritten = await settlesWithin(queue.drained(), untilMs - performance.now());
    if (generation === this.#generation) queue.output.closeSink();
    return isWritten;
  }

  /** How many bytes are lost if the writer exits now. */
  undeliveredBytes(): number {
    this.#queue.flush();
    return this.#queue.spec.sink === null ? 0 : this.#queue.output.depthBytes();
  }

  /** The service does not read, or is about to stop: do not wait for it. */
  hasNoReader(): boolean {
    return this.#isClosing || this.#queue.output.isSinkClosed;
  }

  /** The queue feeds another service by now. */
  #releaseOldFile(): boolean {
    this.#queue.flush();
    this.#queue.output.closeOldFile();
    return true;
  }
}
