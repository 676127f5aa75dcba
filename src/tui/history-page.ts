// What keys do in the history of generations. Pure.
import type { Effect } from './model/effects.ts';
import {
  chosenGeneration,
  hasOtherHistory,
  moveInHistory,
  NO_HISTORY,
  newestFirst,
} from './model/generation-history.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { noticeOf, type UiState } from './model/state.ts';
import type { Page } from './page.ts';
import { ask } from './row-commands.ts';

const ASK: Effect = { kind: 'ask', of: 'history' };

export const HISTORY_PAGE: Page = {
  open: (state) => ({ state: { ...state, history: NO_HISTORY }, effects: [ASK] }),
  scroll: (state, delta) => ({ ...state, history: moveInHistory(state.history, delta) }),
  apply: (state, action, nowMs) => (action === 'rollBack' ? rollBack(state, nowMs) : null),
  take: (state, answer) =>
    answer.of === 'history' ? { ...state, history: { ...state.history, answer: answer.history, error: null } } : state,
  fail: (state, error) => ({ ...state, history: { ...state.history, error } }),
  refresh: (before, state) => (state.status !== null && hasOtherHistory(before, state.status) ? [ASK] : []),
};

/** Another configuration may restart everything. */
function rollBack(state: UiState, nowMs: number): Reduced {
  const { history } = state;
  const to = newestFirst(history)[chosenGeneration(history)]?.generation;
  if (to === undefined) return withoutEffects(state);
  if (to === history.answer?.current)
    return withoutEffects({ ...state, notice: noticeOf(`generation ${to} is in force`, 'good', nowMs) });
  return ask(state, `put the configuration of generation ${to} in force again?`, { kind: 'rollBack', to });
}
