// The log queues: what waits in each, and what becomes of it.
import { bodyHeight } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { queueContent } from '../view/queue-lines.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

export function QueueView({ state }: { state: UiState }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={queueContent(state, height, glyphs)} columns={state.size.columns} />;
}
