// Leaves services and instances out of the output of all services. Pure.
import { selectedRow, servicesOf, type TableRow } from './model/rows.ts';
import { noticeOf, type UiState } from './model/state.ts';

/** What is selected: an instance of a pool, a service, those of a group; if all of it is left out already, it comes back. */
export function mute(state: UiState, nowMs: number): UiState {
  const row = selectedRow(state);
  if (row === null) return state;
  const names = row.kind === 'instance' ? [row.id] : servicesOf(row).map(({ name }) => name);
  const isBack = names.every((name) => isMuted(state, name));
  const text = `the output of all services ${isBack ? 'has' : 'leaves out'} ${names.join(', ')}`;
  const muted = isBack ? unmuted(state, row, names) : [...withoutAll(state.muted, row), ...names];
  return { ...state, muted, notice: noticeOf(text, 'good', nowMs) };
}

const isMuted = ({ muted }: UiState, name: string): boolean =>
  muted.includes(name) || muted.includes(name.split('.')[0]!);

/** Of a pool that is left out, the other instances stay left out. */
function unmuted(state: UiState, row: TableRow, names: readonly string[]): string[] {
  if (row.kind !== 'instance') return withoutAll(state.muted, row);
  const { name, instances } = row.service;
  const others = state.muted.filter((each) => each !== name && !names.includes(each));
  if (!state.muted.includes(name)) return others;
  return [...others, ...instances.map(({ id }) => id).filter((id) => !names.includes(id))];
}

/** Neither the services of the row nor their instances; of an instance: itself. */
function withoutAll(muted: readonly string[], row: TableRow): string[] {
  if (row.kind === 'instance') return muted.filter((each) => each !== row.id);
  const services = servicesOf(row);
  return muted.filter((each) => !services.some(({ name }) => each === name || each.startsWith(`${name}.`)));
}
