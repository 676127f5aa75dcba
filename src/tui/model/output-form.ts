// What the output looks like in a file, and up to where it is written.
import type { LogPlace } from '../../logs/reader/log-history.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';

export type OutputForm = {
  /** Ends with a newline. */
  textOf(line: LogLine): string;
  /** Times of the marks of the user, oldest first. */
  marks: readonly number[];
  /** Later lines are left out: a log that grows has an end. */
  untilMs: number;
  /** The lowest line on screen: `same` counts it and those above it with the same time; null: the last line of the log. */
  bottom: LogPlace | null;
};
