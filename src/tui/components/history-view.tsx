// The generations of the project, newest first.
import { bodyHeight } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { historyContent } from '../view/history-lines.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

export function HistoryView({ state }: { state: UiState }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={historyContent(state, height, glyphs)} columns={state.size.columns} />;
}
