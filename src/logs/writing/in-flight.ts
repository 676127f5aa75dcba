// What was taken out of the backlog to be written and is not on disk yet: out of any policy's reach, and exact to the byte
// where a write stopped in the middle. Writes nothing itself.
import type { LogFormat } from '../../core/model.ts';
import { frameGap, type Origin } from '../framing.ts';
import type { Entry } from './backlog.ts';
import type { Piece } from './output-file.ts';

/** `bytes`: what is left of the piece. */
type Rest = { bytes: Buffer; format: LogFormat; piece: Piece };

const NOBODY: Origin = { instance: '', service: '', stream: 'o' };

export class InFlight {
  /** What is left to write. */
  bytes = 0;
  private readonly rests: Rest[] = [];

  isEmpty(): boolean {
    return this.rests.length === 0;
  }

  oldestMs(): number | null {
    return this.rests[0]?.piece.timeMs ?? null;
  }

  /** Throws where there is none. */
  head(): Rest {
    const head = this.rests[0];
    if (head === undefined) throw new Error('nothing is in flight');
    return head;
  }

  /** The begin of the first piece is on disk: the rest must follow it in the same file. */
  isWithinPiece(): boolean {
    const head = this.rests[0];
    return head !== undefined && head.bytes.length < head.piece.length;
  }

  add(entries: Entry[]): void {
    for (const entry of entries) this.push(render(entry));
  }

  /** A batch that could not be written directly. Copied. `pieces`: none where nobody needs to know whose bytes they are. */
  addBatch(batch: Buffer, format: LogFormat, lines: number, pieces: Piece[]): void {
    const whole = { origin: NOBODY, timeMs: Date.now(), length: batch.length, lines, isGap: false };
    let from = 0;
    for (const piece of pieces.length > 0 ? pieces : [whole]) {
      this.push({ bytes: Buffer.from(batch.subarray(from, from + piece.length)), format, piece });
      from += piece.length;
    }
  }

  /** As many as `roomBytes` hold and are of one format; one at least. */
  next(roomBytes: number): Buffer[] {
    const buffers: Buffer[] = [];
    let bytes = 0;
    for (const rest of this.rests) {
      bytes += rest.bytes.length;
      if (buffers.length > 0 && (bytes > roomBytes || rest.format !== this.head().format)) break;
      buffers.push(rest.bytes);
    }
    return buffers;
  }

  /** So many bytes more are on disk. Returns the pieces that are now complete. */
  settle(written: number): Piece[] {
    this.bytes -= written;
    let left = written;
    let count = 0;
    while (count < this.rests.length && left >= this.rests[count]!.bytes.length) {
      left -= this.rests[count]!.bytes.length;
      count += 1;
    }
    const complete = this.rests.splice(0, count).map(({ piece }) => piece);
    const head = this.rests[0];
    if (head !== undefined) head.bytes = head.bytes.subarray(left);
    return complete;
  }

  private push(rest: Rest): void {
    this.rests.push(rest);
    this.bytes += rest.bytes.length;
  }
}

/** The bytes that an entry of the backlog is written as. */
export function render({ origin, format, timeMs, bytes, lines }: Entry): Rest {
  const framed = bytes ?? frameGap(format, origin, timeMs, lines);
  return { bytes: framed, format, piece: { origin, timeMs, length: framed.length, lines, isGap: bytes === null } };
}
