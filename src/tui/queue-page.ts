// What keys do in the view of the log queues. Pure.
import { listHeight } from './model/layout.ts';
import { withoutEffects } from './model/messages.ts';
import { NO_QUEUES } from './model/queue-rates.ts';
import type { Page } from './page.ts';
import { scrolledTo } from './view/list-content.ts';
import { queueLines } from './view/queue-lines.ts';
import { UNICODE } from './view/theme.ts';

export const QUEUE_PAGE: Page = {
  open: (state) => withoutEffects({ ...state, queues: NO_QUEUES }),
  scroll(state, delta) {
    const count = queueLines(state, UNICODE).length;
    const scroll = scrolledTo(state.queues.scroll, delta, count, listHeight(state));
    return { ...state, queues: { ...state.queues, scroll } };
  },
  apply: () => null,
};
