// Where the lists stand after a scroll key: outputs and events by the line at the bottom, panels by the line at the top.
import type { EventRecord } from '../api/protocol.ts';
import type { LinePattern, LogView } from './log-ring.ts';
import { frameRows } from './main-layout.ts';
import type { Overlay, UiState } from './state.ts';
import { panelLines } from './view/panel.ts';

type Step = { /** Lines, down positive; infinite: to the end. */ delta: number; page: number; pattern: LinePattern };

/** @returns the lowest visible line; null: the newest, and follow. The oldest lines never leave a page half empty. */
export function scrollLog(log: LogView, bottom: number | null, { delta, page, pattern }: Step): number | null {
  if (delta === Infinity) return null;
  const lowest = log.top(page, pattern);
  if (lowest === null || delta === -Infinity) return lowest === log.lastSeq ? null : lowest;
  const moved = log.step(bottom, delta, pattern);
  if (moved === null) return null;
  const clamped = Math.max(moved, lowest);
  return clamped >= log.lastSeq ? null : clamped;
}

/** The same for the events of the event view. */
export function scrollEvents(state: UiState, delta: number, page: number, pattern: LinePattern): number | null {
  const events = matchingEvents(state.events, pattern);
  if (delta === Infinity || events.length <= page) return null;
  const last = events.length - 1;
  const at = state.eventBottom === null ? last : indexOfSeq(events, state.eventBottom);
  const to = Math.max(page - 1, at + delta);
  return to >= last ? null : events[to]!.seq;
}

export function matchingEvents(events: readonly EventRecord[], pattern: LinePattern): readonly EventRecord[] {
  if (pattern === null) return events;
  return events.filter((event) =>
    pattern.test(`${event.type} ${event.instance ?? event.service ?? ''} ${event.message}`),
  );
}

/** The event with that number, or the next older one that is there. */
export function indexOfSeq(events: readonly EventRecord[], seq: number): number {
  const after = events.findIndex((event) => event.seq > seq);
  return Math.max(0, (after === -1 ? events.length : after) - 1);
}

export function scrollOverlay<Panel extends Extract<Overlay, { scroll: number }>>(
  state: UiState,
  overlay: Panel,
  delta: number,
): Panel {
  const most = Math.max(0, panelLines(overlay, state.size.columns).length - panelRows(state));
  return { ...overlay, scroll: Math.max(0, Math.min(most, overlay.scroll + delta)) };
}

/** Lines of a panel that fit under the header, over the footer, and under its own title. */
export function panelRows(state: UiState): number {
  return Math.max(1, frameRows(state) - 3);
}
