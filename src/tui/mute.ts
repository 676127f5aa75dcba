// Leaves services out of the output of all services. Pure.
import { selectedRow, servicesOf } from './model/rows.ts';
import { noticeOf, type UiState } from './model/state.ts';

/** The selected service, or those of the selected group; if all of them are left out already, they come back. */
export function mute(state: UiState, nowMs: number): UiState {
  const row = selectedRow(state);
  if (row === null) return state;
  const names = servicesOf(row).map(({ name }) => name);
  const others = state.muted.filter((name) => !names.includes(name));
  const isBack = names.every((name) => state.muted.includes(name));
  const text = `the output of all services ${isBack ? 'has' : 'leaves out'} ${names.join(', ')}`;
  return { ...state, muted: isBack ? others : [...others, ...names], notice: noticeOf(text, 'good', nowMs) };
}
