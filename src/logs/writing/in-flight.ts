// What was taken out of the backlog to be written and is not on disk yet: out of any policy's reach, and exact to the byte
// where a write stopped in the middle. Writes nothing itself.
import type { LogFormat } from '../../core/model.ts';
import { frameGap, type Origin } from '../framing.ts';
import type { Entry } from './backlog.ts';
import type { Piece } from './output-file.ts';

const NEWLINE = 0x0a;

/** `whole`: the bytes of the piece; `bytes`: what is left of them. */
type Rest = { whole: Buffer; bytes: Buffer; format: LogFormat; piece: Piece };

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
    return head !== undefined && head.bytes.length < head.whole.length;
  }

  add(entries: Entry[]): void {
    for (const entry of entries) this.push(render(entry));
  }

  /** A batch that could not be written directly. Copied. `pieces`: none where nobody needs to know whose bytes they are. */
  addBatch(batch: Buffer, format: LogFormat, lines: number, pieces: Piece[]): void {
    const whole = { origin: NOBODY, timeMs: Date.now(), length: batch.length, lines, isGap: false };
    let from = 0;
    for (const piece of pieces.length > 0 ? pieces : [whole]) {
      const bytes = Buffer.from(batch.subarray(from, from + piece.length));
      this.push({ whole: bytes, bytes, format, piece });
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

  /** Within a piece, where its begin is not in the file any more that the rest goes to: the line that was being written begins
   * anew, and with it the piece. Returns how many lines of it came before. */
  rewind(): number {
    const { whole, bytes, format, piece } = this.head();
    const from = whole.lastIndexOf(NEWLINE, whole.length - bytes.length - 1) + 1;
    const rest = whole.subarray(from);
    const before = piece.isGap ? 0 : linesIn(whole.subarray(0, from));
    this.rests[0] = {
      whole: rest,
      bytes: rest,
      format,
      piece: { ...piece, length: rest.length, lines: piece.lines - before },
    };
    this.bytes += rest.length - bytes.length;
    return before;
  }

  private push(rest: Rest): void {
    this.rests.push(rest);
    this.bytes += rest.bytes.length;
  }
}

/** The bytes that an entry of the backlog is written as. */
export function render({ origin, format, timeMs, bytes, lines }: Entry): Rest {
  const framed = bytes ?? frameGap(format, origin, timeMs, lines);
  return {
    whole: framed,
    bytes: framed,
    format,
    piece: { origin, timeMs, length: framed.length, lines, isGap: bytes === null },
  };
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}
