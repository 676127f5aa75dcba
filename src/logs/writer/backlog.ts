// What a queue keeps in memory while its file is slower than its producers: Backlog has whole framed lines and marks of dropped
// ones, and decides which instance loses lines when it is full; InFlight has what is being written. Does no I/O.
import type { LogFormat, OverflowPolicy } from '../../core/log-queue-spec.ts';
import { frameGap, NEWLINE, type Origin, UNKNOWN_ORIGIN } from '../line-format.ts';
import type { IndexPiece } from './raw-index-writer.ts';

/** Whole framed lines of one origin; `bytes` null: the mark that `lines` of them are missing here. */
export type BacklogEntry = { origin: Origin; format: LogFormat; timeMs: number; bytes: Buffer | null; lines: number };

/** The cost of an entry in addition to its bytes: many short entries must not exceed the capacity. */
const ENTRY_COST_BYTES = 200;
const SWEEP_ABOVE = 64;

export class Backlog {
  /** Includes the cost of the entries. */
  bytes = 0;
  #order: BacklogEntry[] = [];
  /** How many marks in `order` were merged into another one. */
  #absorbed = 0;
  readonly #byOrigin = new Map<Origin, { entries: BacklogEntry[]; bytes: number }>();

  isEmpty(): boolean {
    return this.#order.length === 0;
  }

  oldestMs(): number | null {
    return this.#order[0]?.timeMs ?? null;
  }

  /**
   * @param policy `block`: everything is taken, and the caller pauses the producers. Otherwise the origin with the most bytes loses
   * its oldest or newest lines until the rest fits in `capacityBytes`: one that floods cannot push out the lines of others.
   * @returns how many lines each origin lost
   */
  push(entry: BacklogEntry, policy: OverflowPolicy, capacityBytes: number): Map<Origin, number> {
    this.#order.push(entry);
    const share = this.#byOrigin.get(entry.origin) ?? { entries: [], bytes: 0 };
    this.#byOrigin.set(entry.origin, share);
    share.entries.push(entry);
    share.bytes += cost(entry);
    this.bytes += cost(entry);
    const dropped = new Map<Origin, number>();
    if (policy === 'block') return dropped;
    while (this.bytes > capacityBytes) {
      const victim = this.#largest();
      if (victim === null) break;
      dropped.set(victim, (dropped.get(victim) ?? 0) + this.#drop(victim, policy === 'drop_oldest'));
    }
    return dropped;
  }

  /** Removes the oldest entries, about `maxBytes` of them, for writing: no policy can drop them any more. */
  take(maxBytes: number): BacklogEntry[] {
    let count = 0;
    for (let bytes = 0; count < this.#order.length && bytes < maxBytes; count += 1) bytes += cost(this.#order[count]!);
    const taken = this.#order.splice(0, count).filter((entry) => !isAbsorbed(entry));
    this.#absorbed -= count - taken.length;
    for (const entry of taken) this.#remove(entry);
    return taken;
  }

  /** Turns one entry of the origin into a mark, and merges it with adjacent marks. */
  #drop(origin: Origin, oldest: boolean): number {
    const share = this.#byOrigin.get(origin)!;
    const { entries } = share;
    const at = oldest ? entries.findIndex(hasBytes) : entries.findLastIndex(hasBytes);
    const entry = entries[at]!;
    const lines = entry.lines;
    share.bytes -= cost(entry);
    this.bytes -= entry.bytes!.length;
    entry.bytes = null;
    if (entries[at + 1]?.bytes === null) this.#absorb(entries, at, at + 1);
    if (entries[at - 1]?.bytes === null) this.#absorb(entries, at - 1, at);
    return lines;
  }

  #absorb(entries: BacklogEntry[], into: number, at: number): void {
    entries[into]!.lines += entries[at]!.lines;
    entries[at]!.lines = 0;
    entries.splice(at, 1);
    this.bytes -= ENTRY_COST_BYTES;
    this.#absorbed += 1;
    if (this.#absorbed < SWEEP_ABOVE || this.#absorbed * 2 < this.#order.length) return;
    this.#order = this.#order.filter((entry) => !isAbsorbed(entry));
    this.#absorbed = 0;
  }

  /** The origin whose lines have the most bytes; null: only marks are left. */
  #largest(): Origin | null {
    let largest: Origin | null = null;
    let most = 0;
    for (const [origin, { bytes }] of this.#byOrigin) {
      if (bytes <= most) continue;
      largest = origin;
      most = bytes;
    }
    return largest;
  }

  #remove(entry: BacklogEntry): void {
    const share = this.#byOrigin.get(entry.origin)!;
    share.entries.shift();
    this.bytes -= cost(entry);
    if (entry.bytes !== null) share.bytes -= cost(entry);
    if (share.entries.length === 0) this.#byOrigin.delete(entry.origin);
  }
}

const hasBytes = (entry: BacklogEntry) => entry.bytes !== null;
const isAbsorbed = (entry: BacklogEntry) => entry.bytes === null && entry.lines === 0;
const cost = (entry: BacklogEntry) => (entry.bytes?.length ?? 0) + ENTRY_COST_BYTES;

/** `whole`: the bytes of the piece; `bytes`: what is left of them. */
type UnwrittenPiece = { whole: Buffer; bytes: Buffer; format: LogFormat; piece: IndexPiece };

/** What was taken from the backlog to be written and is not on disk yet, exact to the byte where a write stopped. */
export class InFlight {
  /** What is left to write. */
  bytes = 0;
  readonly #pieces: UnwrittenPiece[] = [];

  isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  oldestMs(): number | null {
    return this.#pieces[0]?.piece.timeMs ?? null;
  }

  /** Throws if there is none. */
  head(): UnwrittenPiece {
    const head = this.#pieces[0];
    if (head === undefined) throw new Error('nothing is in flight');
    return head;
  }

  /** The start of the first piece is on disk: the rest must follow it in the same file. */
  isWithinPiece(): boolean {
    const head = this.#pieces[0];
    return head !== undefined && head.bytes.length < head.whole.length;
  }

  add(entries: BacklogEntry[]): void {
    for (const entry of entries) this.#push(renderEntry(entry));
  }

  /** A batch that could not be written directly. Copied. `pieces`: none unless the file needs an index. */
  addBatch(batch: Buffer, format: LogFormat, lines: number, pieces: IndexPiece[]): void {
    const whole = { origin: UNKNOWN_ORIGIN, timeMs: Date.now(), length: batch.length, lines, isGap: false };
    let from = 0;
    for (const piece of pieces.length > 0 ? pieces : [whole]) {
      const bytes = Buffer.from(batch.subarray(from, from + piece.length));
      this.#push({ whole: bytes, bytes, format, piece });
      from += piece.length;
    }
  }

  /** As many pieces of one format as fit in `roomBytes`, but at least one. */
  next(roomBytes: number): Buffer[] {
    const buffers: Buffer[] = [];
    let bytes = 0;
    for (const rest of this.#pieces) {
      bytes += rest.bytes.length;
      if (buffers.length > 0 && (bytes > roomBytes || rest.format !== this.head().format)) break;
      buffers.push(rest.bytes);
    }
    return buffers;
  }

  /** `written` more bytes are on disk. Returns the pieces that are now complete. */
  takeWritten(written: number): IndexPiece[] {
    this.bytes -= written;
    let left = written;
    let count = 0;
    while (count < this.#pieces.length && left >= this.#pieces[count]!.bytes.length) {
      left -= this.#pieces[count]!.bytes.length;
      count += 1;
    }
    const complete = this.#pieces.splice(0, count).map(({ piece }) => piece);
    const head = this.#pieces[0];
    if (head !== undefined) head.bytes = head.bytes.subarray(left);
    return complete;
  }

  /** When the start of the piece is no longer in the file that takes the rest: the piece restarts at the line that was being
   * written. Returns how many of its lines came before. */
  rewind(): number {
    const { whole, bytes, format, piece } = this.head();
    const from = whole.lastIndexOf(NEWLINE, whole.length - bytes.length - 1) + 1;
    const rest = whole.subarray(from);
    const before = piece.isGap ? 0 : linesIn(whole.subarray(0, from));
    this.#pieces[0] = {
      whole: rest,
      bytes: rest,
      format,
      piece: { ...piece, length: rest.length, lines: piece.lines - before },
    };
    this.bytes += rest.length - bytes.length;
    return before;
  }

  #push(rest: UnwrittenPiece): void {
    this.#pieces.push(rest);
    this.bytes += rest.bytes.length;
  }
}

/** The bytes that an entry of the backlog is written as. */
export function renderEntry({ origin, format, timeMs, bytes, lines }: BacklogEntry): UnwrittenPiece {
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
