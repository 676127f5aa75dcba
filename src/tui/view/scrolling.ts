// The scroll position after a scroll key: of output and events the line at the bottom, of panels the line at the top.
import type { EventRecord } from '../../api/protocol.ts';
import type { BufferedLine } from '../model/buffered-line.ts';
import { listHeight } from '../model/layout.ts';
import type { LogView } from '../model/log-ring.ts';
import { isMatch, type SearchPattern } from '../model/search-pattern.ts';
import type { PanelOverlay, UiState } from '../model/state.ts';
import { panelLines } from './panel.ts';

/** `height`: lines of the screen. `rowsOf`: how many of them a line of the log takes, at most all; default: one. */
export type ScrollPage = { height: number; pattern: SearchPattern; rowsOf?: (line: BufferedLine) => number };

/** @param delta lines, down positive; infinite: to the end. @returns the lowest visible line; null: the newest, and follow. */
export function scrollLog(log: LogView, bottom: number | null, delta: number, page: ScrollPage): number | null {
  if (delta === Infinity) return null;
  const lowest = firstPageBottom(log, page);
  if (lowest === null || delta === -Infinity) return lowest;
  const moved = log.step(bottom, delta, page.pattern);
  if (moved === null) return null;
  const clamped = Math.max(moved, lowest);
  return clamped >= log.lastSeq ? null : clamped;
}

/** How many lines of the log a page up (negative) or down is: those that are whole on it. */
export function pageDelta(log: LogView, bottom: number | null, direction: -1 | 1, page: ScrollPage): number {
  const { height, pattern } = page;
  if (direction === -1) return -fittingCount(log.window(bottom, height, pattern).reverse(), page);
  return fittingCount(log.after(bottom ?? log.lastSeq, height, pattern), page);
}

/** The last whole line of the page that begins with the oldest; null: all lines fit on it. */
function firstPageBottom(log: LogView, page: ScrollPage): number | null {
  const lines = log.after(null, page.height, page.pattern);
  const last = lines[fittingCount(lines, page) - 1];
  return last === undefined || log.after(last.seq, 1, page.pattern).length === 0 ? null : last.seq;
}

/** The bottom of a page with that line in its middle, or at its top; null: all lines fit on one page, which follows. */
export function pageAround(log: LogView, seq: number, at: 'middle' | 'top', page: ScrollPage): number | null {
  const { height, pattern, rowsOf = () => 1 } = page;
  const lowest = firstPageBottom(log, page);
  if (lowest === null) return null;
  const own = log.window(seq, 1, pattern);
  const room = height - own.reduce((sum, each) => sum + rowsOf(each), 0);
  const below = log.after(seq, at === 'middle' ? Math.floor(height / 2) : height - 1, pattern);
  const bottom = below[wholeCount(below, { ...page, height: room }) - 1]?.seq ?? seq;
  return Math.max(bottom, lowest);
}

/** The bottom of the nearest page that shows that line from its start. */
export function pageShowing(log: LogView, bottom: number, seq: number, page: ScrollPage): number {
  if (seq >= bottom) return seq;
  const { height, pattern, rowsOf = () => 1 } = page;
  const lines = log.window(bottom, height, pattern).filter((line) => line.seq >= seq);
  const rows = lines.reduce((sum, line) => sum + rowsOf(line), 0);
  const isShown = lines[0]?.seq === seq && rows <= height;
  return isShown ? bottom : (pageAround(log, seq, 'top', page) ?? bottom);
}

/** How many of the lines, from the first, fit on a page; at least one, though it may be longer than the page. */
function fittingCount(lines: readonly BufferedLine[], page: ScrollPage): number {
  return Math.max(1, wholeCount(lines, page));
}

function wholeCount(lines: readonly BufferedLine[], { height, rowsOf = () => 1 }: ScrollPage): number {
  let count = 0;
  for (let left = height; count < lines.length; count++) {
    left -= rowsOf(lines[count]!);
    if (left < 0) break;
  }
  return count;
}

/** The same for the events of the event view. */
export function scrollEvents(state: UiState, delta: number, page: number, pattern: SearchPattern): number | null {
  const events = matchingEvents(state.events, pattern);
  if (delta === Infinity || events.length <= page) return null;
  const last = events.length - 1;
  const at = state.eventBottom === null ? last : indexOfSeq(events, state.eventBottom);
  const to = Math.max(page - 1, at + delta);
  return to >= last ? null : events[to]!.seq;
}

export function matchingEvents(events: readonly EventRecord[], pattern: SearchPattern): readonly EventRecord[] {
  if (pattern === null) return events;
  return events.filter((event) =>
    isMatch(pattern, `${event.type} ${event.instance ?? event.service ?? ''} ${event.message}`),
  );
}

/** The event with that number, or the next older one that is there. */
export function indexOfSeq(events: readonly EventRecord[], seq: number): number {
  const after = events.findIndex((event) => event.seq > seq);
  return Math.max(0, (after === -1 ? events.length : after) - 1);
}

export function scrollOverlay<Panel extends PanelOverlay>(state: UiState, overlay: Panel, delta: number): Panel {
  const most = Math.max(0, panelLines(overlay, state.size.columns).length - listHeight(state));
  return { ...overlay, scroll: Math.max(0, Math.min(most, overlay.scroll + delta)) };
}
