// Whose output is on screen: of all until something is selected, then of that. Pure.
import { selectedIndex, tableRows } from './rows.ts';
import type { UiState } from './state.ts';

export type OutputTarget = {
  title: string;
  /** Services or instances; empty: all. */
  names: string[];
  /** May lines of several instances meet, so that each line needs its name? */
  isMixed: boolean;
  /** Columns of the longest name that can occur. */
  nameWidth: number;
};

export function outputTarget(state: UiState): OutputTarget {
  const services = state.status?.services ?? [];
  const ids = services.flatMap((service) => service.instances.map((instance) => instance.id));
  if (state.allOutput || state.selected === null || services.length === 0) {
    return { title: 'all output', names: [], isMixed: true, nameWidth: longest(ids) };
  }
  const rows = tableRows(state);
  const row = rows[selectedIndex(rows, state.selected)];
  if (row === undefined) return { title: 'all output', names: [], isMixed: true, nameWidth: longest(ids) };
  if (row.kind === 'instance') return { title: row.id, names: [row.id], isMixed: false, nameWidth: row.id.length };
  const own = row.service.instances.map((instance) => instance.id);
  return { title: row.id, names: [row.id], isMixed: row.kind === 'pool', nameWidth: longest(own) };
}

function longest(names: readonly string[]): number {
  return names.reduce((most, name) => Math.max(most, name.length), 4);
}
