// A raw file with its index, which records the instance and time of each range of bytes. Bytes that the index does not cover
// (the writer was killed between the two writes) are read as lines of an unknown instance.
import { closeSync, fstatSync, readSync } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import { gapText } from '../line-format.ts';
import { decodeOrigin, decodeRecord, GAP, type IndexRecord, MAX_ORIGIN_BYTES, RECORD_BYTES } from '../raw-index.ts';
import { gunzipped, NEWLINE, READ_ON_BYTES, type SegmentFile, sizeOf } from './file-bytes.ts';
import { type LogLine, originOf } from './log-line.ts';
import { Segment } from './segment.ts';

const RECORDS_PER_READ = 1024;
/** Fewer are read one by one. */
const BISECTED_RECORDS = 16;

export class RawSegment extends Segment {
  readonly #index: number;
  readonly #origins = new Map<number, string>();

  /** @param index descriptor of its index; closed with the segment */
  constructor(file: SegmentFile, index: number) {
    super(file);
    this.#index = index;
  }

  async firstTimeMs(): Promise<number | null> {
    for (const record of this.#records(0)) return record.timeMs;
    return null;
  }

  async *forward(sinceMs: number): AsyncGenerator<LogLine[]> {
    const bytes = this.file.gzip ? new GunzippedBytes(this.file) : new PlainBytes(this.file);
    for (const record of this.#records(this.#firstRecord(sinceMs))) {
      if (this.isStopped) return;
      if (record.timeMs < sinceMs) continue;
      const lines = this.#linesOf(record, await bytes.read(record.offset, record.length));
      if (lines.length > 0) yield lines;
      await nextTick();
    }
  }

  close(): void {
    closeSync(this.file.fd);
    closeSync(this.#index);
  }

  freeze(): number {
    this.frozenAt = this.extent();
    return this.frozenAt;
  }

  readFrom(place: number, only: string | null): { lines: LogLine[]; next: number } {
    const bytes = new PlainBytes(this.file);
    const lines: LogLine[] = [];
    const count = this.extent();
    let next = place;
    for (let length = 0; next < count && length < READ_ON_BYTES; next += 1) {
      const record = this.#recordAt(next);
      if (record === null) continue;
      length += record.length;
      if (!this.#isOf(record, only)) continue;
      for (const line of this.#linesOf(record, bytes.readNow(record.offset, record.length))) lines.push(line);
    }
    return { lines, next };
  }

  bytesAfter(place: number): number {
    const next = this.#recordAt(place);
    return next === null ? 0 : sizeOf(this.file) - next.offset;
  }

  extent(): number {
    return Math.floor(fstatSync(this.#index).size / RECORD_BYTES);
  }

  protected async *backward(untilMs: number | null): AsyncGenerator<LogLine[]> {
    const bytes = new PlainBytes(this.file);
    const count = this.frozenAt ?? this.extent();
    // The bisection ends up to a few records before the first one at that time.
    const end = untilMs === null ? count : Math.min(count, this.#firstRecord(untilMs) + BISECTED_RECORDS);
    for (let number = end - 1; number >= 0 && !this.isStopped; number -= 1) {
      if (number % RECORDS_PER_READ === 0) await nextTick();
      const record = this.#recordAt(number);
      if (record !== null) yield this.#linesOf(record, bytes.readNow(record.offset, record.length));
    }
  }

  #linesOf(record: IndexRecord, bytes: Buffer): LogLine[] {
    const origin = { timeMs: record.timeMs, ...originOf(this.#nameOf(record.origin)), stream: record.stream };
    if (record.kind === GAP) return [{ ...origin, line: gapText(record.lines), gap: record.lines }];
    const texts = bytes.toString(this.file.decoding).split('\n');
    if (texts.at(-1) === '') texts.pop();
    return texts.map((line) => ({ ...origin, line }));
  }

  #isOf({ origin }: IndexRecord, only: string | null): boolean {
    if (only === null) return true;
    const { instance, service } = originOf(this.#nameOf(origin));
    return instance === only || service === only;
  }

  #nameOf(origin: number): string {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(MAX_ORIGIN_BYTES);
    const length = readSync(this.#index, bytes, 0, bytes.length, origin * RECORD_BYTES);
    const name = decodeOrigin(bytes.subarray(0, length)) ?? '';
    this.#origins.set(origin, name);
    return name;
  }

  *#records(from: number): Generator<IndexRecord> {
    const block = Buffer.alloc(RECORDS_PER_READ * RECORD_BYTES);
    for (let number = from; ; number += RECORDS_PER_READ) {
      const length = readSync(this.#index, block, 0, block.length, number * RECORD_BYTES);
      for (let at = 0; at + RECORD_BYTES <= length; at += RECORD_BYTES) {
        if (this.frozenAt !== null && number + at / RECORD_BYTES >= this.frozenAt) return;
        const record = decodeRecord(block, at);
        if (record !== null) yield record;
      }
      if (length < block.length) return;
    }
  }

  #recordAt(number: number): IndexRecord | null {
    const bytes = Buffer.alloc(RECORD_BYTES);
    const length = readSync(this.#index, bytes, 0, RECORD_BYTES, number * RECORD_BYTES);
    return length === RECORD_BYTES ? decodeRecord(bytes, 0) : null;
  }

  /** By bisection. An origin record has no time: the next record that has one decides. */
  #firstRecord(timeMs: number): number {
    let low = 0;
    let high = this.extent();
    while (high - low > BISECTED_RECORDS) {
      const middle = Math.floor((low + high) / 2);
      let record: IndexRecord | null = null;
      for (let number = middle; number < high && record === null; number += 1) record = this.#recordAt(number);
      if (record === null || record.timeMs >= timeMs) high = middle;
      else low = middle;
    }
    return low;
  }
}

class PlainBytes {
  readonly #file: SegmentFile;

  constructor(file: SegmentFile) {
    this.#file = file;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return this.readNow(offset, length);
  }

  readNow(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, sizeOf(this.#file) - offset)));
    const got = readSync(this.#file.fd, bytes, 0, bytes.length, offset);
    return bytes.subarray(0, got);
  }
}

/** Offsets must not decrease from one read to the next. */
class GunzippedBytes {
  readonly #blocks: AsyncIterator<Buffer>;
  #block: Buffer = Buffer.alloc(0);
  #blockFrom = 0;
  /** Returned once, in place of the missing bytes. */
  #damage = '';

  constructor(file: SegmentFile) {
    this.#blocks = gunzipped(file, (mark) => {
      this.#damage = mark;
    });
  }

  async read(offset: number, length: number): Promise<Buffer> {
    while (this.#blockFrom + this.#block.length < offset + length) {
      const { value, done } = await this.#blocks.next();
      if (done) break;
      const keep = this.#block.subarray(Math.max(0, offset - this.#blockFrom));
      this.#blockFrom += this.#block.length - keep.length;
      this.#block = keep.length > 0 ? Buffer.concat([keep, value]) : value;
    }
    const from = Math.max(0, offset - this.#blockFrom);
    const found = this.#block.subarray(from, from + length);
    return found.length < length ? this.#withMark(found) : found;
  }

  #withMark(found: Buffer): Buffer {
    const damage = this.#damage;
    this.#damage = '';
    if (damage === '') return found;
    const isTorn = found.length > 0 && found.at(-1) !== NEWLINE;
    return Buffer.concat([found, Buffer.from(`${isTorn ? '\n' : ''}${damage}`)]);
  }
}
