// The questions of the last line: a search, a new pool size. What typed text and the answering keys do to them. Pure.

import { stripSequences } from '../terminal/sanitize.ts';
import type { Effect } from './actions.ts';
import type { Overlay, UiState } from './model/state.ts';

type SearchOverlay = Extract<Overlay, { kind: 'search' }>;
type ScaleOverlay = Extract<Overlay, { kind: 'scale' }>;
type PromptResult = { state: UiState; effects: Effect[] };
export type PromptAction = 'accept' | 'erase' | 'eraseAll' | 'increase' | 'decrease' | 'switchTarget';

const MAX_SEARCH_CHARS = 200;
const MAX_POOL = 9999;

/** Text goes into the open question; without one it means nothing. */
export function typeIntoPrompt(state: UiState, text: string): UiState {
  const overlay = state.overlay;
  if (state.shutdown !== null || overlay === null) return state;
  if (overlay.kind === 'search' && !isKeyName(text)) {
    return setSearch(state, overlay, (overlay.text + stripSequences(text)).slice(0, MAX_SEARCH_CHARS));
  }
  if (overlay.kind === 'scale' && /^[0-9]+$/.test(text)) {
    // The first digit replaces the number that was offered.
    const digits = (overlay.typed ? overlay.text : '') + text;
    return { ...state, overlay: { ...overlay, typed: true, text: String(Math.min(MAX_POOL, Number(digits))) } };
  }
  return state;
}

/** The lists follow while the user types. */
export function setSearch(state: UiState, overlay: SearchOverlay, text: string): UiState {
  const filters =
    overlay.of === 'names' ? { nameFilter: text } : { lineFilter: text, logBottom: null, eventBottom: null };
  return { ...state, ...filters, overlay: { ...overlay, text } };
}

export function answerPrompt(state: UiState, action: PromptAction): PromptResult {
  const { overlay } = state;
  if (overlay?.kind === 'scale') return answerScale(state, overlay, action);
  if (overlay?.kind !== 'search') return { state, effects: [] };
  if (action === 'accept') return { state: { ...state, overlay: null }, effects: [] };
  const text = action === 'erase' ? [...overlay.text].slice(0, -1).join('') : '';
  return { state: setSearch(state, overlay, text), effects: [] };
}

function answerScale(state: UiState, overlay: ScaleOverlay, action: PromptAction): PromptResult {
  const size = overlay.text === '' ? overlay.from : Number(overlay.text);
  const edited = (changes: Partial<ScaleOverlay>): PromptResult => ({
    state: { ...state, overlay: { ...overlay, ...changes } },
    effects: [],
  });
  switch (action) {
    case 'accept': {
      const effect: Effect = { kind: 'scale', service: overlay.service, size, target: overlay.target };
      return { state: { ...state, overlay: null }, effects: size === overlay.from ? [] : [effect] };
    }
    case 'increase':
      return edited({ text: String(Math.min(MAX_POOL, size + 1)), typed: false });
    case 'decrease':
      return edited({ text: String(Math.max(0, size - 1)), typed: false });
    case 'switchTarget':
      return edited({ target: overlay.target === 'file' || !state.canEditFile ? 'override' : 'file' });
    case 'erase':
      return edited({ text: overlay.text.slice(0, -1), typed: true });
    case 'eraseAll':
      return edited({ text: '', typed: true });
  }
}

/** Keys without a meaning here (`f1`, `ctrl+x`) are no text. */
function isKeyName(text: string): boolean {
  return /^(ctrl\+.+|meta\+.+|f[0-9]{1,2}|up|down|left|right|tab|pageup|pagedown|home|end|escape|insert|unknown)$/.test(
    text,
  );
}
