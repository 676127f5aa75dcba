// A page of the view: dependencies, log queues, the edit on disk, generations, the start-up, tasks.
import { bodyHeight } from '../model/layout.ts';
import type { PageName } from '../model/page-name.ts';
import type { UiState } from '../model/state.ts';
import { diskEditContent } from '../view/disk-edit-lines.ts';
import { graphContent } from '../view/graph-lines.ts';
import { historyContent } from '../view/history-lines.ts';
import type { ListContent } from '../view/list-content.ts';
import { queueContent } from '../view/queue-lines.ts';
import { startUpContent } from '../view/start-up-lines.ts';
import { taskContent } from '../view/task-lines.ts';
import type { Glyphs } from '../view/theme.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

const CONTENTS: Record<PageName, (state: UiState, height: number, glyphs: Glyphs, nowMs: number) => ListContent> = {
  graph: graphContent,
  queues: queueContent,
  diskEdit: diskEditContent,
  history: historyContent,
  startUp: startUpContent,
  tasks: taskContent,
};

type PageViewProps = { state: UiState; page: PageName; nowMs: number };

export function PageView({ state, page, nowMs }: PageViewProps) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={CONTENTS[page](state, height, glyphs, nowMs)} columns={state.size.columns} />;
}
