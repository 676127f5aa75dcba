// The row that commands act on, whichever view is shown. Pure.
import { chosenNode } from './graph.ts';
import { namedRows, selectedRow, type TableRow } from './rows.ts';
import type { UiState } from './state.ts';

/** null: there is none. */
export function rowUnderCursor(state: UiState): TableRow | null {
  if (state.view !== 'graph') return selectedRow(state);
  const services = state.status?.services ?? [];
  const node = chosenNode(services, state.graph);
  return node === null ? null : (namedRows(services).find(({ id }) => id === node.name) ?? null);
}
