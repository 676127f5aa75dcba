// The dependency graph: what waits for what, and why.
import { bodyHeight } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { graphContent } from '../view/graph-lines.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

export function GraphView({ state }: { state: UiState }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={graphContent(state, height, glyphs)} columns={state.size.columns} />;
}
