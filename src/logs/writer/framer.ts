// The hot path from read bytes to written bytes: the memory that FIFOs are read into, the batches that files are written
// from, and the framing in between (WebAssembly, framer.wat), so that a line is copied once. One per process.
import type { LogFormat } from '../../core/log-queue-spec.ts';
import { type Origin, splitSource } from '../line-format.ts';
import { framerModule } from './framer-module.ts';

/** The most that a killed writer can lose of one stream: it is written before more of that stream is read. */
const READ_BYTES = 64 * 1024;
/** A longer line is split. */
export const MAX_LINE_BYTES = 1024 * 1024;
export const BATCH_BYTES = 256 * 1024;

const NEWLINE = 0x0a;
const PREFIX = 1024;
/** Room for an incomplete line before the input; SLACK_BYTES are for a mark after it. */
const INPUT = 4096 + MAX_LINE_BYTES;
const SLACK_BYTES = 4096;
const BATCHES = INPUT + READ_BYTES + SLACK_BYTES;
const BATCH_COUNT = 6;
/** The longest line when each byte takes six (`\u0001`), and its frame. Touched only when such a line comes. */
const LONG = BATCHES + BATCH_COUNT * BATCH_BYTES;
const LONG_BYTES = 6 * MAX_LINE_BYTES + SLACK_BYTES;

const SHORT_BYTES = 256;

type Global = { value: number };
type FramerExports = {
  memory: { buffer: ArrayBuffer };
  inAt: Global;
  outAt: Global;
  lines: Global;
  count(from: number, end: number): number;
  text(from: number, end: number, out: number, limit: number, prefix: number, prefixLength: number): void;
  json(from: number, end: number, out: number, limit: number, prefix: number, prefixLength: number): void;
};

/** A part of the framer's memory that is filled with whole framed lines: `[begin, fill)` of `memory`. */
export type FramedBatch = { readonly begin: number; readonly capacityBytes: number; fill: number };

/** The prefix of a source's lines; the time in it is replaced for each read. */
type LinePrefix = { format: LogFormat; bytes: Buffer; timeAt: number };

export class Framer {
  readonly memory: Buffer;
  /** The bytes that a source has just read, until the next read of any source. */
  readonly input: Buffer;
  /** How many lines the last `frame` framed. */
  lines = 0;
  readonly #wasm: FramerExports;
  readonly #free: FramedBatch[] = [];
  readonly #long: FramedBatch = { begin: LONG, capacityBytes: LONG_BYTES, fill: LONG };
  readonly #prefixes = new WeakMap<Origin, LinePrefix>();
  #timeMs = 0;
  #timeText = '';

  constructor() {
    this.#wasm = instantiate(Buffer.from(framerModule, 'base64'));
    this.memory = Buffer.from(this.#wasm.memory.buffer);
    this.input = this.memory.subarray(INPUT, INPUT + READ_BYTES);
    for (let index = 0; index < BATCH_COUNT; index += 1) {
      const begin = BATCHES + index * BATCH_BYTES;
      this.#free.push({ begin, capacityBytes: BATCH_BYTES, fill: begin });
    }
  }

  /** An empty batch, or null when all are in use. */
  takeBatch(): FramedBatch | null {
    return this.#free.pop() ?? null;
  }

  returnBatch(batch: FramedBatch): void {
    batch.fill = batch.begin;
    this.#free.push(batch);
  }

  /** For a line that does not fit in a batch; emptied here, valid until the next call. */
  longBatch(): FramedBatch {
    this.#long.fill = this.#long.begin;
    return this.#long;
  }

  /** Copies `start` to right before the input. @returns where that is */
  prependToInput(start: Buffer): number {
    const from = INPUT - start.length;
    copyShort(start, 0, start.length, this.memory, from);
    return from;
  }

  inputEnd(length: number): number {
    return INPUT + length;
  }

  /** One past the newline that ends the line at `from`. */
  lineEnd(from: number): number {
    return this.memory.indexOf(NEWLINE, from) + 1;
  }

  /** Puts a short text at `at`; returns its end. */
  putAfter(at: number, text: Buffer): number {
    return at + text.copy(this.memory, at);
  }

  /**
   * Frames whole lines of `[from, end)` into `batch`, up to `limitBytes` of it; `lines` says how many.
   * @returns where the first line starts that did not fit, or `end`
   */
  frame(
    format: LogFormat,
    origin: Origin,
    timeMs: number,
    from: number,
    end: number,
    batch: FramedBatch,
    limitBytes: number,
  ) {
    const limit = batch.begin + Math.min(limitBytes, batch.capacityBytes);
    if (format === 'raw') return this.#copyWhole(from, end, batch, limit);
    const prefixLength = this.#putPrefix(format, origin, timeMs);
    this.#wasm[format](from, end, batch.fill, limit, PREFIX, prefixLength);
    batch.fill = this.#wasm.outAt.value;
    this.lines = this.#wasm.lines.value;
    return this.#wasm.inAt.value;
  }

  /** How many lines end in `[from, end)`. */
  count(from: number, end: number): number {
    return this.#wasm.count(from, end);
  }

  #copyWhole(from: number, end: number, batch: FramedBatch, limit: number): number {
    let to = end;
    if (end - from > limit - batch.fill) {
      to = this.memory.lastIndexOf(NEWLINE, from + limit - batch.fill - 1) + 1;
      if (to <= from) {
        this.lines = 0;
        return from;
      }
    }
    this.memory.copyWithin(batch.fill, from, to);
    batch.fill += to - from;
    this.lines = this.count(from, to);
    return to;
  }

  #putPrefix(format: 'text' | 'json', origin: Origin, timeMs: number): number {
    let prefix = this.#prefixes.get(origin);
    if (prefix === undefined || prefix.format !== format) {
      prefix = makePrefix(format, origin);
      this.#prefixes.set(origin, prefix);
    }
    if (timeMs !== this.#timeMs) {
      this.#timeMs = timeMs;
      this.#timeText = new Date(timeMs).toISOString();
    }
    this.memory.set(prefix.bytes, PREFIX);
    this.memory.write(this.#timeText, PREFIX + prefix.timeAt, 'latin1');
    return prefix.bytes.length;
  }
}

const TIME_PLACE = '0000-00-00T00:00:00.000Z';

function makePrefix(format: 'text' | 'json', { service, instance, stream }: Origin): LinePrefix {
  if (format === 'text') return { format, bytes: Buffer.from(`${TIME_PLACE} ${instance} ${stream} `), timeAt: 0 };
  const record = JSON.stringify({ time: TIME_PLACE, service, ...splitSource(instance), stream, line: '' });
  return { format, bytes: Buffer.from(record.slice(0, -'"}'.length)), timeAt: '{"time":"'.length };
}

/** As Buffer.copy, which creates a view: most incomplete lines are short. */
export function copyShort(from: Buffer, begin: number, end: number, to: Buffer, at: number): void {
  if (end - begin > SHORT_BYTES) from.copy(to, at, begin, end);
  else for (let index = begin; index < end; index += 1) to[at + index - begin] = from[index]!;
}

/** Node's types lack what the browser's types have. */
type WebAssemblyApi = {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

function instantiate(bytes: Uint8Array): FramerExports {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Instance(new Module(bytes)).exports as FramerExports;
}
