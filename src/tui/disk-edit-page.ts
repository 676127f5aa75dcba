// What keys do in the view of the edit on disk. Pure.
import { isOtherEdit, NO_EDIT } from './model/disk-edit.ts';
import type { Effect } from './model/effects.ts';
import { listHeight } from './model/layout.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { noticeOf, type UiState } from './model/state.ts';
import type { Page } from './page.ts';
import { ask } from './row-commands.ts';
import { diskEditLines } from './view/disk-edit-lines.ts';
import { scrolledTo } from './view/list-content.ts';

const ASK: Effect = { kind: 'ask', of: 'diskEdit' };

export const DISK_EDIT_PAGE: Page = {
  open: (state) => ({ state: { ...state, diskEdit: NO_EDIT }, effects: [ASK] }),
  scroll(state, delta) {
    const scroll = scrolledTo(state.diskEdit.scroll, delta, diskEditLines(state).length, listHeight(state));
    return { ...state, diskEdit: { ...state.diskEdit, scroll } };
  },
  apply: (state, action, nowMs) => (action === 'applyEdit' ? applyHeld(state, nowMs) : null),
  take: (state, answer) =>
    answer.of === 'diskEdit' ? { ...state, diskEdit: { ...state.diskEdit, answer: answer.edit, error: null } } : state,
  fail: (state, error) => ({ ...state, diskEdit: { ...state.diskEdit, error } }),
  refresh: (before, state) => (state.status !== null && isOtherEdit(before, state.status) ? [ASK] : []),
};

/** Edits that `orch pause` holds are applied by a resume: all of them, and those that come. */
function applyHeld(state: UiState, nowMs: number): Reduced {
  const held = state.diskEdit.answer?.held ?? state.status?.config.held;
  if (held === undefined) {
    const isRejected = state.status?.config.status === 'rejected';
    const text = isRejected ? 'the edit has problems: mend the file first' : 'no edit is held';
    return withoutEffects({ ...state, notice: noticeOf(text, 'warn', nowMs) });
  }
  const isPaused = held.reasons.some(({ rule }) => rule === 'paused');
  const effect: Effect = isPaused ? { kind: 'project', method: 'resume' } : { kind: 'applyHeld', since: held.since };
  return ask(state, `apply the edit on disk (${held.summary})?`, effect);
}
