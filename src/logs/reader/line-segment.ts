// A text or json file. Finds a time by bisection and the last lines from the end; reads a gzipped file from its start.
import { closeSync, readSync } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import {
  BLOCK_BYTES,
  lineAfter,
  NEWLINE,
  newlineBefore,
  READ_ON_BYTES,
  type SegmentFile,
  sizeOf,
  wholeLines,
} from './file-bytes.ts';
import { LineParser, type LogLine } from './log-line.ts';
import { Segment } from './segment.ts';

/** More than the longest line with its frame and escapes. */
const LONGEST_LINE_BYTES = 8 * 1024 * 1024;
/** Below this, reading is faster than bisecting. */
const BISECT_ABOVE_BYTES = 64 * 1024;

export class LineSegment extends Segment {
  readonly #parser = new LineParser();

  async firstTimeMs(): Promise<number | null> {
    for await (const lines of this.forward(0)) return lines[0]?.timeMs ?? null;
    return null;
  }

  async *forward(sinceMs: number): AsyncGenerator<LogLine[]> {
    const parser = new LineParser();
    const from = sinceMs > 0 && !this.file.gzip ? this.#offsetOf(sinceMs) : 0;
    let begun = false;
    for await (const bytes of wholeLines(this.file, from, this.frozenAt ?? Number.POSITIVE_INFINITY)) {
      if (this.isStopped) return;
      let lines = parseAll(parser, bytes, this.file.decoding);
      if (!begun) lines = lines.slice(firstAtOrAfter(lines, sinceMs));
      begun ||= lines.length > 0;
      if (lines.length > 0) yield lines;
    }
  }

  freeze(): number {
    this.frozenAt = this.#wholeLineBytes();
    return this.frozenAt;
  }

  readFrom(place: number, only: string | null): { lines: LogLine[]; next: number } {
    const some = this.#wholeLinesAt(place, READ_ON_BYTES);
    const bytes = some.length > 0 ? some : this.#wholeLinesAt(place, LONGEST_LINE_BYTES);
    const wanted = only === null ? bytes : linesWith(bytes, only);
    return { lines: parseAll(this.#parser, wanted, this.file.decoding), next: place + bytes.length };
  }

  bytesAfter(place: number): number {
    return sizeOf(this.file) - place;
  }

  extent(): number {
    return sizeOf(this.file);
  }

  close(): void {
    closeSync(this.file.fd);
  }

  protected async *backward(untilMs: number | null): AsyncGenerator<LogLine[]> {
    const parser = new LineParser();
    const whole = this.frozenAt ?? this.#wholeLineBytes();
    for (let end = untilMs === null ? whole : Math.min(whole, this.#endBefore(untilMs)); end > 0 && !this.isStopped; ) {
      const begin = lineStart(this.file, Math.max(0, end - BLOCK_BYTES));
      const bytes = Buffer.allocUnsafe(end - begin);
      readSync(this.file.fd, bytes, 0, bytes.length, begin);
      yield parseAll(parser, bytes, this.file.decoding);
      end = begin;
      await nextTick();
    }
  }

  #wholeLinesAt(place: number, maxBytes: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(0, sizeOf(this.file) - place)));
    const length = readSync(this.file.fd, bytes, 0, bytes.length, place);
    return bytes.subarray(0, bytes.subarray(0, length).lastIndexOf(NEWLINE) + 1);
  }

  /** The size up to the last newline, which is included. */
  #wholeLineBytes(): number {
    return newlineBefore(this.file, sizeOf(this.file)) + 1;
  }

  /** An offset that is not after the first line at or after the time. A line without a time counts as later. */
  #offsetOf(timeMs: number): number {
    return this.#bisect((lineMs) => lineMs === null || lineMs >= timeMs).low;
  }

  /** An offset that is not before the end of the last line before the time, at the end of a line. */
  #endBefore(timeMs: number): number {
    const { high, size } = this.#bisect((lineMs) => lineMs !== null && lineMs >= timeMs);
    return lineAfter(this.file, high, size)?.begin ?? size;
  }

  /** `low`: begin of a line that is not late. The lines from `high` on are late. */
  #bisect(isLate: (lineMs: number | null) => boolean): { low: number; high: number; size: number } {
    const parser = new LineParser();
    const size = sizeOf(this.file);
    let low = 0;
    let high = size;
    while (high - low > BISECT_ABOVE_BYTES) {
      const middle = Math.floor((low + high) / 2);
      const line = lineAfter(this.file, middle, size);
      if (line === null || line.begin >= high || isLate(parser.timeOf(line.text))) high = middle;
      else low = line.begin;
    }
    return { low, high, size };
  }
}

function parseAll(parser: LineParser, bytes: Buffer, decoding: BufferEncoding): LogLine[] {
  const lines = bytes.toString(decoding).split('\n');
  lines.pop();
  return lines.map((line) => parser.parse(line));
}

/** The whole lines that contain the text. Searches bytes, so that other lines need not be parsed. */
function linesWith(bytes: Buffer, text: string): Buffer {
  const found: Buffer[] = [];
  for (let end = 0, at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, end)) {
    end = bytes.indexOf(NEWLINE, at) + 1;
    found.push(bytes.subarray(bytes.lastIndexOf(NEWLINE, at) + 1, end));
  }
  return Buffer.concat(found);
}

function firstAtOrAfter(lines: LogLine[], timeMs: number): number {
  const index = lines.findIndex((line) => line.timeMs >= timeMs);
  return index < 0 ? lines.length : index;
}

/** Offset of the line that covers `at`. */
function lineStart(file: SegmentFile, at: number): number {
  return at === 0 ? 0 : newlineBefore(file, at) + 1;
}
