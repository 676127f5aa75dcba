// One file of a queue as readers see it, whatever its format: lines forward from a time, or backward from its end.
// The writer may rotate, compress or delete the file at any moment. See queue-files.ts for how one is opened.
import type { LogFormat } from '../../core/log-queue-spec.ts';
import { beginOf, type EntryJudge, forwardFilter, lastEntriesOfReversed } from './entry-filter.ts';
import type { SegmentFile } from './file-bytes.ts';
import { isBefore, type LineFilter, type LogLine, lastOf, lastOfReversed } from './log-line.ts';

/** `format` is a hint only: each file shows its own format, and earlier files may have another one. */
export type LogQueueFile = { name: string; path: string; format: LogFormat };

export type TimeLimits = { sinceMs: number | null; untilMs: number | null };
const NO_LIMITS: TimeLimits = { sinceMs: null, untilMs: null };

export abstract class Segment {
  readonly path: string;
  /** The latest time at which a line was written to it; null: it is the live file. */
  readonly closedMs: number | null;
  readonly inode: number;
  protected readonly file: SegmentFile;
  protected frozenAt: number | null = null;
  protected isStopped = false;

  constructor(file: SegmentFile) {
    this.file = file;
    this.path = file.path;
    this.closedMs = file.closedMs;
    this.inode = file.inode;
  }

  /** The time of its first line; null: it is empty. */
  abstract firstTimeMs(): Promise<number | null>;
  /** Batches of lines in file order, from the first line at or after `sinceMs`. */
  abstract forward(sinceMs: number): AsyncGenerator<LogLine[]>;
  /**
   * Batches of lines from the end, or from where it was frozen; each batch in file order. Plain files only.
   * @param untilMs lines at or after this time may be left out; null: all lines
   */
  protected abstract backward(untilMs: number | null): AsyncGenerator<LogLine[]>;
  /** Fixes the end after the last whole line that is there now. Returns that place, for `readFrom`. */
  abstract freeze(): number;
  /** How many bytes follow that place. */
  abstract bytesAfter(place: number): number;
  /**
   * Lines from that place on, about 1 MiB at most, and the place after them. Plain files only.
   * @param only lines of other instances and services may be left out, unparsed; null: all lines
   */
  abstract readFrom(place: number, only: string | null): { lines: LogLine[]; next: number };
  /** How many bytes, or records, there are now: a place beyond it means that the file was truncated. */
  abstract extent(): number;
  abstract close(): void;

  /**
   * The last `count` lines that pass, in file order.
   * @param times no line before `sinceMs` passes, and none at or after `untilMs`: they need not be read. null: any may pass
   * @param judge which entries are wanted; null: all
   */
  async last(
    count: number,
    passes: LineFilter,
    times: TimeLimits = NO_LIMITS,
    judge: EntryJudge | null = null,
  ): Promise<LogLine[]> {
    const { sinceMs, untilMs } = times;
    if (this.file.gzip) return lastOf(this.forward(beginOf(sinceMs, judge)), count, forwardFilter(passes, judge));
    if (judge === null) return lastOfReversed(this.backward(untilMs), count, passes, sinceMs);
    const isBeyond = (batch: LogLine[]) => sinceMs !== null && isBefore(batch, sinceMs);
    return lastEntriesOfReversed(this.backward(untilMs), count, { passes, judge, isBeyond });
  }

  /** A `forward` or `last` that is under way ends after the block it is reading. */
  stop(): void {
    this.isStopped = true;
  }
}
