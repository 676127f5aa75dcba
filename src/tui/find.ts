// Searches in the output and reads on where the ring ends: which line is shown next, and what is asked of the log. Pure.

import { parseTimePoint, TIME_FORMS } from '../logs/reader/time-point.ts';
import type { Effect, LogRequest } from './model/effects.ts';
import { pageHeight } from './model/layout.ts';
import type { Direction, LogView } from './model/log-ring.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { searchPattern } from './model/search-pattern.ts';
import { noticeOf, type UiState } from './model/state.ts';
import { screenRowsOf } from './view/pane.ts';
import { pageAround, type ScrollPage } from './view/scrolling.ts';

/** Lines above the page, and below it, that are there before the user comes to them. */
const AHEAD_LINES = 500;

/** What there is to see. */
export type Sight = { log: LogView; nowMs: number };

/** To the next line that the search finds, from the last one, or else from the bottom of the page. */
export function find(state: UiState, direction: Direction, { log, nowMs }: Sight): Reduced {
  const from = state.searchHit ?? (state.logBottom === null ? null : state.logBottom + 1);
  const result = log.find(from, direction, searchPattern(state.search));
  switch (result.kind) {
    case 'found':
      return { state: showHit(state, result.seq, { log, nowMs }), effects: readBefore(state, result.seq, log) };
    case 'beyond': {
      const request = { kind: 'find' as const, direction, place: result.place, text: state.search };
      return { state, effects: [{ kind: 'readLog', request }] };
    }
    case 'none':
      return withoutEffects(nothingFound(state, direction, nowMs));
  }
}

/** @param text as it was typed */
export function goToTime(state: UiState, text: string, nowMs: number): Reduced {
  const timeMs = parseTimePoint(text.trim(), nowMs);
  if (timeMs !== null) return { state, effects: [{ kind: 'readLog', request: { kind: 'time', timeMs } }] };
  if (text === '') return withoutEffects(state);
  return withoutEffects({ ...state, notice: noticeOf(`${text} is not a time ${TIME_FORMS}`, 'warn', nowMs) });
}

/** What was read from the log is in the ring: shows the line that was asked for. */
export function showRead(
  state: UiState,
  { request, seq, nowMs }: { request: LogRequest; seq: number | null; nowMs: number },
  log: LogView,
): UiState {
  switch (request.kind) {
    case 'older':
      return request.isForHit && state.searchHit !== null ? showHit(state, state.searchHit, { log, nowMs }) : state;
    case 'newer':
      return state;
    case 'time':
      if (seq === null) return { ...state, notice: noticeOf('no lines from then on', 'warn', nowMs) };
      return { ...state, logBottom: pageAround(log, seq, 'top', outputPage(state, log, nowMs)) };
    case 'find':
      if (request.text !== state.search) return state;
      return seq === null ? nothingFound(state, request.direction, nowMs) : showHit(state, seq, { log, nowMs });
  }
}

/** What to read so that scrolling does not stop at the end of the ring. */
export function readAhead({ logBottom }: UiState, log: LogView): Effect[] {
  if (logBottom === null) return [];
  if (log.mayHaveOlder && log.around(logBottom).older < AHEAD_LINES)
    return [{ kind: 'readLog', request: { kind: 'older' } }];
  const newer = log.untilGap(logBottom);
  return newer !== null && newer < AHEAD_LINES ? [{ kind: 'readLog', request: { kind: 'newer' } }] : [];
}

export function outputPage(state: UiState, log: LogView, nowMs: number): ScrollPage {
  const height = pageHeight(state);
  return { height, pattern: searchPattern(state.lineFilter), rowsOf: screenRowsOf(state, log, { height, nowMs }) };
}

/** With the lines around it. */
function showHit(state: UiState, seq: number, { log, nowMs }: Sight): UiState {
  return { ...state, searchHit: seq, logBottom: pageAround(log, seq, 'middle', outputPage(state, log, nowMs)) };
}

function readBefore(state: UiState, seq: number, log: LogView): Effect[] {
  const isAtTop = log.mayHaveOlder && log.around(seq).older < pageHeight(state);
  return isAtTop ? [{ kind: 'readLog', request: { kind: 'older', isForHit: true } }] : [];
}

function nothingFound(state: UiState, direction: Direction, nowMs: number): UiState {
  const which = state.searchHit === null ? 'no' : `no ${direction}`;
  return { ...state, notice: noticeOf(`${which} line with ${state.search}`, 'warn', nowMs) };
}
