// The last lines of what can only be read from its start.
import type { LogLine } from './log-line.ts';
import type { LineFilter } from './segment.ts';

/** So many more than wanted are held before those at the front are let go of. */
const HELD_LINES = 10_000;

/** @returns the last `count` lines that pass, oldest first; fewer where there are not so many. */
export async function lastOf(all: AsyncIterable<LogLine[]>, count: number, passes: LineFilter): Promise<LogLine[]> {
  let found: LogLine[] = [];
  for await (const lines of all) {
    found.push(...lines.filter(passes));
    if (found.length > count * 2 + HELD_LINES) found = found.slice(-count);
  }
  return found.slice(-count);
}
