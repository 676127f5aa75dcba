// The order of the table of services: sorted by a column, or in groups. Pure.
import { selectedRow } from './model/rows.ts';
import type { SortOrder } from './model/sort.ts';
import type { UiState } from './model/state.ts';

export function reverseSort(state: UiState): UiState {
  const { sort } = state;
  return sortBy(
    state,
    sort === null ? { column: 'name', isReversed: true } : { ...sort, isReversed: !sort.isReversed },
  );
}

/** Keys must not act on the row that happens to be first: the row under the cursor is selected, its output is not. */
export function sortBy(state: UiState, sort: SortOrder): UiState {
  const selected = selectedRow(state)?.id ?? null;
  return { ...state, sort, selected, allOutput: state.allOutput || state.selected === null };
}

/** The selected row stays selected: it is in its group, and of a group its first service. */
export function group(state: UiState): UiState {
  const row = state.selected === null ? null : selectedRow(state);
  const selected = row?.kind === 'group' ? row.services[0]!.name : state.selected;
  return { ...state, selected, groupsByTag: !state.groupsByTag };
}
