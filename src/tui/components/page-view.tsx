// A page of the view: dependencies, log queues, the edit on disk, generations, the start-up.
import { bodyHeight } from '../model/layout.ts';
import type { PageName } from '../model/page-name.ts';
import type { UiState } from '../model/state.ts';
import { diskEditContent } from '../view/disk-edit-lines.ts';
import { graphContent } from '../view/graph-lines.ts';
import { historyContent } from '../view/history-lines.ts';
import type { ListContent } from '../view/list-content.ts';
import { queueContent } from '../view/queue-lines.ts';
import { startUpContent } from '../view/start-up-lines.ts';
import type { Glyphs } from '../view/theme.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

const CONTENTS: Record<PageName, (state: UiState, height: number, glyphs: Glyphs) => ListContent> = {
  graph: graphContent,
  queues: queueContent,
  diskEdit: diskEditContent,
  history: historyContent,
  startUp: startUpContent,
};

export function PageView({ state, page }: { state: UiState; page: PageName }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={CONTENTS[page](state, height, glyphs)} columns={state.size.columns} />;
}
