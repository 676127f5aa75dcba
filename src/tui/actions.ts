// What each action of the keymap does to the state, and which effects it has. Pure. The page keys measure with the view.

import { find, goToTime, outputPage, readAhead } from './find.ts';
import type { KeyAction } from './model/keymap.ts';
import { pageHeight } from './model/layout.ts';
import type { LogView } from './model/log-ring.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { isPageAction } from './model/page-name.ts';
import { paletteMatches } from './model/palette.ts';
import { commandNames, isFolded, outputTarget, selectedIndex, selectedRow, tableRows } from './model/rows.ts';
import { searchPattern } from './model/search-pattern.ts';
import { nextSortOrder } from './model/sort.ts';
import { isPanel, noticeOf, type PaletteOverlay, type SearchSubject, type UiState } from './model/state.ts';
import { applyToOutput, defaultFileName, isOutputAction } from './output-actions.ts';
import { applyToPages } from './pages.ts';
import { answerPrompt, setSearch } from './prompt.ts';
import { quit } from './quit.ts';
import { applyToMarked, applyToProject, applyToRow, applyVerb, undoScale } from './row-commands.ts';
import { applySelection, endSelection, textOfSelection } from './select-lines.ts';
import { group, reverseSort, sortBy } from './table-order.ts';
import { pageDelta, scrollEvents, scrollLog, scrollOverlay } from './view/scrolling.ts';

export type ActionContext = { log: LogView; nowMs: number };

export function applyAction(state: UiState, action: KeyAction, context: ActionContext): Reduced {
  if (isOutputAction(action)) return applyToOutput(state, action, context.nowMs);
  const done = applyToPages(state, action, context.nowMs);
  if (done !== null || isPageAction(action)) return done ?? withoutEffects(state);
  switch (action) {
    case 'previous':
    case 'next':
    case 'first':
    case 'last':
      return withoutEffects(select(state, action));
    case 'fold':
    case 'unfold':
    case 'toggleFold':
    case 'foldAll':
      return withoutEffects(fold(state, action));
    case 'mark':
      return withoutEffects(mark(state));
    case 'sort':
      return withoutEffects(sortBy(state, nextSortOrder(state.sort)));
    case 'reverseSort':
      return withoutEffects(reverseSort(state));
    case 'group':
      return withoutEffects(group(state));
    case 'restart':
    case 'stopOrStart':
    case 'why':
    case 'details':
    case 'scaleUp':
    case 'scaleDown':
    case 'edit':
    case 'browse':
    case 'typeInto':
      return applyToRow(state, action, context.nowMs);
    case 'undoScale':
      return undoScale(state);
    case 'palette':
      return withoutEffects({ ...state, overlay: { kind: 'palette', text: '', at: 0 } });
    case 'filter':
      return withoutEffects(openSearch(state, 'names', state.nameFilter));
    case 'grep':
      return withoutEffects(openSearch(state, 'lines', state.lineFilter));
    case 'save':
    case 'saveSelected':
      return withoutEffects(openSearch(state, 'file', defaultFileName(state, context.nowMs)));
    case 'goToTime':
      return withoutEffects(openSearch(state, 'time', ''));
    case 'search':
      return withoutEffects(openSearch(state, 'output', state.search));
    case 'findOlder':
    case 'findNewer':
      if (state.search === '') return withoutEffects(openSearch(state, 'output', ''));
      return find(state, action === 'findOlder' ? 'older' : 'newer', context);
    case 'logs':
    case 'events':
      return withoutEffects({ ...state, view: action, overlay: null });
    case 'allOutput':
      return withoutEffects(switchOutput(state));
    case 'pageUp':
    case 'pageDown':
    case 'lineUp':
    case 'lineDown':
    case 'oldest':
    case 'newest':
      return scroll(state, action, context);
    case 'help':
      return withoutEffects({ ...state, overlay: { kind: 'help', scroll: 0, bindings: state.bindings } });
    case 'back':
      if (state.overlay === null && context.log.progress.isAny)
        return { state, effects: [{ kind: 'readLog', request: null }] };
      return withoutEffects(back(state));
    case 'accept':
      return accept(state, context);
    case 'erase':
    case 'eraseAll':
    case 'increase':
    case 'decrease':
    case 'switchTarget':
    case 'choosePrevious':
    case 'chooseNext':
      return answerPrompt(state, action);
    case 'detach':
      return { state, effects: [{ kind: 'leave', outcome: state.lostSinceMs === null ? 'detached' : 'lost' }] };
    case 'quit':
      if (state.owning && state.asksFirst) return withoutEffects({ ...state, overlay: { kind: 'leave' } });
      return quit(state, context.nowMs);
    case 'stopAll':
    case 'interrupt':
      return quit(state, context.nowMs);
    case 'mouse':
      return withoutEffects(switchMouse(state, context.nowMs));
    case 'copy':
    case 'suspend':
    case 'redraw':
      return { state, effects: [{ kind: action }] };
    default:
      return applySelection(state, action, context);
  }
}

function acceptEntry(state: UiState, palette: PaletteOverlay, context: ActionContext): Reduced {
  const matches = paletteMatches(state, palette);
  const entry = matches[Math.min(palette.at, matches.length - 1)];
  if (entry === undefined) return withoutEffects(state);
  const closed = { ...state, overlay: null };
  const { command } = entry;
  switch (command.kind) {
    case 'key':
      return applyAction(closed, command.action, context);
    case 'row':
      return applyVerb(closed, command.verb, command.name, context.nowMs);
    case 'marked':
      return applyToMarked(closed, command.verb);
    case 'project':
      return applyToProject(closed, command.method);
  }
}

function select(state: UiState, action: 'previous' | 'next' | 'first' | 'last'): UiState {
  const rows = tableRows(state);
  const at = selectedIndex(rows, state.selected);
  const target = { previous: at - 1, next: at + 1, first: 0, last: rows.length - 1 }[action];
  const row = rows[Math.max(0, Math.min(rows.length - 1, target))];
  if (row === undefined || row.id === state.selected) return state;
  const follow = state.allOutput ? {} : { logBottom: null, searchHit: null };
  return { ...state, selected: row.id, ...follow };
}

function openSearch(state: UiState, of: SearchSubject, text: string): UiState {
  return { ...state, overlay: { kind: 'search', of, text, before: text } };
}

/** Without the mouse, the terminal's own selection works. */
function switchMouse(state: UiState, nowMs: number): UiState {
  const text = state.mouse ? 'the terminal has the mouse: it selects text' : 'the wheel scrolls, a click selects';
  return { ...state, mouse: !state.mouse, notice: noticeOf(text, 'good', nowMs) };
}

function switchOutput(state: UiState): UiState {
  const isAll = outputTarget(state).names.length === 0;
  return { ...state, allOutput: !isAll, selected: selectedRow(state)?.id ?? null, logBottom: null, searchHit: null };
}

function fold(state: UiState, action: 'fold' | 'unfold' | 'toggleFold' | 'foldAll'): UiState {
  const services = state.status?.services ?? [];
  if (action === 'foldAll') {
    const folded = services.some((service) => service.instances.length > 1 && !isFolded(service, state.folds));
    return { ...state, folds: Object.fromEntries(services.map((service) => [service.name, folded])) };
  }
  const row = selectedRow(state);
  if (row === null || row.kind === 'single') return state;
  if (row.kind === 'group') {
    const folded = action === 'toggleFold' ? !row.folded : action === 'fold';
    return { ...state, selected: row.id, folds: { ...state.folds, [row.id]: folded } };
  }
  const folded = action === 'toggleFold' ? !isFolded(row.service, state.folds) : action === 'fold';
  // The row of an instance disappears when its pool is folded: select the pool.
  const selected = folded ? row.service.name : row.id;
  return { ...state, selected, folds: { ...state.folds, [row.service.name]: folded } };
}

/** On to the next row, so that several are marked one after the other. A group stands for its services. */
function mark(state: UiState): UiState {
  const row = selectedRow(state);
  if (row === null) return state;
  const names = commandNames(row);
  const others = state.marked.filter((each) => !names.includes(each));
  const isMarked = names.every((name) => state.marked.includes(name));
  return select({ ...state, marked: isMarked ? others : [...others, ...names] }, 'next');
}

/** The newest line that a search finds is shown at once. */
function accept(state: UiState, context: ActionContext): Reduced {
  const { overlay } = state;
  if (overlay?.kind === 'confirm') return { state: { ...state, overlay: null }, effects: [overlay.effect] };
  if (overlay?.kind === 'palette') return acceptEntry(state, overlay, context);
  const answered = answerPrompt(state, 'accept');
  if (overlay?.kind === 'search' && overlay.of === 'file') {
    const selected = textOfSelection(state, context.log);
    return { ...answered, effects: overlay.text === '' ? [] : [{ kind: 'saveOutput', file: overlay.text, selected }] };
  }
  if (overlay?.kind === 'search' && overlay.of === 'time') return goToTime(answered.state, overlay.text, context.nowMs);
  const isSearch = overlay?.kind === 'search' && overlay.of === 'output' && state.search !== '';
  return isSearch ? find(answered.state, 'older', context) : answered;
}

function scroll(
  state: UiState,
  action: 'pageUp' | 'pageDown' | 'lineUp' | 'lineDown' | 'oldest' | 'newest',
  { log, nowMs }: ActionContext,
): Reduced {
  const height = pageHeight(state);
  const ends = { lineUp: -1, lineDown: 1, oldest: -Infinity, newest: Infinity };
  const delta = { pageUp: -height, pageDown: height, ...ends }[action];
  if (isPanel(state.overlay)) {
    return withoutEffects({ ...state, overlay: scrollOverlay(state, state.overlay, delta) });
  }
  if (state.view === 'events') {
    const pattern = searchPattern(state.lineFilter);
    return withoutEffects({ ...state, eventBottom: scrollEvents(state, delta, height, pattern) });
  }
  const page = outputPage(state, log, nowMs);
  const { logBottom } = state;
  const isPage = action === 'pageUp' || action === 'pageDown';
  const lines = isPage ? pageDelta(log, logBottom, action === 'pageUp' ? -1 : 1, page) : delta;
  const searchHit = action === 'newest' ? null : state.searchHit;
  const scrolled = { ...state, searchHit, logBottom: scrollLog(log, logBottom, lines, page) };
  if (action === 'oldest' && log.mayHaveOlder)
    return { state: scrolled, effects: [{ kind: 'readLog', request: { kind: 'time', timeMs: 0 } }] };
  return { state: scrolled, effects: readAhead(scrolled, log) };
}

const isUnfiltered = ({ lineFilter, search, levels, range }: UiState): boolean =>
  lineFilter === '' && search === '' && levels === null && range === null;

function back(state: UiState): UiState {
  const { overlay } = state;
  if (overlay?.kind === 'search') return { ...setSearch(state, overlay, overlay.before), overlay: null };
  if (overlay !== null) return { ...state, overlay: null };
  if (state.selection !== null) return endSelection(state, state.selection);
  if (state.view === 'main' && state.marked.length > 0) return { ...state, marked: [] };
  if (state.view !== 'main' && isUnfiltered(state))
    return { ...state, view: 'main', logBottom: null, eventBottom: null };
  const output = { lineFilter: '', levels: null, range: null, search: '', searchHit: null, logBottom: null };
  return { ...state, ...output, nameFilter: state.view === 'main' ? '' : state.nameFilter };
}
