// A filter for lines that belong together: those of a stack trace are wanted or not with the line that began the entry. Works
// forward, and for batches that are read newest first. Pure.
import { type LineFilter, type LogLine, streamOf } from './log-line.ts';

/** Whether the entry that begins with this line is wanted; null: the line continues the one before it. */
export type EntryJudge = (line: LogLine) => boolean | null;

/** A program writes an entry at once. A later line does not belong to it. */
export const ENTRY_MS = 1000;

/** Asked in the order of the files. */
export class EntryFilter {
  readonly #judge: EntryJudge;
  /** The last entry of each stream. */
  readonly #entries = new Map<string, { begunMs: number; isWanted: boolean }>();
  #firstMs: number | null = null;

  constructor(judge: EntryJudge) {
    this.#judge = judge;
  }

  /** @returns null: its entry has begun before the first line that was asked for */
  verdict(line: LogLine): boolean | null {
    this.#firstMs ??= line.timeMs;
    if (line.gap !== undefined || line.unfinished) return true; // not a part of an entry
    const stream = streamOf(line);
    const isWanted = this.#judge(line);
    if (isWanted !== null) {
      this.#entries.set(stream, { begunMs: line.timeMs, isWanted });
      return isWanted;
    }
    const entry = this.#entries.get(stream);
    if (line.timeMs - (entry?.begunMs ?? this.#firstMs) > ENTRY_MS) return false;
    return entry?.isWanted ?? null;
  }
}

/** For lines in the order of the files: those that pass both. A line whose entry has begun before them does not. */
export function forwardFilter(passes: LineFilter, judge: EntryJudge | null): LineFilter {
  if (judge === null) return passes;
  const entries = new EntryFilter(judge);
  return (line) => entries.verdict(line) === true && passes(line);
}

/** From which time on lines are read forward, so that entries of lines from `sinceMs` on are known. null, 0: from the beginning */
export function beginOf(sinceMs: number | null, judge: EntryJudge | null): number {
  return Math.max(0, (sinceMs ?? 0) - (judge === null ? 0 : ENTRY_MS));
}

type KeptLine = { line: LogLine; isIn: boolean | null };

/**
 * The last `count` lines that pass both, of batches that come newest first, each in file order; reads no more than it needs.
 * @param isBeyond no line of this batch, and of those after it, passes
 */
export async function lastEntriesOfReversed(
  batches: AsyncIterable<LogLine[]>,
  count: number,
  { passes, judge, isBeyond }: { passes: LineFilter; judge: EntryJudge; isBeyond(batch: LogLine[]): boolean },
): Promise<LogLine[]> {
  const kept: KeptLine[][] = [];
  let waiting: KeptLine[] = [];
  for await (const batch of batches) {
    const entries = new EntryFilter(judge);
    const added: KeptLine[] = [];
    for (const line of batch) {
      const isIn = entries.verdict(line);
      if (isIn !== false && passes(line)) added.push({ line, isIn });
    }
    // Lines of newer batches follow this one: their entry is the last one here of their stream.
    for (const each of waiting) each.isIn = entries.verdict(each.line);
    waiting = [...added, ...waiting].filter(({ isIn }) => isIn === null);
    kept.push(added);
    const found = kept.reduce((sum, lines) => sum + lines.filter(({ isIn }) => isIn).length, 0);
    if (waiting.length === 0 && (found >= count || isBeyond(batch))) break;
  }
  return kept
    .reverse()
    .flat()
    .flatMap(({ line, isIn }) => (isIn ? [line] : []))
    .slice(-count);
}
