// What keys do in the view of the start-up. Pure.
import type { Effect } from './model/effects.ts';
import { listHeight } from './model/layout.ts';
import { NO_START_UP, withNewStarts } from './model/start-up.ts';
import type { Page } from './page.ts';
import { scrolledTo } from './view/list-content.ts';
import { startUpLines } from './view/start-up-lines.ts';
import { UNICODE } from './view/theme.ts';

const ASK: Effect = { kind: 'ask', of: 'startUp' };

export const START_UP_PAGE: Page = {
  open: (state) => ({ state: { ...state, startUp: NO_START_UP }, effects: [ASK] }),
  scroll(state, delta) {
    const count = startUpLines(state, UNICODE).length;
    const scroll = scrolledTo(state.startUp.scroll, delta, count, listHeight(state));
    return { ...state, startUp: { ...state.startUp, scroll } };
  },
  apply: () => null,
  take: (state, answer) =>
    answer.of === 'startUp' ? { ...state, startUp: { ...state.startUp, answer: answer.events, error: null } } : state,
  fail: (state, error) => ({ ...state, startUp: { ...state.startUp, error } }),
  hear: (state, events) => ({ ...state, startUp: withNewStarts(state.startUp, events) }),
  refresh: (before, { status }) => (before !== null && before.supervisor.pid !== status?.supervisor.pid ? [ASK] : []),
};
