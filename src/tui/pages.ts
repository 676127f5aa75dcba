// The keys of all pages: which page is opened, where it is scrolled to, and what only that page does. Pure.
import type { EventRecord, Status } from '../api/protocol.ts';
import { DISK_EDIT_PAGE } from './disk-edit-page.ts';
import { GRAPH_PAGE } from './graph-page.ts';
import { HISTORY_PAGE } from './history-page.ts';
import type { KeyAction } from './model/keymap.ts';
import { listHeight } from './model/layout.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import type { AskingPage, PageAnswer } from './model/page-answer.ts';
import { isPage, type PageName } from './model/page-name.ts';
import type { UiState } from './model/state.ts';
import type { Page } from './page.ts';
import { QUEUE_PAGE } from './queue-page.ts';
import { START_UP_PAGE } from './start-up-page.ts';
import { TASK_PAGE } from './task-page.ts';

const PAGES: Record<PageName, Page> = {
  graph: GRAPH_PAGE,
  queues: QUEUE_PAGE,
  diskEdit: DISK_EDIT_PAGE,
  history: HISTORY_PAGE,
  startUp: START_UP_PAGE,
  tasks: TASK_PAGE,
};

/** @returns null: the key means the same as in the other views */
export function applyToPages(state: UiState, action: KeyAction, nowMs: number): Reduced | null {
  const isShown = state.view === action && state.overlay === null;
  if (isPage(action) && !isShown) {
    const { state: opened, effects } = PAGES[action].open({ ...state, overlay: null });
    return { state: { ...opened, view: action }, effects };
  }
  if (!isPage(state.view) || state.overlay !== null) return null;
  const page = PAGES[state.view];
  const delta = deltaOf(action, listHeight(state));
  if (delta !== null) return withoutEffects(page.scroll(state, delta));
  const own = page.apply(state, action, nowMs);
  if (own !== null) return own;
  return action === 'back' || isShown ? withoutEffects({ ...state, view: 'main' }) : null;
}

/** @param lines down positive; in other views, nothing happens */
export function scrollPage(state: UiState, lines: number): UiState {
  return isPage(state.view) ? PAGES[state.view].scroll(state, lines) : state;
}

export function takeAnswer(state: UiState, answer: PageAnswer): UiState {
  return PAGES[answer.of].take?.(state, answer) ?? state;
}

export function takeFailure(state: UiState, of: AskingPage, error: string): UiState {
  return PAGES[of].fail?.(state, error) ?? state;
}

/** To the page that is shown. */
export function tellPage(state: UiState, events: readonly EventRecord[]): UiState {
  return isPage(state.view) ? (PAGES[state.view].hear?.(state, events) ?? state) : state;
}

/** What the page that is shown asks again, now that another status came. */
export function refreshPage(before: Status | null, state: UiState): Reduced {
  const effects = isPage(state.view) ? (PAGES[state.view].refresh?.(before, state) ?? []) : [];
  return { state, effects };
}

/** Rows; null: not a key that scrolls. */
function deltaOf(action: KeyAction, height: number): number | null {
  switch (action) {
    case 'lineUp':
      return -1;
    case 'lineDown':
      return 1;
    case 'pageUp':
      return -height;
    case 'pageDown':
      return height;
    case 'oldest':
      return -Infinity;
    case 'newest':
      return Infinity;
    default:
      return null;
  }
}
