// What a queue holds back while its file is slower than its producers: framed whole lines in order of arrival, and marks
// where some had to go. Decides who loses lines when it is full. Pure; the bound is the caller's capacity.
import type { LogFormat, OverflowPolicy } from '../../core/model.ts';
import type { Origin } from '../framing.ts';

/** Whole framed lines of one origin; or, `bytes` null, the mark that `lines` of them are missing here. */
export type Entry = { origin: Origin; format: LogFormat; timeMs: number; bytes: Buffer | null; lines: number };

/** What an entry costs beside its bytes: many short ones must not break the bound. */
const ENTRY_COST_BYTES = 200;
const SWEEP_ABOVE = 64;

export class Backlog {
  /** What is held, entries' own cost included. */
  bytes = 0;
  private order: Entry[] = [];
  /** Marks in `order` that became part of another. */
  private absorbed = 0;
  private readonly byOrigin = new Map<Origin, { entries: Entry[]; bytes: number }>();

  isEmpty(): boolean {
    return this.order.length === 0;
  }

  oldestMs(): number | null {
    return this.order[0]?.timeMs ?? null;
  }

  /**
   * @param policy `block`: everything is taken, the caller holds the producers. Otherwise the greediest producer loses its
   * oldest or newest lines until `capacityBytes` hold again: a flooding one cannot push out what others wrote.
   * @returns how many lines were dropped of whom
   */
  push(entry: Entry, policy: OverflowPolicy, capacityBytes: number): Map<Origin, number> {
    this.order.push(entry);
    const of = this.byOrigin.get(entry.origin) ?? { entries: [], bytes: 0 };
    this.byOrigin.set(entry.origin, of);
    of.entries.push(entry);
    of.bytes += cost(entry);
    this.bytes += cost(entry);
    const dropped = new Map<Origin, number>();
    if (policy === 'block') return dropped;
    while (this.bytes > capacityBytes) {
      const victim = this.greediest();
      if (victim === null) break;
      dropped.set(victim, (dropped.get(victim) ?? 0) + this.drop(victim, policy === 'drop_oldest'));
    }
    return dropped;
  }

  /** Removes the oldest entries, about `maxBytes` of them, for writing: from then on they are out of any policy's reach. */
  take(maxBytes: number): Entry[] {
    let count = 0;
    for (let bytes = 0; count < this.order.length && bytes < maxBytes; count += 1) bytes += cost(this.order[count]!);
    const taken = this.order.splice(0, count).filter((entry) => !isAbsorbed(entry));
    this.absorbed -= count - taken.length;
    for (const entry of taken) this.forget(entry);
    return taken;
  }

  /** Turns one entry of the origin into a mark; marks that come to lie side by side in its stream become one. */
  private drop(origin: Origin, oldest: boolean): number {
    const of = this.byOrigin.get(origin)!;
    const at = oldest ? of.entries.findIndex(hasBytes) : of.entries.findLastIndex(hasBytes);
    const entry = of.entries[at]!;
    const lines = entry.lines;
    of.bytes -= cost(entry);
    this.bytes -= entry.bytes!.length;
    entry.bytes = null;
    if (of.entries[at + 1]?.bytes === null) this.absorb(of.entries, at, at + 1);
    if (of.entries[at - 1]?.bytes === null) this.absorb(of.entries, at - 1, at);
    return lines;
  }

  private absorb(entries: Entry[], into: number, at: number): void {
    entries[into]!.lines += entries[at]!.lines;
    entries[at]!.lines = 0;
    entries.splice(at, 1);
    this.bytes -= ENTRY_COST_BYTES;
    this.absorbed += 1;
    if (this.absorbed < SWEEP_ABOVE || this.absorbed * 2 < this.order.length) return;
    this.order = this.order.filter((entry) => !isAbsorbed(entry));
    this.absorbed = 0;
  }

  /** Whose lines hold the most bytes; null when nothing but marks is left. */
  private greediest(): Origin | null {
    let greediest: Origin | null = null;
    let most = 0;
    for (const [origin, { bytes }] of this.byOrigin) {
      if (bytes <= most) continue;
      greediest = origin;
      most = bytes;
    }
    return greediest;
  }

  private forget(entry: Entry): void {
    const of = this.byOrigin.get(entry.origin)!;
    of.entries.shift();
    this.bytes -= cost(entry);
    if (entry.bytes !== null) of.bytes -= cost(entry);
    if (of.entries.length === 0) this.byOrigin.delete(entry.origin);
  }
}

const hasBytes = (entry: Entry) => entry.bytes !== null;
const isAbsorbed = (entry: Entry) => entry.bytes === null && entry.lines === 0;
const cost = (entry: Entry) => (entry.bytes?.length ?? 0) + ENTRY_COST_BYTES;
