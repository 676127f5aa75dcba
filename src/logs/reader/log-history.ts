// Reads past lines from a place on, older or newer, as a reader scrolls through all files of its queues. Opens the files for
// one read and closes them after it: they may be rotated, compressed or deleted in between.
import { beginOf, type EntryJudge } from './entry-filter.ts';
import type { LineFilter, LogLine } from './log-line.ts';
import { openQueueFiles } from './queue-files.ts';
import { readSegments } from './read-logs.ts';
import type { LogQueueFile, Segment } from './segment.ts';

export type HistorySelection = {
  queues: LogQueueFile[];
  /** Names of instances or services; null: all. */
  instances: ReadonlySet<string> | null;
  /** Earlier lines are not wanted; null: all are. */
  sinceMs: number | null;
};

/** Next to a line of that time. `same`: how many wanted lines of the same time lie between the place and those to be read. */
export type LogPlace = { timeMs: number; same: number };

/** Lines in time order. `isAll`: no more were there. */
export type HistoryLines = { lines: LogLine[]; isAll: boolean };

/** `file`: how many of the `files` were begun. */
type OnFile = (progress: { file: number; files: number }) => void;

export class HistoryRead {
  readonly #queues: Segment[][];
  readonly #instances: ReadonlySet<string> | null;
  readonly #sinceMs: number | null;
  readonly #where: LineFilter;
  readonly #entries: EntryJudge | null;
  readonly #onFile: OnFile;
  #isStopped = false;

  /** @param where only lines that pass are wanted. `entries`: and only of these entries; null: of all */
  constructor(
    { queues, instances, sinceMs }: HistorySelection,
    where: LineFilter,
    entries: EntryJudge | null = null,
    onFile: OnFile = () => undefined,
  ) {
    this.#queues = queues.map((queue) => openQueueFiles(queue, 'utf8', beginOf(sinceMs, entries)).segments);
    this.#entries = entries;
    this.#onFile = onFile;
    this.#instances = instances;
    this.#sinceMs = sinceMs;
    this.#where = where;
  }

  /** The last `count` wanted lines before the place. */
  async before({ timeMs, same }: LogPlace, count: number): Promise<HistoryLines> {
    const lines: LogLine[] = [];
    const limits = { tail: count + same, sinceMs: this.#sinceMs, untilMs: timeMs + 1 };
    for await (const batch of this.#read(limits)) for (const line of batch) lines.push(line);
    const isAll = lines.length < count + same && !this.#isStopped;
    const end = lines.length - same;
    return { lines: lines.slice(Math.max(0, end - count), Math.max(0, end)), isAll };
  }

  /** The first `count` wanted lines from the place on. @param untilMs before this time; null: to the end */
  async from({ timeMs, same }: LogPlace, count: number, untilMs: number | null = null): Promise<HistoryLines> {
    const lines: LogLine[] = [];
    for await (const batch of this.#read({ tail: null, sinceMs: Math.max(timeMs, this.#sinceMs ?? 0), untilMs })) {
      for (const line of batch) lines.push(line);
      if (lines.length > count + same) break;
    }
    return { lines: lines.slice(same, same + count), isAll: lines.length <= count + same && !this.#isStopped };
  }

  /** All wanted lines before a time. */
  all(untilMs: number): AsyncGenerator<LogLine[]> {
    return this.#read({ tail: null, sinceMs: this.#sinceMs, untilMs });
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** A read under way ends after the block it is reading, with what it has found. */
  stop(): void {
    this.#isStopped = true;
    for (const segment of this.#queues.flat()) segment.stop();
  }

  /** Not while a read is under way. */
  close(): void {
    for (const segment of this.#queues.flat()) segment.close();
  }

  #read(limits: { tail: number | null; sinceMs: number | null; untilMs: number | null }): AsyncGenerator<LogLine[]> {
    const files = this.#queues.flat().length;
    let file = 0;
    const onFile = () => this.#onFile({ file: ++file, files });
    const wanted = { instances: this.#instances, where: this.#where, entries: this.#entries };
    return readSegments(this.#queues, { queues: [], grep: null, onFile, ...wanted, ...limits });
  }
}
