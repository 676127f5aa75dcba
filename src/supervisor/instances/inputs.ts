// The FIFOs that instances with `stdin: true` read from, and services that read a log queue on stdin. Our descriptors stay open
// for reading and writing while the slot exists, so that neither end sees the other vanish. Reads and writes nothing.
import { closeSync } from 'node:fs';
import { inputPath, type ProjectPaths } from '../../api/paths.ts';
import type { Slot } from '../../core/slot.ts';
import type { InstanceId, ServiceSpec } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import { makeFifos, openFifoAsInput, openFifoForChild } from '../../os/fifo.ts';

/** `both`: null once the reader may see the end. `read`: only where a reader may see the end; keeps unread lines. */
type InputDescriptors = { both: number | null; read: number | null };

export class InputFifos {
  #paths: ProjectPaths;
  #open = new Map<InstanceId, InputDescriptors>();

  constructor(paths: ProjectPaths) {
    this.#paths = paths;
  }

  /** @returns the descriptor for the child, which never sees the end. Rejects where the FIFO cannot be made. */
  async open(id: InstanceId): Promise<number> {
    const known = this.#open.get(id)?.both ?? null;
    if (known !== null) return known;
    const path = inputPath(this.#paths, id);
    await makeFifos([path]);
    const input = this.#open.get(id) ?? { both: null, read: null };
    input.both ??= openFifoForChild(path);
    this.#open.set(id, input);
    return input.both;
  }

  /** As `open`; the child sees the end when no process has it open for writing any more. */
  async openToRead(id: InstanceId): Promise<number> {
    await this.open(id);
    const input = this.#open.get(id)!;
    input.read ??= openFifoAsInput(inputPath(this.#paths, id));
    return input.read;
  }

  /** Lets the reader see the end; unread lines wait for the next incarnation. */
  endWriting(id: InstanceId): void {
    const input = this.#open.get(id);
    if (!input || input.both === null || input.read === null) return;
    closeSync(input.both);
    input.both = null;
  }

  close(id: InstanceId): void {
    const input = this.#open.get(id);
    this.#open.delete(id);
    for (const fd of [input?.both, input?.read]) if (typeof fd === 'number') closeSync(fd);
  }
}

/** @returns the queue whose lines the service reads, or null. */
export function queueFeeding({ stop }: ServiceSpec): string | null {
  return stop.drain?.by.kind === 'end_of_input' ? stop.drain.by.queue : null;
}

/** The input ends at least this long before the signal. */
const END_BEFORE_SIGNAL_MS = 250;

/** Begins and ends the input of services that read a log queue. The lines go from the log writer to the program directly. */
export class SinkInputs {
  #inputs: InputFifos;
  #writer: LogWriterClient;
  /** Instances that read, so that a late end does not hit the next incarnation. */
  #reading = new Map<InstanceId, symbol>();

  constructor(inputs: InputFifos, writer: LogWriterClient) {
    this.#inputs = inputs;
    this.#writer = writer;
  }

  /** @returns the descriptor for the child. Rejects where the FIFO cannot be made. */
  async open(slot: Slot, queue: string): Promise<number> {
    this.#reading.set(slot.id, Symbol(queue));
    const fd = await this.#inputs.openToRead(slot.id);
    void this.#writer.openSink(queue, slot.service).catch(() => undefined); // the client reports it
    return fd;
  }

  /** The end comes after every line of the queue; at the deadline, unread lines wait for the next incarnation. */
  async end(slot: Slot, queue: string, deadlineMs: number): Promise<void> {
    const reading = this.#reading.get(slot.id);
    const withinMs = Math.max(0, deadlineMs - END_BEFORE_SIGNAL_MS);
    await this.#writer.closeSink(queue, slot.service, withinMs).catch(() => undefined); // lost: it does not write either
    if (this.#reading.get(slot.id) === reading) this.#inputs.endWriting(slot.id);
  }
}
