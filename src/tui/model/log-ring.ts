// The newest lines of the output on screen, kept outside React with a bound on lines and on characters.
// Lines are sanitized when they come in: what is read from here may be drawn.

import type { LogLine } from '../../logs/reader/log-line.ts';
import { sanitizeScreenLine, stripSgr } from '../../terminal/sanitize.ts';
import type { SearchPattern } from './state.ts';

/** `seq` counts up as long as the ring lives. */
export type BufferedLine = LogLine & { seq: number };

/** The reading side, for the view and the reducer. */
export type LogView = {
  /** Older lines are still being read. */
  readonly isReading: boolean;
  readonly size: number;
  readonly lastSeq: number;
  /** The newest `count` matching lines that are not newer than `bottomSeq` (null: the newest there is), oldest first. */
  window(bottomSeq: number | null, count: number, pattern: SearchPattern): BufferedLine[];
  /** The `bottomSeq` that is `delta` matching lines further (down positive); null when that reaches the newest line. */
  step(bottomSeq: number | null, delta: number, pattern: SearchPattern): number | null;
  /** The oldest `count` matching lines that are newer than `seq` (null: of all), oldest first. */
  after(seq: number | null, count: number, pattern: SearchPattern): BufferedLine[];
  /** The log may have older lines than the ring. */
  readonly mayHaveOlder: boolean;
};

/** Lines that are read when another service is selected. */
export const HISTORY_LINES = 1000;
const MAX_LINES = 5000;
const MAX_CHARS = 4 * 1024 * 1024;
/** Kept of one line. A screen shows less; a line of 1 MiB must not cost a megabyte per frame. */
const MAX_LINE_CHARS = 4096;

export class LogRing implements LogView {
  isReading = false;
  /** While paused: the lines that were there at its start, and a mark where later lines are missing. */
  #pausedLines: BufferedLine[] = [];
  #isPaused = false;
  /** How many lines the mark stands for. */
  #missedCount = 0;
  #lines: BufferedLine[] = [];
  /** Index of the oldest line in `lines`; those before it are dropped in bulk. */
  #first = 0;
  /** The last ones of `lines`. */
  #unfinished: readonly LogLine[] = [];
  /** Characters in `lines`. */
  #chars = 0;
  #nextSeq = 0;
  #hasDropped = false;

  get size(): number {
    return this.#pausedLines.length + this.#lines.length - this.#first;
  }

  get mayHaveOlder(): boolean {
    return this.#hasDropped || this.size >= HISTORY_LINES;
  }

  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  /** The lines that have no newline yet stand below all others; `push` keeps them there. */
  setUnfinished(lines: readonly LogLine[]): void {
    this.#dropUnfinished();
    this.#unfinished = lines;
    this.#append(lines);
  }

  push(added: readonly LogLine[]): void {
    this.#dropUnfinished();
    this.#append(added);
    this.#append(this.#unfinished);
  }

  #dropUnfinished(): void {
    for (const _ of this.#unfinished) {
      if (this.#lines.length <= this.#first || !this.#lines.at(-1)!.unfinished) return; // cleared meanwhile
      this.#chars -= this.#lines.pop()!.line.length;
    }
  }

  #append(added: readonly LogLine[]): void {
    for (const source of added) {
      const line = detachedCopy(sanitizeScreenLine(source.line.slice(0, MAX_LINE_CHARS)));
      this.#lines.push({ ...source, line, seq: this.#nextSeq++ });
      this.#chars += line.length;
    }
    this.#dropOldest();
  }

  /** Paused, it keeps the lines that the user reads, and the newest of those that come later. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    const all = [...this.#pausedLines, ...this.#lines.slice(this.#first)];
    const hasDropped = this.#hasDropped;
    this.clear();
    this.#hasDropped = hasDropped;
    if (isPaused) this.#pausedLines = all;
    else {
      this.#lines = all;
      this.#chars = all.reduce((sum, each) => sum + each.line.length, 0);
      this.#dropOldest();
    }
  }

  clear(): void {
    this.#unfinished = [];
    this.#pausedLines = [];
    this.#missedCount = 0;
    this.#lines = [];
    this.#first = 0;
    this.#chars = 0;
    this.#hasDropped = false;
  }

  window(bottomSeq: number | null, count: number, pattern: SearchPattern): BufferedLine[] {
    if (bottomSeq !== null && this.#indexOf(bottomSeq) === -1) return this.after(null, count, pattern);
    const found: BufferedLine[] = [];
    for (let index = this.#indexOf(bottomSeq); index >= 0 && found.length < count; index--) {
      const line = this.#at(index)!;
      if (matches(line, pattern)) found.push(line);
    }
    return found.reverse();
  }

  step(bottomSeq: number | null, delta: number, pattern: SearchPattern): number | null {
    const bottom = Math.max(0, this.#indexOf(bottomSeq));
    // From the line that is seen at the bottom: one that matches.
    let index = this.#nextMatch(bottom + 1, -1, pattern) ?? bottom;
    for (let left = Math.abs(delta); left > 0; left--) {
      const next = this.#nextMatch(index, Math.sign(delta), pattern);
      if (next === null) return delta > 0 ? null : (this.#at(index)?.seq ?? null);
      index = next;
    }
    const isNewest = this.#nextMatch(index, 1, pattern) === null;
    return isNewest && delta > 0 ? null : (this.#at(index)?.seq ?? null);
  }

  after(seq: number | null, count: number, pattern: SearchPattern): BufferedLine[] {
    const found: BufferedLine[] = [];
    for (let index = seq === null ? 0 : this.#indexOf(seq) + 1; index < this.size && found.length < count; index++) {
      const line = this.#at(index)!;
      if (matches(line, pattern)) found.push(line);
    }
    return found;
  }

  #nextMatch(from: number, direction: number, pattern: SearchPattern): number | null {
    for (let index = from + direction; index >= 0 && index < this.size; index += direction) {
      if (matches(this.#at(index)!, pattern)) return index;
    }
    return null;
  }

  #at(index: number): BufferedLine | undefined {
    return index < this.#pausedLines.length
      ? this.#pausedLines[index]
      : this.#lines[this.#first + index - this.#pausedLines.length];
  }

  /** Index of that line, or of the next older one; -1: all are newer. null: the newest. */
  #indexOf(seq: number | null): number {
    if (seq === null) return this.size - 1;
    let [from, to] = [0, this.size];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#at(middle)!.seq <= seq) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }

  #dropOldest(): void {
    const before = this.#first;
    while (this.#lines.length > this.#first + (this.#chars > MAX_CHARS ? 1 : MAX_LINES)) {
      this.#chars -= this.#lines[this.#first++]!.line.length;
    }
    this.#hasDropped ||= this.#first > before;
    if (this.#isPaused && this.#first > before) this.#markMissed(this.#first - before, this.#lines[this.#first - 1]!);
    if (this.#first > MAX_LINES) this.#compact();
  }

  /** One mark for all missing lines. @param newest of them. */
  #markMissed(count: number, newest: BufferedLine): void {
    if (this.#missedCount > 0) this.#pausedLines.pop();
    this.#missedCount += count;
    const line = `… ${this.#missedCount.toLocaleString('en-US')} lines not kept while paused`;
    this.#pausedLines.push({ ...newest, service: '', instance: '', stream: 'o', line });
  }

  #compact(): void {
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }
}

/** A slice of a string keeps the whole of it in memory (V8): a short line must not hold the chunk that it was read from. */
function detachedCopy(text: string): string {
  return Buffer.from(text).toString();
}

function matches(line: BufferedLine, pattern: SearchPattern): boolean {
  return pattern === null || pattern.test(stripSgr(line.line)) || pattern.test(line.instance);
}
