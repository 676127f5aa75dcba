// What a queue holds back while its file is slower than its producers: framed whole lines in order of arrival, and marks
// where some had to go. Decides who loses lines when it is full. Pure; the bound is the caller's capacity.
import type { LogFormat, OverflowPolicy } from '../../core/spec.ts';
import { frameGap, type Origin, UNKNOWN_ORIGIN } from '../line-format.ts';
import type { IndexPiece } from './raw-index-writer.ts';

/** Whole framed lines of one origin; or, `bytes` null, the mark that `lines` of them are missing here. */
export type BacklogEntry = { origin: Origin; format: LogFormat; timeMs: number; bytes: Buffer | null; lines: number };

/** What an entry costs beside its bytes: many short ones must not break the bound. */
const ENTRY_COST_BYTES = 200;
const SWEEP_ABOVE = 64;

export class Backlog {
  /** What is held, entries' own cost included. */
  bytes = 0;
  #order: BacklogEntry[] = [];
  /** Marks in `order` that became part of another. */
  #absorbed = 0;
  readonly #byOrigin = new Map<Origin, { entries: BacklogEntry[]; bytes: number }>();

  isEmpty(): boolean {
    return this.#order.length === 0;
  }

  oldestMs(): number | null {
    return this.#order[0]?.timeMs ?? null;
  }

  /**
   * @param policy `block`: everything is taken, the caller holds the producers. Otherwise the greediest producer loses its
   * oldest or newest lines until `capacityBytes` hold again: a flooding one cannot push out what others wrote.
   * @returns how many lines were dropped of whom
   */
  push(entry: BacklogEntry, policy: OverflowPolicy, capacityBytes: number): Map<Origin, number> {
    this.#order.push(entry);
    const of = this.#byOrigin.get(entry.origin) ?? { entries: [], bytes: 0 };
    this.#byOrigin.set(entry.origin, of);
    of.entries.push(entry);
    of.bytes += cost(entry);
    this.bytes += cost(entry);
    const dropped = new Map<Origin, number>();
    if (policy === 'block') return dropped;
    while (this.bytes > capacityBytes) {
      const victim = this.#greediest();
      if (victim === null) break;
      dropped.set(victim, (dropped.get(victim) ?? 0) + this.#drop(victim, policy === 'drop_oldest'));
    }
    return dropped;
  }

  /** Removes the oldest entries, about `maxBytes` of them, for writing: from then on they are out of any policy's reach. */
  take(maxBytes: number): BacklogEntry[] {
    let count = 0;
    for (let bytes = 0; count < this.#order.length && bytes < maxBytes; count += 1) bytes += cost(this.#order[count]!);
    const taken = this.#order.splice(0, count).filter((entry) => !isAbsorbed(entry));
    this.#absorbed -= count - taken.length;
    for (const entry of taken) this.#remove(entry);
    return taken;
  }

  /** Turns one entry of the origin into a mark; marks that come to lie side by side in its stream become one. */
  #drop(origin: Origin, oldest: boolean): number {
    const of = this.#byOrigin.get(origin)!;
    const at = oldest ? of.entries.findIndex(hasBytes) : of.entries.findLastIndex(hasBytes);
    const entry = of.entries[at]!;
    const lines = entry.lines;
    of.bytes -= cost(entry);
    this.bytes -= entry.bytes!.length;
    entry.bytes = null;
    if (of.entries[at + 1]?.bytes === null) this.#absorb(of.entries, at, at + 1);
    if (of.entries[at - 1]?.bytes === null) this.#absorb(of.entries, at - 1, at);
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

  /** Whose lines hold the most bytes; null when nothing but marks is left. */
  #greediest(): Origin | null {
    let greediest: Origin | null = null;
    let most = 0;
    for (const [origin, { bytes }] of this.#byOrigin) {
      if (bytes <= most) continue;
      greediest = origin;
      most = bytes;
    }
    return greediest;
  }

  #remove(entry: BacklogEntry): void {
    const of = this.#byOrigin.get(entry.origin)!;
    of.entries.shift();
    this.bytes -= cost(entry);
    if (entry.bytes !== null) of.bytes -= cost(entry);
    if (of.entries.length === 0) this.#byOrigin.delete(entry.origin);
  }
}

const hasBytes = (entry: BacklogEntry) => entry.bytes !== null;
const isAbsorbed = (entry: BacklogEntry) => entry.bytes === null && entry.lines === 0;
const cost = (entry: BacklogEntry) => (entry.bytes?.length ?? 0) + ENTRY_COST_BYTES;

// What was taken out of the backlog to be written and is not on disk yet: out of any policy's reach, and exact to the byte
// where a write stopped in the middle. Writes nothing itself.

const NEWLINE = 0x0a;

/** `whole`: the bytes of the piece; `bytes`: what is left of them. */
type UnwrittenPiece = { whole: Buffer; bytes: Buffer; format: LogFormat; piece: IndexPiece };

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

  /** Throws where there is none. */
  head(): UnwrittenPiece {
    const head = this.#pieces[0];
    if (head === undefined) throw new Error('nothing is in flight');
    return head;
  }

  /** The begin of the first piece is on disk: the rest must follow it in the same file. */
  isWithinPiece(): boolean {
    const head = this.#pieces[0];
    return head !== undefined && head.bytes.length < head.whole.length;
  }

  add(entries: BacklogEntry[]): void {
    for (const entry of entries) this.#push(renderEntry(entry));
  }

  /** A batch that could not be written directly. Copied. `pieces`: none where nobody needs to know whose bytes they are. */
  addBatch(batch: Buffer, format: LogFormat, lines: number, pieces: IndexPiece[]): void {
    const whole = { origin: UNKNOWN_ORIGIN, timeMs: Date.now(), length: batch.length, lines, isGap: false };
    let from = 0;
    for (const piece of pieces.length > 0 ? pieces : [whole]) {
      const bytes = Buffer.from(batch.subarray(from, from + piece.length));
      this.#push({ whole: bytes, bytes, format, piece });
      from += piece.length;
    }
  }

  /** As many as `roomBytes` hold and are of one format; one at least. */
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

  /** So many bytes more are on disk. Returns the pieces that are now complete. */
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

  /** Within a piece, where its begin is not in the file any more that the rest goes to: the line that was being written begins
   * anew, and with it the piece. Returns how many lines of it came before. */
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
