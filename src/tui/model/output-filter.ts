// Which lines of the output the user wants to see. The lines that are read from the log pass it; it is not asked in each frame.
import type { EntryJudge } from '../../logs/reader/entry-filter.ts';
import type { LineFilter } from '../../logs/reader/log-line.ts';
import { plainText } from './buffered-line.ts';
import { passesLevel } from './level.ts';
import { outputTarget } from './rows.ts';
import { isMatch, searchPattern } from './search-pattern.ts';
import type { UiState } from './state.ts';

export type OutputFilter = {
  /** Differs where the filter does. */
  key: string;
  /** null: all lines */
  passes: LineFilter | null;
  /** By their level: lines of a stack trace are shown with the line that they belong to. null: all */
  entries: EntryJudge | null;
  /** Earlier lines are not shown; null: all are. */
  sinceMs: number | null;
};

export function outputFilter(state: UiState): OutputFilter {
  const { levels, range } = state;
  const sinceMs = range?.sinceMs ?? null;
  const text = acceptedFilter(state);
  const pattern = searchPattern(text);
  const muted = new Set(outputTarget(state).names.length === 0 ? state.muted : []);
  const key = JSON.stringify([text, levels, sinceMs, ...muted]);
  const entries: EntryJudge | null = levels === null ? null : (line) => passesLevel(plainText(line), levels);
  if (pattern === null && muted.size === 0) return { key, passes: null, entries, sinceMs };
  const passes: LineFilter = (line) =>
    !muted.has(line.service) &&
    !muted.has(line.instance) &&
    (pattern === null || isMatch(pattern, plainText(line), line.instance));
  return { key, passes, entries, sinceMs };
}

/** While it is typed, a filter only hides lines that are there. */
function acceptedFilter({ overlay, lineFilter }: UiState): string {
  return overlay?.kind === 'search' && overlay.of === 'lines' ? overlay.before : lineFilter;
}
