// Reads queues: all their files, also rotated and gzipped ones, merged in time order. Works without supervisor and writer.
// follow-logs.ts reads the lines that are written from now on.
import { beginOf, type EntryJudge, forwardFilter } from './entry-filter.ts';
import { type Decoding, type LineFilter, type LogLine, lastOf } from './log-line.ts';
import { openQueueFiles } from './queue-files.ts';
import type { LogQueueFile, Segment } from './segment.ts';

/** Which lines of which queues are wanted. */
export type LogSelection = {
  queues: LogQueueFile[];
  /** Names of instances or services; null: all. */
  instances: ReadonlySet<string> | null;
  decoding?: Decoding;
};

export type ReadOptions = LogSelection & {
  /** Only the last `tail` lines of those that pass everything else; null: all. */
  tail: number | null;
  /** From this time on; null: from the beginning. */
  sinceMs: number | null;
  /** Before this time; null: to the end. */
  untilMs: number | null;
  grep: RegExp | null;
  /** What lines must pass as well. */
  where?: LineFilter;
  /** Which entries are wanted; default: all. */
  entries?: EntryJudge | null;
  /** Another file is read, or need not be. */
  onFile?(): void;
};

/** Batches of lines in time order. The files stay open until the generator is exhausted or returned. */
export async function* readLogs(options: ReadOptions): AsyncGenerator<LogLine[]> {
  const decoding = options.decoding ?? 'utf8';
  const queues = options.queues.map(
    (queue) => openQueueFiles(queue, decoding, beginOf(options.sinceMs, options.entries ?? null)).segments,
  );
  try {
    yield* readSegments(queues, options);
  } finally {
    for (const segment of queues.flat()) segment.close();
  }
}

/** As `readLogs`, of segments that the caller opens and closes. */
export async function* readSegments(queues: Segment[][], options: ReadOptions): AsyncGenerator<LogLine[]> {
  const passes = lineFilter(options);
  if (options.tail !== null) {
    const lines = await lastLines(queues, options, options.tail, passes);
    if (lines.length > 0) yield lines;
    return;
  }
  const isWanted = forwardFilter(passes, options.entries ?? null);
  for await (const lines of mergeByTime(queues.map((segments) => sequenceOf(segments, options)))) {
    const passing = lines.filter(isWanted);
    if (passing.length > 0) yield passing;
  }
}

/** Selects by instance, time and text. Gap marks pass every grep: they show that lines are missing. */
export function lineFilter(
  options: Pick<ReadOptions, 'instances' | 'sinceMs' | 'untilMs' | 'grep' | 'where' | 'decoding'>,
): LineFilter {
  const { instances, grep, where } = options;
  const text = options.decoding === 'latin1' ? utf8Of : (line: string) => line;
  const sinceMs = options.sinceMs ?? Number.NEGATIVE_INFINITY;
  const untilMs = options.untilMs ?? Number.POSITIVE_INFINITY;
  return (line) =>
    line.timeMs >= sinceMs &&
    line.timeMs < untilMs &&
    (instances === null || instances.has(line.instance) || instances.has(line.service)) &&
    (grep === null || line.gap !== undefined || grep.test(text(line.line))) &&
    (where === undefined || where(line));
}

async function* sequenceOf(segments: Segment[], options: ReadOptions): AsyncGenerator<LogLine[]> {
  for (const segment of segments) {
    options.onFile?.();
    for await (const lines of segment.forward(beginOf(options.sinceMs, options.entries ?? null))) {
      yield lines;
      const last = lines.at(-1);
      if (options.untilMs !== null && last !== undefined && last.timeMs >= options.untilMs) return;
    }
  }
}

async function lastLines(
  queues: Segment[][],
  options: ReadOptions,
  count: number,
  passes: LineFilter,
): Promise<LogLine[]> {
  if (count === 0) return [];
  // From the end, so that old files are not read.
  const perQueue = queues.map((segments) => singleBatch(() => lastOfQueue(segments, count, passes, options)));
  return lastOf(mergeByTime(perQueue), count, passes);
}

async function lastOfQueue(
  segments: Segment[],
  count: number,
  passes: LineFilter,
  options: ReadOptions,
): Promise<LogLine[]> {
  let found: LogLine[] = [];
  for (let at = segments.length - 1; at >= 0 && found.length < count; at -= 1) {
    options.onFile?.();
    if (isAllAfter(segments[at - 1], options.untilMs)) continue;
    const lines = await segments[at]!.last(count - found.length, passes, options, options.entries);
    found = [...lines, ...found];
  }
  return found;
}

/** A line has the time when it was read; it may wait that long before it is written, into the next file. */
const LATEST_WRITE_MS = 10 * 60_000;

/** The file after this one has only lines at or after the time: it need not be read, nor decompressed. */
function isAllAfter(before: Segment | undefined, timeMs: number | null): boolean {
  return timeMs !== null && before?.closedMs != null && before.closedMs - LATEST_WRITE_MS >= timeMs;
}

async function* singleBatch(read: () => Promise<LogLine[]>): AsyncGenerator<LogLine[]> {
  yield await read();
}

/** The text of a line whose characters are its bytes. */
function utf8Of(line: string): string {
  return Buffer.from(line, 'latin1').toString('utf8');
}

const BATCH_LINES = 1000;

/** Merges sequences by time. Each sequence keeps its own order; equal times keep the order of the sequences. */
async function* mergeByTime(sequences: AsyncGenerator<LogLine[]>[]): AsyncGenerator<LogLine[]> {
  const heads = (await Promise.all(sequences.map(nextHead))).filter((head) => head !== null);
  if (heads.length === 1) {
    yield heads[0]!.lines;
    yield* heads[0]!.sequence;
    return;
  }
  let batch: LogLine[] = [];
  while (heads.length > 0) {
    const head = earliest(heads);
    batch.push(head.lines[head.at]!);
    head.at += 1;
    if (head.at === head.lines.length) await advance(heads, head);
    if (batch.length >= BATCH_LINES) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

type MergeHead = { sequence: AsyncGenerator<LogLine[]>; lines: LogLine[]; at: number };

async function nextHead(sequence: AsyncGenerator<LogLine[]>): Promise<MergeHead | null> {
  for (;;) {
    const { value, done } = await sequence.next();
    if (done) return null;
    if (value.length > 0) return { sequence, lines: value, at: 0 };
  }
}

function earliest(heads: MergeHead[]): MergeHead {
  let best = heads[0]!;
  for (const head of heads) if (head.lines[head.at]!.timeMs < best.lines[best.at]!.timeMs) best = head;
  return best;
}

async function advance(heads: MergeHead[], head: MergeHead): Promise<void> {
  const next = await nextHead(head.sequence);
  if (next === null) heads.splice(heads.indexOf(head), 1);
  else heads[heads.indexOf(head)] = next;
}
