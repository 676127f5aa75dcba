// When the same state will look different: an uptime on the screen, a notice that ends, the clock of a shutdown. Pure.
import { formatAge } from '../../units.ts';
import { layoutOf, tableStart } from '../model/layout.ts';
import { selectedIndex, tableRows } from '../model/rows.ts';
import { isPanel, type UiState } from '../model/state.ts';

/** @returns wall clock, ms; null: never. */
export function nextChangeMs(state: UiState, nowMs: number): number | null {
  const { notice } = state;
  const noticeEndMs = notice !== null && notice.untilMs > nowMs ? notice.untilMs : Infinity;
  const soonest = Math.min(noticeEndMs, nowMs + untilBodyChanges(state, nowMs));
  return soonest === Infinity ? null : soonest;
}

function untilBodyChanges(state: UiState, nowMs: number): number {
  if (state.shutdown !== null) return 1000 - ((nowMs - state.shutdown.sinceMs) % 1000);
  const isCovered = isPanel(state.overlay) || state.overlay?.kind === 'palette';
  return isCovered || state.view !== 'main' ? Infinity : untilUptimeChanges(state, nowMs);
}

function untilUptimeChanges(state: UiState, nowMs: number): number {
  const rows = tableRows(state);
  const { table } = layoutOf(state, rows.length);
  const start = tableStart(state, rows.length, table, selectedIndex(rows, state.selected));
  let soonest = Infinity;
  for (const row of rows.slice(start, start + table)) {
    if (!('instance' in row) || row.instance.startedAt === null) continue;
    soonest = Math.min(soonest, formatAge(nowMs - Date.parse(row.instance.startedAt)).nextMs);
  }
  return soonest;
}
