// Services that read a log queue on stdin: when their input goes on, and when it ends. The lines themselves go from the log
// writer to the program and never come here.
import type { InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import type { LogWriterClient } from '../../logs/client.ts';
import type { InputTable } from './inputs.ts';

/** @returns the queue whose lines the service reads, or null. */
export function queueFeeding({ stop }: ServiceSpec): string | null {
  return stop.drain?.by.kind === 'end_of_input' ? stop.drain.by.queue : null;
}

/** The end of the input comes this long before the signal at the latest. */
const LAST_CALL_MS = 250;

export class Sinks {
  #inputs: InputTable;
  #writer: LogWriterClient;
  /** Who reads; taken out when its input is to end, so that a late end does not hit the next incarnation. */
  #reading = new Map<InstanceId, symbol>();

  constructor(inputs: InputTable, writer: LogWriterClient) {
    this.#inputs = inputs;
    this.#writer = writer;
  }

  /** @returns the descriptor for the child. Rejects where the FIFO cannot be made. */
  async open(slot: Slot, queue: string): Promise<number> {
    this.#reading.set(slot.id, Symbol(queue));
    const fd = await this.#inputs.openToRead(slot.id);
    void this.#writer.openSink(queue, slot.service).catch(() => undefined); // told again by the client itself
    return fd;
  }

  /** The end comes behind all that the queue holds; at the deadline what is left waits for the next incarnation. */
  async end(slot: Slot, queue: string, deadlineMs: number): Promise<void> {
    const reading = this.#reading.get(slot.id);
    const withinMs = Math.max(0, deadlineMs - LAST_CALL_MS);
    await this.#writer.closeSink(queue, slot.service, withinMs).catch(() => undefined); // lost: it does not write either
    if (this.#reading.get(slot.id) === reading) this.#inputs.endWriting(slot.id);
  }
}
