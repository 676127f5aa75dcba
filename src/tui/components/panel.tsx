// A panel over the view: help, or why. A title, and the part of its lines that is scrolled to.
import { bodyHeight, listHeight } from '../model/layout.ts';
import type { PanelOverlay, UiState } from '../model/state.ts';
import { cell, ruleLine } from '../view/line.ts';
import { panelLines, panelTitle } from '../view/panel.ts';
import { useAppearance } from './appearance.ts';
import { TextLine } from './text-line.tsx';

export function Panel({ state, panel }: { state: UiState; panel: PanelOverlay }) {
  const { glyphs } = useAppearance();
  const { columns } = state.size;
  const all = panelLines(panel, columns, glyphs);
  const height = listHeight(state);
  const start = Math.max(0, Math.min(panel.scroll, all.length - height));
  const part = `${start + 1}-${Math.min(all.length, start + height)} of ${all.length}`;
  const mark = all.length > height ? [cell(part, 'dim')] : [];
  const title = ruleLine([cell(panelTitle(panel), 'bold')], mark, columns, glyphs.rule);
  return [title, ...all.slice(start, start + height)].slice(0, bodyHeight(state)).map((cells, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen, nothing else
    <TextLine key={index} cells={cells} columns={columns} />
  ));
}
