// The last lines of a file, of what can only be read from its start, or of what is read from its end. Lines are never
// spread into a call: a call takes only so many arguments.
import type { LogLine } from './log-line.ts';
import type { LineFilter } from './segment.ts';

/** So many more than wanted are held before those at the front are let go of. */
const HELD_LINES = 10_000;

/** @returns the last `count` lines that pass, oldest first; fewer where there are not so many. */
export async function lastOf(all: AsyncIterable<LogLine[]>, count: number, passes: LineFilter): Promise<LogLine[]> {
  let found: LogLine[] = [];
  for await (const lines of all) {
    for (const line of lines) if (passes(line)) found.push(line);
    if (found.length > count * 2 + HELD_LINES) found = found.slice(-count);
  }
  return found.slice(-count);
}

/** As `lastOf`, of batches that come newest first, each with its lines in file order; asks for no more than it needs. */
export async function lastOfReversed(
  batches: Iterable<LogLine[]> | AsyncIterable<LogLine[]>,
  count: number,
  passes: LineFilter,
): Promise<LogLine[]> {
  const found: LogLine[][] = [];
  let lines = 0;
  for await (const batch of batches) {
    const passing = batch.filter(passes);
    found.push(passing);
    lines += passing.length;
    if (lines >= count) break;
  }
  return found.reverse().flat().slice(-count);
}
