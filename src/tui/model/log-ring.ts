// The newest lines of the output on screen, kept outside React with a bound on lines and on characters. While paused, also
// the lines that the user reads, from anywhere in the log.

import type { LogPlace } from '../../logs/reader/log-history.ts';
import type { LineFilter, LogLine } from '../../logs/reader/log-line.ts';
import { type BufferedLine, bufferedLine, isFound, isStored } from './buffered-line.ts';
import { LineList } from './line-list.ts';
import { OutputMarks } from './output-marks.ts';
import { PausedLines } from './paused-lines.ts';
import { ReadProgress } from './read-progress.ts';
import type { SearchPattern } from './search-pattern.ts';

export type Direction = 'older' | 'newer';
/** `beyond`: it is not among the lines from where the search began to that place; the log continues there. */
export type FindResult = { kind: 'found'; seq: number } | { kind: 'beyond'; place: LogPlace } | { kind: 'none' };

/** The reading side, for the view and the reducer. */
export type LogView = {
  /** The lines of this output are still being read. */
  readonly isReading: boolean;
  /** Of reads of other parts of the log. */
  readonly progress: ReadProgress;
  readonly size: number;
  readonly lastSeq: number;
  /** The newest `count` matching lines that are not newer than `bottomSeq` (null: the newest there is), oldest first. */
  window(bottomSeq: number | null, count: number, pattern: SearchPattern): BufferedLine[];
  /** The `bottomSeq` that is `delta` matching lines further (down positive); null when that reaches the newest line. */
  step(bottomSeq: number | null, delta: number, pattern: SearchPattern): number | null;
  /** The oldest `count` matching lines that are newer than `seq` (null: of all), oldest first. */
  after(seq: number | null, count: number, pattern: SearchPattern): BufferedLine[];
  /** How many lines are older than this one, as far as they are here, and how many newer, as far as their number is known. */
  around(seq: number | null): { older: number; newer: number };
  /** The next line that a search finds. @param fromSeq not this one; null: from the newest */
  find(fromSeq: number | null, direction: Direction, pattern: SearchPattern): FindResult;
  /** The log may have older lines than the ring. */
  readonly mayHaveOlder: boolean;
  /** Lines between those that are here are only in the log. How many lines are below that line, and above the gap? null: none are missing there. */
  untilGap(seq: number | null): number | null;
  /** How many lines are missing is known. */
  readonly isGapKnown: boolean;
};

/** Lines that are read when another service is selected. */
export const HISTORY_LINES = 1000;
const MAX_LINES = 5000;
const MAX_CHARS = 4 * 1024 * 1024;

export class LogRing extends LineList implements LogView {
  isReading = false;
  readonly progress = new ReadProgress();
  /** Other lines are not kept; null: all are. */
  filter: LineFilter | null = null;
  readonly #marks = new OutputMarks();
  readonly #paused = new PausedLines();
  #isPaused = false;
  #lines: BufferedLine[] = [];
  /** Index of the oldest line in `lines`; those before it are dropped in bulk. */
  #first = 0;
  /** The last ones of `lines`. */
  #unfinished: readonly LogLine[] = [];
  /** Characters in `lines`. */
  #chars = 0;
  #nextSeq = 0;
  /** What is known of the log before the oldest line. */
  #before: 'unknown' | 'more' | 'nothing' = 'unknown';
  /** Time of the oldest line that was read, though the filter did not keep it; null: the oldest line is it. */
  #readFromMs: number | null = null;

  get size(): number {
    return this.#paused.size + this.#lines.length - this.#first;
  }

  get mayHaveOlder(): boolean {
    return this.#before === 'more' || (this.#before === 'unknown' && this.size >= HISTORY_LINES);
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
    if (this.size === 0 && this.#readFromMs === null) this.#readFromMs = added.find(isStored)?.timeMs ?? null;
    this.#dropUnfinished();
    this.#append(added);
    this.#append(this.#unfinished);
  }

  /** What was read first begins with the log itself, or does not. */
  setStart(isStart: boolean): void {
    if (this.#before === 'unknown') this.#before = isStart ? 'nothing' : 'more';
  }

  #dropUnfinished(): void {
    while (this.#lines.length > this.#first && this.#lines.at(-1)!.unfinished) {
      this.#chars -= this.#lines.pop()!.line.length;
    }
  }

  #append(added: readonly LogLine[]): void {
    for (const source of added) {
      for (const mark of this.#marks.takeUntil(source.timeMs)) this.#appendLine(mark);
      if (this.filter === null || this.filter(source)) this.#appendLine(source);
    }
    this.#dropOldest();
  }

  #appendLine(source: LogLine): void {
    const buffered = bufferedLine(source, this.#nextSeq++);
    this.#lines.push(buffered);
    this.#chars += buffered.line.length;
  }

  /** Those that are newer than all lines stand below them. */
  setMarks(times: readonly number[]): void {
    this.#marks.set(times);
    this.#dropUnfinished();
    for (const mark of this.#marks.takeUntil(Infinity)) this.#appendLine(mark);
    this.#append(this.#unfinished);
  }

  get marks(): readonly number[] {
    return this.#marks.times;
  }

  /** Paused, it keeps the lines that the user reads, and the newest of those that come later. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) {
      const end = this.#lines.findLastIndex((each) => !each.unfinished) + 1;
      this.#paused.keep(this.#lines.slice(this.#first, Math.max(this.#first, end)));
      this.#setLines(this.#lines.slice(Math.max(this.#first, end)));
    } else this.#joinPaused();
  }

  /** Lines on the other side of a gap are dropped. */
  #joinPaused(): void {
    if (this.#paused.hasGap) this.#before = 'more';
    else this.#setLines([...this.#paused.lines, ...this.#lines.slice(this.#first)]);
    this.#paused.clear();
    this.#dropOldest();
  }

  /** Lines of the log that end where the oldest line here begins. @param isAll the log has none before them */
  addOlder(lines: readonly LogLine[], isAll: boolean): void {
    const beforeSeq = this.at(0)?.seq ?? this.#nextSeq;
    if (lines.length > 0) this.#readFromMs = null;
    this.#before = isAll ? 'nothing' : 'more';
    if (!this.#isPaused) {
      const first = beforeSeq - lines.length;
      const older = lines.map((line, index) => bufferedLine(line, first + index));
      this.#setLines([...older, ...this.#lines.slice(this.#first)]);
      this.#dropOldest();
      return;
    }
    const cut = this.#paused.addOlder(lines, beforeSeq);
    if (cut.length === 0) return;
    if (this.#paused.hasGap) this.#paused.miss(cut.length, this.#lines[this.#first]!);
    else this.#setLines([...cut, ...this.#lines.slice(this.#first)]);
    this.#dropOldest();
  }

  /** Lines of the log that begin after the last one above the gap. @param isAll the log has none after them */
  addNewer(lines: readonly LogLine[], isAll: boolean): void {
    const { missing, isJoined } = this.#upToLive(lines, isAll);
    if (this.#paused.addNewer(missing)) this.#before = 'more';
    const next = this.#lines[this.#first];
    if (isJoined) this.#paused.closeGap();
    else if (next !== undefined) this.#paused.miss(-missing.length, next);
  }

  /**
   * Shows another part of the log, paused.
   * @returns the seq of a line by its index in `lines`
   */
  replacePaused(
    lines: readonly LogLine[],
    ends: { isStart: boolean; isEnd: boolean },
  ): (index: number) => number | null {
    if (this.#isPaused) this.#joinPaused();
    this.#isPaused = true;
    const next = this.#lines[this.#first];
    const { missing, isJoined } = this.#upToLive(lines, ends.isEnd);
    this.#paused.replace(missing, next?.seq ?? this.#nextSeq);
    if (!isJoined && next !== undefined) this.#paused.miss(null, next);
    this.#before = ends.isStart ? 'nothing' : 'more';
    this.#readFromMs = null;
    const seqs = Array.from({ length: Math.min(lines.length + 1, this.size) }, (_, index) => this.at(index)!.seq);
    return (index) => seqs[index] ?? null;
  }

  /** Those that are older than the lines after the gap, and whether they reach them. */
  #upToLive(lines: readonly LogLine[], isAll: boolean): { missing: readonly LogLine[]; isJoined: boolean } {
    const live = this.#lines.slice(this.#first).find(isStored);
    if (live === undefined) return { missing: lines, isJoined: isAll };
    const later = lines.findIndex(({ timeMs }) => timeMs > live.timeMs);
    if (later < 0 && !isAll) return { missing: lines, isJoined: false };
    const upTo = later < 0 ? lines : lines.slice(0, later);
    const { same } = this.#placeBefore(this.#paused.size, null);
    const atThatTime = upTo.length - 1 - upTo.findLastIndex(({ timeMs }) => timeMs < live.timeMs);
    return { missing: upTo.slice(0, upTo.length - Math.min(same, atThatTime)), isJoined: true };
  }

  clear(): void {
    this.#marks.restart();
    this.#unfinished = [];
    this.#paused.clear();
    this.#setLines([]);
    this.#before = 'unknown';
    this.#readFromMs = null;
  }

  /** From here the log has older lines; null: nothing was read yet. */
  oldestPlace(pattern: SearchPattern = null): LogPlace | null {
    if (this.#readFromMs === null) return this.size === 0 ? null : this.#placeBefore(0, pattern);
    const same = this.at(0)?.timeMs === this.#readFromMs ? this.#placeBefore(0, pattern).same : 0;
    return { timeMs: this.#readFromMs, same };
  }

  /** From here the log has the lines that are missing; null: none are. */
  gapPlace(pattern: SearchPattern = null): LogPlace | null {
    return this.#paused.hasGap ? this.#paused.endPlace(pattern) : null;
  }

  /** Before the line at that index; `same` counts what the pattern finds. */
  #placeBefore(from: number, pattern: SearchPattern): LogPlace {
    let index = from;
    while (index < this.size - 1 && !isStored(this.at(index)!)) index++;
    const timeMs = this.at(index)?.timeMs ?? 0;
    let same = 0;
    for (; this.at(index)?.timeMs === timeMs; index++) {
      if (isStored(this.at(index)!) && isFound(this.at(index)!, pattern)) same++;
    }
    return { timeMs, same };
  }

  find(fromSeq: number | null, direction: Direction, pattern: SearchPattern): FindResult {
    const gapAt = this.#paused.hasGap ? this.#paused.size - 1 : null;
    const known = this.indexOf(fromSeq);
    const at = known < 0 ? this.size - 1 : known; // a line of another output
    const isThere = fromSeq !== null && this.at(at)?.seq === fromSeq;
    const step = direction === 'older' ? -1 : 1;
    for (let index = step < 0 && !isThere ? at : at + step; index >= 0 && index < this.size; index += step) {
      if (index === gapAt) {
        const place = step > 0 ? this.gapPlace(pattern)! : this.#placeBefore(index + 1, pattern);
        return { kind: 'beyond', place };
      }
      if (isFound(this.at(index)!, pattern)) return { kind: 'found', seq: this.at(index)!.seq };
    }
    const oldest = step < 0 && this.mayHaveOlder ? this.oldestPlace(pattern) : null;
    return oldest === null ? { kind: 'none' } : { kind: 'beyond', place: oldest };
  }

  around(seq: number | null): { older: number; newer: number } {
    const index = this.indexOf(seq);
    const missed = this.#paused.hasGap && index < this.#paused.size - 1 ? (this.#paused.missedCount ?? 1) - 1 : 0;
    return { older: Math.max(0, index), newer: this.size - 1 - index + missed };
  }

  get isGapKnown(): boolean {
    return this.#paused.missedCount !== null;
  }

  untilGap(seq: number | null): number | null {
    const index = this.indexOf(seq);
    return this.#paused.hasGap && index < this.#paused.size ? this.#paused.size - 1 - index : null;
  }

  protected at(index: number): BufferedLine | undefined {
    return index < this.#paused.size ? this.#paused.at(index) : this.#lines[this.#first + index - this.#paused.size];
  }

  #setLines(lines: BufferedLine[]): void {
    this.#lines = lines;
    this.#first = 0;
    this.#chars = lines.reduce((sum, each) => sum + each.line.length, 0);
  }

  #dropOldest(): void {
    const before = this.#first;
    while (this.#lines.length > this.#first + (this.#chars > MAX_CHARS ? 1 : MAX_LINES)) {
      this.#chars -= this.#lines[this.#first++]!.line.length;
    }
    const dropped = this.#first - before;
    if (dropped === 0) return;
    if (this.#isPaused) this.#paused.miss(dropped, this.#lines[this.#first]!);
    else {
      this.#before = 'more';
      this.#readFromMs = null;
    }
    if (this.#first > MAX_LINES) this.#setLines(this.#lines.slice(this.#first));
  }
}
