// What the mouse does: the wheel scrolls what is under it, a click selects a row of the table or a line of the output, a drag
// selects lines. Pure.
import { applyAction } from './actions.ts';
import { outputPage, readAhead, type Sight } from './find.ts';
import { layoutOf, pageHeight, tableStart } from './model/layout.ts';
import type { LogView } from './model/log-ring.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import type { MouseReport } from './model/mouse-report.ts';
import { outputArea, placeAt, type ScreenPlace } from './model/places.ts';
import { selectedIndex, tableRows } from './model/rows.ts';
import { searchPattern } from './model/search-pattern.ts';
import { isPanel, type UiState } from './model/state.ts';
import { scrollPage } from './pages.ts';
import { answerPrompt } from './prompt.ts';
import { endSelection, moveCursor, withAnchor } from './select-lines.ts';
import { lineAt } from './view/pane.ts';
import { scrollEvents, scrollLog, scrollOverlay } from './view/scrolling.ts';

/** What a step of the wheel scrolls. */
const WHEEL_LINES = 3;

export function applyMouse(state: UiState, report: MouseReport, sight: Sight): Reduced {
  if (state.shutdown !== null) return withoutEffects(state);
  const place = placeAt(state, report);
  switch (report.kind) {
    case 'wheelUp':
      return place === null ? withoutEffects(state) : scrollPlace(state, place, -WHEEL_LINES, sight);
    case 'wheelDown':
      return place === null ? withoutEffects(state) : scrollPlace(state, place, WHEEL_LINES, sight);
    case 'press':
      // A click does not answer a question.
      return withoutEffects(place === null || state.overlay !== null ? state : press(state, place, sight));
    case 'drag':
      return state.overlay === null ? drag(state, report.row, sight) : withoutEffects(state);
    case 'release':
      return withoutEffects(
        state.selection === null ? state : { ...state, selection: { ...state.selection, isHeld: false } },
      );
    case 'other':
      return withoutEffects(state);
  }
}

/** The wheel may have moved it away: keys show the row that they act on. */
export function withSelectedShown(state: UiState): UiState {
  if (state.tableTop === null) return state;
  const rows = tableRows(state);
  const { table } = layoutOf(state, rows.length);
  const at = selectedIndex(rows, state.selected);
  const start = tableStart(state, rows.length, table, at);
  return at >= start && at < start + table ? state : { ...state, tableTop: null };
}

function scrollPlace(state: UiState, { part }: ScreenPlace, lines: number, sight: Sight): Reduced {
  const { overlay } = state;
  switch (part) {
    case 'table': {
      const rows = tableRows(state);
      const { table } = layoutOf(state, rows.length);
      const start = tableStart(state, rows.length, table, selectedIndex(rows, state.selected));
      const tableTop = Math.max(0, Math.min(rows.length - table, start + lines));
      return withoutEffects({ ...state, tableTop });
    }
    case 'output':
      return scrollOutput(state, lines, sight);
    case 'events': {
      const pattern = searchPattern(state.lineFilter);
      return withoutEffects({ ...state, eventBottom: scrollEvents(state, lines, pageHeight(state), pattern) });
    }
    case 'page':
      return withoutEffects(scrollPage(state, lines));
    case 'panel':
      return withoutEffects(isPanel(overlay) ? { ...state, overlay: scrollOverlay(state, overlay, lines) } : state);
    case 'palette':
      return answerPrompt(state, lines < 0 ? 'choosePrevious' : 'chooseNext');
  }
}

/** The output does not follow while lines of it are selected. */
function scrollOutput(state: UiState, lines: number, { log, nowMs }: Sight): Reduced {
  const page = outputPage(state, log, nowMs);
  const bottom = scrollLog(log, state.logBottom, lines, page);
  const newest = log.window(null, 1, page.pattern)[0]?.seq ?? null;
  const next = { ...state, logBottom: state.selection === null ? bottom : (bottom ?? newest) };
  return { state: next, effects: readAhead(next, log) };
}

function press(state: UiState, { part, line }: ScreenPlace, sight: Sight): UiState {
  if (part === 'table') return pressRow(state, line, sight);
  return part === 'output' ? pressLine(state, line, sight) : state;
}

/** Selects it as the keys do, but the table stays where it is. Once it is selected, a click on a pool folds or unfolds it. */
function pressRow(state: UiState, line: number, sight: Sight): UiState {
  const rows = tableRows(state);
  const { table } = layoutOf(state, rows.length);
  const tableTop = tableStart(state, rows.length, table, selectedIndex(rows, state.selected));
  const row = rows[tableTop + line];
  if (row === undefined) return state;
  const follow = state.allOutput ? {} : { logBottom: null, searchHit: null };
  if (row.id !== state.selected) return { ...state, selection: null, selected: row.id, tableTop, ...follow };
  const ended = state.selection === null ? state : endSelection(state, state.selection);
  return applyAction({ ...ended, tableTop }, 'toggleFold', sight).state;
}

function pressLine(state: UiState, line: number, { log, nowMs }: Sight): UiState {
  const { height } = outputArea(state);
  const entry = lineAt(state, log, { height, nowMs }, line);
  if (entry === null) return state;
  const wasFollowing = state.selection?.wasFollowing ?? state.logBottom === null;
  const selection = { cursor: entry.seq, anchor: null, wasFollowing, isHeld: true };
  return { ...state, selection, logBottom: state.logBottom ?? newestSeq(state, log), notice: null };
}

const newestSeq = (state: UiState, log: LogView): number | null =>
  log.window(null, 1, searchPattern(state.lineFilter))[0]?.seq ?? null;

/** Above and below the output, it scrolls. */
function drag(state: UiState, row: number, sight: Sight): Reduced {
  const { selection } = state;
  if (selection === null || !selection.isHeld) return withoutEffects(state);
  const { top, height } = outputArea(state);
  const held = withAnchor(selection);
  if (row < top) return moveCursor(state, held, -1, sight);
  if (row >= top + height) return moveCursor(state, held, 1, sight);
  const { log, nowMs } = sight;
  const entry = lineAt(state, log, { height, nowMs }, row - top);
  if (entry === null || entry.seq === selection.cursor) return withoutEffects(state);
  return withoutEffects({ ...state, selection: { ...held, cursor: entry.seq } });
}
