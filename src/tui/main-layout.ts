// The layout of the main view for a state: shared by the view, which draws it, and the reducer, which scrolls in it.
import type { LogQueueStatus } from '../api/protocol.ts';
import { type Layout, planLayout } from './layout.ts';
import { tableRows } from './rows.ts';
import type { UiState } from './state.ts';

/** The last line of the terminal stays empty: nothing can make it scroll then. */
export function frameRows(state: UiState): number {
  return Math.max(1, state.size.rows - 1);
}

export function mainLayout(state: UiState, tableCount = tableRows(state).length): Layout {
  return planLayout({
    rows: frameRows(state),
    table: Math.max(1, tableCount),
    banner: bannerNeed(state),
    queueTrouble: (state.status?.logQueues ?? []).some(isInTrouble),
  });
}

/** Lines of output that a page is long in the current view. */
export function pageRows(state: UiState): number {
  if (state.view === 'main') return Math.max(1, mainLayout(state).pane);
  return Math.max(1, frameRows(state) - 3);
}

/** A queue that loses lines, cannot write, or makes its writers wait soon. */
export function isInTrouble(queue: LogQueueStatus): boolean {
  return queue.error !== null || queue.droppedLines > 0 || queue.depthBytes * 2 > queue.capacityBytes;
}

function bannerNeed(state: UiState): number {
  const config = state.status?.config;
  if (config === undefined || config.status === 'applied') return 0;
  const [first, ...more] = config.problems.filter((problem) => problem.severity === 'error');
  // Position and message, the hint, the line with its caret, and how many more there are.
  return 1 + (first?.hint ? 1 : 0) + (first?.excerpt ? 2 : 0) + (more.length > 0 ? 1 : 0);
}
