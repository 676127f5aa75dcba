// What is at a place of the screen, by rows and columns alone. Pure.
import { bodyHeight, isWide, layoutOf, tableColumns } from './layout.ts';
import { isPanel, type UiState } from './state.ts';

/** `line`: from 0, of the part. */
export type ScreenPlace = { part: 'table' | 'output' | 'events' | 'page' | 'panel' | 'palette'; line: number };

/** Of the output on screen, titles not counted. */
export type OutputArea = { top: number; height: number };

/** null: titles, the last line, or nothing at all. Rows and columns from 0. */
export function placeAt(state: UiState, { column, row }: { column: number; row: number }): ScreenPlace | null {
  const { overlay } = state;
  const list = partOf(outputArea({ ...state, view: 'logs' }), row);
  if (overlay?.kind === 'palette' || isPanel(overlay)) {
    return list === null ? null : { part: overlay.kind === 'palette' ? 'palette' : 'panel', line: list };
  }
  if (state.view !== 'main') {
    const part = state.view === 'logs' ? 'output' : state.view === 'events' ? 'events' : 'page';
    return list === null ? null : { part, line: list };
  }
  const { header, banner, tableHead, table } = layoutOf(state);
  const isRight = isWide(state) && column >= tableColumns(state);
  const output = isWide(state) && !isRight ? null : partOf(outputArea(state), row);
  if (output !== null) return { part: 'output', line: output };
  const line = isRight ? null : partOf({ top: header + banner + tableHead, height: table }, row);
  return line === null ? null : { part: 'table', line };
}

export function outputArea(state: UiState): OutputArea {
  // Under the first line and the title.
  if (state.view !== 'main') return { top: 2, height: Math.max(0, bodyHeight(state) - 1) };
  const { header, banner, tableHead, table, paneTitle, pane } = layoutOf(state);
  const above = isWide(state) ? 0 : tableHead + table;
  return { top: header + banner + above + paneTitle, height: pane };
}

function partOf({ top, height }: OutputArea, row: number): number | null {
  return row >= top && row < top + height ? row - top : null;
}
