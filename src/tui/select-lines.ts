// Selects lines of the output by keys, and copies them. The output pauses meanwhile. Pure.
import { formatSize } from '../units.ts';
import { isTooLong, MAX_COPIED_BYTES } from './clipboard-sequence.ts';
import { outputPage, readAhead, type Sight } from './find.ts';
import type { SelectedText } from './model/effects.ts';
import type { SelectionAction } from './model/keymap.ts';
import { layoutOf } from './model/layout.ts';
import type { LogView } from './model/log-ring.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { keyNote } from './model/palette.ts';
import { searchPattern } from './model/search-pattern.ts';
import { type OutputSelection, selectedLines } from './model/selected-lines.ts';
import { noticeOf, type UiState } from './model/state.ts';
import { pageShowing } from './view/scrolling.ts';
import { countOf, selectedText } from './view/selected-text.ts';

export function applySelection(
  state: UiState,
  action: Exclude<SelectionAction, 'saveSelected'>,
  sight: Sight,
): Reduced {
  const { selection } = state;
  if (action === 'select') return withoutEffects(beginSelection(state, sight));
  if (selection === null) return withoutEffects(state);
  const page = outputPage(state, sight.log, sight.nowMs).height - 1;
  switch (action) {
    case 'selectFrom':
      return withoutEffects({ ...state, selection: { ...selection, anchor: selection.cursor } });
    case 'cursorUp':
      return moveCursor(state, selection, -1, sight);
    case 'cursorDown':
      return moveCursor(state, selection, 1, sight);
    case 'cursorPageUp':
      return moveCursor(state, selection, -Math.max(1, page), sight);
    case 'cursorPageDown':
      return moveCursor(state, selection, Math.max(1, page), sight);
    case 'cursorOldest':
      return moveCursor(state, selection, -Infinity, sight);
    case 'cursorNewest':
      return moveCursor(state, selection, Infinity, sight);
    case 'extendUp':
      return moveCursor(state, withAnchor(selection), -1, sight);
    case 'extendDown':
      return moveCursor(state, withAnchor(selection), 1, sight);
    case 'copySelected':
      return copySelected(state, selection, sight);
  }
}

/** The output is as it was before. */
export function endSelection(state: UiState, { wasFollowing }: OutputSelection): UiState {
  return { ...state, selection: null, logBottom: wasFollowing ? null : state.logBottom };
}

/** null: the user selects nothing. */
export function textOfSelection({ selection, lineFilter }: UiState, log: LogView): SelectedText | null {
  return selection && selectedText(selectedLines(selection, log, searchPattern(lineFilter)));
}

/** At the lowest line on screen; not at one that has no newline yet, because it becomes another. */
function beginSelection(state: UiState, { log, nowMs }: Sight): UiState {
  const refused = (text: string) => ({ ...state, notice: noticeOf(text, 'warn', nowMs) });
  if (state.view === 'main' && layoutOf(state).pane === 0) return refused('no room for the output here; see it with l');
  const { height, pattern } = outputPage(state, log, nowMs);
  const shown = log.window(state.logBottom, height, pattern);
  const line = shown.findLast(({ unfinished }) => !unfinished) ?? shown.at(-1);
  if (line === undefined) return refused('no output to select');
  const selection = { cursor: line.seq, anchor: null, wasFollowing: state.logBottom === null, isHeld: false };
  return { ...state, selection, logBottom: state.logBottom ?? line.seq, notice: null };
}

export const withAnchor = (selection: OutputSelection): OutputSelection => ({
  ...selection,
  anchor: selection.anchor ?? selection.cursor,
});

/** @param lines down positive */
export function moveCursor(state: UiState, selection: OutputSelection, lines: number, { log, nowMs }: Sight): Reduced {
  const page = outputPage(state, log, nowMs);
  const { pattern } = page;
  const moved = Number.isFinite(lines)
    ? log.step(selection.cursor, lines, pattern)
    : log.after(null, 1, pattern)[0]?.seq;
  const newest = log.window(null, 1, pattern)[0]?.seq;
  const cursor = (lines === Infinity ? null : moved) ?? newest ?? selection.cursor;
  const logBottom = pageShowing(log, state.logBottom ?? cursor, cursor, page);
  const next = { ...state, selection: { ...selection, cursor }, logBottom };
  return { state: next, effects: readAhead(next, log) };
}

function copySelected(state: UiState, selection: OutputSelection, { log, nowMs }: Sight): Reduced {
  const copied = textOfSelection(state, log)!;
  const refused = (text: string) => withoutEffects({ ...state, notice: noticeOf(text, 'warn', nowMs) });
  if (copied.lines === 0) return refused('no line of a program is selected');
  if (isTooLong(copied.text)) {
    const most = formatSize(MAX_COPIED_BYTES);
    return refused(
      `${countOf(copied.lines)}: too long to be copied (at most ${most}); ${keyNote(state.bindings, 'saveSelected')} saves them`,
    );
  }
  return { state: endSelection(state, selection), effects: [{ kind: 'copyLines', copied }] };
}
