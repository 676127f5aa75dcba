// The start-up: which instance took how long, and the chain that decided it.
import { bodyHeight } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { startUpContent } from '../view/start-up-lines.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

export function StartUpView({ state }: { state: UiState }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={startUpContent(state, height, glyphs)} columns={state.size.columns} />;
}
