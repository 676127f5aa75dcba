// The files on disk: why they are rejected, or what they would change.
import { bodyHeight } from '../model/layout.ts';
import type { UiState } from '../model/state.ts';
import { diskEditContent } from '../view/disk-edit-lines.ts';
import { useAppearance } from './appearance.ts';
import { RowList } from './row-list.tsx';

export function DiskEditView({ state }: { state: UiState }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return <RowList content={diskEditContent(state, height, glyphs)} columns={state.size.columns} />;
}
