// Which lines of the output the user wants to see. The lines that are read from the log pass it; it is not asked in each frame.
import type { LineFilter } from '../../logs/reader/log-line.ts';
import { passesFilterRaw } from './buffered-line.ts';
import { searchPattern } from './search-pattern.ts';
import type { UiState } from './state.ts';

/** `key`: differs where the filter does. `passes`: null for all lines. */
export function outputFilter(state: UiState): { key: string; passes: LineFilter | null } {
  const text = acceptedFilter(state);
  const pattern = searchPattern(text);
  return { key: text, passes: pattern === null ? null : (line) => passesFilterRaw(line, pattern) };
}

/** While it is typed, a filter only hides lines that are there. */
function acceptedFilter({ overlay, lineFilter }: UiState): string {
  return overlay?.kind === 'search' && overlay.of === 'lines' ? overlay.before : lineFilter;
}
