// What keys do in the dependency graph. Pure.
import { chosenNode, type GraphPage, moveInGraph, WHOLE_GRAPH } from './model/graph.ts';
import { withoutEffects } from './model/messages.ts';
import { selectedRow, servicesOf } from './model/rows.ts';
import type { UiState } from './model/state.ts';
import type { Page } from './page.ts';
import { applyToNamed } from './row-commands.ts';

export const GRAPH_PAGE: Page = {
  /** At the service that is selected in the table. */
  open(state) {
    const row = state.selected === null ? null : selectedRow(state);
    const chosen = row === null ? null : servicesOf(row)[0]!.name;
    return withoutEffects(show(state, { ...WHOLE_GRAPH, chosen }));
  },
  scroll: (state, delta) => show(state, moveInGraph(state.status?.services ?? [], state.graph, delta)),
  apply(state, action, nowMs) {
    if (action === 'back' && state.graph.focus !== null)
      return withoutEffects(show(state, { ...state.graph, focus: null }));
    const node = chosenNode(state.status?.services ?? [], state.graph);
    if (node === null) return null;
    if (action === 'focus') return withoutEffects(show(state, focusOn(state.graph, node.name)));
    return applyToNamed(state, action, node.name, nowMs);
  },
};

const show = (state: UiState, graph: GraphPage): UiState => ({ ...state, graph });

/** A second time: everything again. */
function focusOn({ focus }: GraphPage, name: string): GraphPage {
  return { chosen: name, focus: focus === name ? null : name };
}
