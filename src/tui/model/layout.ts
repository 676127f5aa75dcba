// How many lines each region of the main view gets: numbers in, numbers out.
import { holdLines } from '../../api/held-edit.ts';
import type { LogQueueStatus } from '../../api/protocol.ts';
import { tableRows } from './rows.ts';
import type { UiState } from './state.ts';

export type LayoutNeeds = {
  /** Lines of the frame, not of the terminal. */
  rows: number;
  /** Lines that the table would fill. */
  table: number;
  /** Lines of the configuration that is rejected or held, at most. */
  banner: number;
  /** A log queue in trouble is shown even without room for events. */
  hasQueueTrouble: boolean;
};
export type MainLayout = {
  header: number;
  banner: number;
  tableHead: number;
  table: number;
  paneTitle: number;
  pane: number;
  /** The rule above the events, with the log queues; alone where only those matter. */
  eventTitle: number;
  events: number;
  footer: number;
};

/**
 * The sum of all regions is `rows`. In a small terminal the table stays longest, then header and footer.
 */
export function planLayout({ rows, table, banner, hasQueueTrouble }: LayoutNeeds): MainLayout {
  const header = rows >= 2 ? 1 : 0;
  const footer = rows >= 4 ? 1 : 0;
  const bannerRows = Math.min(banner, Math.max(0, Math.floor((rows - header - footer) / 3)));
  const tableHead = rows >= 9 ? 1 : 0;
  const events = rows >= 40 ? 4 : rows >= 28 ? 3 : rows >= 18 ? 2 : 0;
  const eventTitle = events > 0 || (hasQueueTrouble && rows >= 8) ? 1 : 0;
  const open = Math.max(0, rows - header - footer - bannerRows - tableHead - events - eventTitle);
  // The output gets what the table leaves, but at least two fifths. Below 7 open lines the table gets all.
  const paneMin = open >= 7 ? Math.max(3, Math.floor(open * 0.4)) : 0;
  const tableRows = paneMin === 0 ? open : Math.max(1, Math.min(table, open - paneMin));
  const paneAll = paneMin === 0 ? 0 : open - tableRows;
  return {
    header,
    banner: bannerRows,
    tableHead,
    table: tableRows,
    paneTitle: paneAll > 0 ? 1 : 0,
    pane: Math.max(0, paneAll - 1),
    eventTitle,
    events,
    footer,
  };
}

/** From these sizes on the output is at the right of the services. */
const WIDE_FROM = { columns: 160, rows: 12 };
/** Between the two: a line with a blank at each side. */
const DIVIDER = 3;

/** Only in the main view. */
export function isWide({ size, view }: UiState): boolean {
  return view === 'main' && size.columns >= WIDE_FROM.columns && size.rows >= WIDE_FROM.rows;
}

/** Narrower tables need the room for more important columns. */
export function hasSparklines({ size }: UiState): boolean {
  return size.columns >= 140;
}

/** Columns of the table of services. */
export function tableColumns(state: UiState): number {
  const { columns } = state.size;
  return isWide(state) ? Math.max(80, Math.min(104, Math.floor(columns * 0.45))) : columns;
}

/** Columns of the output of services. */
export function paneColumns(state: UiState): number {
  const { columns } = state.size;
  return isWide(state) ? columns - tableColumns(state) - DIVIDER : columns;
}

/** Table and output get all lines that the others leave, side by side. */
function planWideLayout(needs: LayoutNeeds): MainLayout {
  const { rows } = needs;
  const plan = planLayout(needs);
  const open = rows - plan.header - plan.footer - plan.banner - plan.eventTitle - plan.events;
  return { ...plan, tableHead: 1, table: open - 1, paneTitle: 1, pane: open - 1 };
}

/** First visible of `count` items in `height` lines so that `selected` shows, in the middle where possible. */
export function firstVisible(count: number, height: number, selected: number): number {
  return Math.max(0, Math.min(selected - Math.floor(height / 2), count - height));
}

/** First visible row of the table of services. @param selected index of a row */
export function tableStart({ tableTop }: UiState, count: number, height: number, selected: number): number {
  return tableTop === null ? firstVisible(count, height, selected) : Math.max(0, Math.min(tableTop, count - height));
}

/** The last line of the terminal stays empty, so that no output makes it scroll. */
export function frameHeight(state: UiState): number {
  return Math.max(1, state.size.rows - 1);
}

/** Lines between header and footer in every view but the main one. */
export function bodyHeight(state: UiState): number {
  const rows = frameHeight(state);
  return rows - (rows >= 2 ? 1 : 0) - (rows >= 3 ? 1 : 0);
}

/** The layout of the main view: the view draws it, the reducer scrolls in it. */
export function layoutOf(state: UiState, tableCount = tableRows(state).length): MainLayout {
  const plan = isWide(state) ? planWideLayout : planLayout;
  return plan({
    rows: frameHeight(state),
    table: Math.max(1, tableCount),
    banner: bannerRowsNeeded(state),
    hasQueueTrouble: (state.status?.logQueues ?? []).some(isQueueInTrouble),
  });
}

/** Lines of output that a page is long in the current view. */
export function pageHeight(state: UiState): number {
  if (state.view === 'main') return Math.max(1, layoutOf(state).pane);
  return listHeight(state);
}

/** Lines of a list or panel on the whole screen: under header and title, over the footer. */
export function listHeight(state: UiState): number {
  return Math.max(1, frameHeight(state) - 3);
}

/** A queue that loses lines, cannot write, or will soon make its producers wait. */
export function isQueueInTrouble(queue: LogQueueStatus): boolean {
  return queue.error !== null || queue.droppedLines > 0 || queue.depthBytes * 2 > queue.capacityBytes;
}

function bannerRowsNeeded(state: UiState): number {
  const config = state.status?.config;
  if (config === undefined) return 0;
  const held = holdLines(config).length + (state.lostSinceMs === null ? 0 : 1);
  if (config.status !== 'rejected') return held;
  const [first, ...more] = config.problems.filter((problem) => problem.severity === 'error');
  // Position and message, the hint, the line with its caret, and how many more there are.
  return held + 1 + (first?.hint ? 1 : 0) + (first?.excerpt ? 2 : 0) + (more.length > 0 ? 1 : 0);
}
