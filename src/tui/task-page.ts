// What keys do in the view of the tasks. Pure.
import type { Effect } from './model/effects.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { noticeOf, type UiState } from './model/state.ts';
import { chosenTask, moveInTasks, type TaskRow, taskRows } from './model/task-rows.ts';
import { NO_RUNS, NO_TASKS, withRuns } from './model/task-runs.ts';
import type { Page } from './page.ts';
import { applyToNamed, applyVerb } from './row-commands.ts';

const ASK: Effect = { kind: 'ask', of: 'tasks' };

export const TASK_PAGE: Page = {
  /** At the row that is selected in the table, where it is a task. */
  open: (state) => ({ state: { ...state, tasks: { ...NO_TASKS, chosen: state.selected } }, effects: [ASK] }),
  scroll: (state, delta) => ({ ...state, tasks: moveInTasks(state.tasks, taskRows(state.status), delta) }),
  apply(state, action, nowMs) {
    const row = chosenRow(state);
    if (row === null) return null;
    if (action === 'runTask') return run(state, row, nowMs);
    if (action === 'showTask') return applyVerb(state, 'details', row.id, nowMs);
    return applyToNamed(state, action, row.id, nowMs);
  },
  take: (state, answer) =>
    answer.of === 'tasks'
      ? { ...state, tasks: { ...state.tasks, answer: withRuns(NO_RUNS, answer.events), error: null } }
      : state,
  fail: (state, error) => ({ ...state, tasks: { ...state.tasks, error } }),
  hear(state, events) {
    const { answer } = state.tasks;
    return answer === null ? state : { ...state, tasks: { ...state.tasks, answer: withRuns(answer, events) } };
  },
  refresh: (before, { status }) => (before !== null && before.supervisor.pid !== status?.supervisor.pid ? [ASK] : []),
};

function chosenRow({ status, tasks }: UiState): TaskRow | null {
  const rows = taskRows(status);
  return rows[chosenTask(rows, tasks.chosen)] ?? null;
}

/** Not what runs already: that would say nothing. */
function run(state: UiState, { id, instance }: TaskRow, nowMs: number): Reduced {
  if (instance?.pid != null) return withoutEffects({ ...state, notice: noticeOf(`${id} runs already`, 'warn', nowMs) });
  return { state, effects: [{ kind: 'command', method: 'start', names: [id] }] };
}
