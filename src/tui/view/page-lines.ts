// A whole page as lines, for a screen reader.
import type { Answered } from '../model/page-answer.ts';
import type { PageName } from '../model/page-name.ts';
import type { UiState } from '../model/state.ts';
import { diskEditLines } from './disk-edit-lines.ts';
import { graphLines } from './graph-lines.ts';
import { historyLines } from './history-lines.ts';
import type { Line } from './line.ts';
import { queueLines } from './queue-lines.ts';
import { startUpLines } from './start-up-lines.ts';
import { taskLines } from './task-lines.ts';
import type { Glyphs } from './theme.ts';

/** @returns null: what it shows is not known yet */
export function pageLines(state: UiState, page: PageName, glyphs: Glyphs): Line[] | null {
  switch (page) {
    case 'graph':
      return graphLines(state, glyphs);
    case 'queues':
      return queueLines(state, glyphs);
    case 'diskEdit':
      return isAnswered(state.diskEdit) ? diskEditLines(state) : null;
    case 'history':
      return isAnswered(state.history) ? historyLines(state, glyphs) : null;
    case 'startUp':
      return isAnswered(state.startUp) ? startUpLines(state, glyphs) : null;
    case 'tasks':
      return isAnswered(state.tasks) ? taskLines(state, glyphs, null) : null;
  }
}

const isAnswered = ({ answer, error }: Answered<unknown>): boolean => answer !== null || error !== null;
