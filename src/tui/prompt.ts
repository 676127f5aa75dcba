// The questions in the last line: a search, a new pool size. What typed text and the keys for the answer do. Pure.
import { stripSequences } from '../terminal/sanitize.ts';
import { type Effect, type Reduced, withoutEffects } from './model/messages.ts';
import type { ScaleOverlay, SearchOverlay, UiState } from './model/state.ts';

export type PromptAction = 'accept' | 'erase' | 'eraseAll' | 'increase' | 'decrease' | 'switchTarget';

const MAX_SEARCH_CHARS = 200;
const MAX_POOL = 9999;

/** Text goes into the open question; without one it is ignored. */
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

/** The filters change while the user types. */
export function setSearch(state: UiState, overlay: SearchOverlay, text: string): UiState {
  const filters =
    overlay.of === 'names' ? { nameFilter: text } : { lineFilter: text, logBottom: null, eventBottom: null };
  return { ...state, ...filters, overlay: { ...overlay, text } };
}

export function answerPrompt(state: UiState, action: PromptAction): Reduced {
  const { overlay } = state;
  if (overlay?.kind === 'scale') return answerScale(state, overlay, action);
  if (overlay?.kind !== 'search') return withoutEffects(state);
  if (action === 'accept') return withoutEffects({ ...state, overlay: null });
  const text = action === 'erase' ? [...overlay.text].slice(0, -1).join('') : '';
  return withoutEffects(setSearch(state, overlay, text));
}

function answerScale(state: UiState, overlay: ScaleOverlay, action: PromptAction): Reduced {
  const size = overlay.text === '' ? overlay.from : Number(overlay.text);
  const edited = (changes: Partial<ScaleOverlay>): Reduced =>
    withoutEffects({ ...state, overlay: { ...overlay, ...changes } });
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

/** Keys without a meaning here (`f1`, `ctrl+x`) are not text. */
function isKeyName(text: string): boolean {
  return /^(ctrl\+.+|meta\+.+|f[0-9]{1,2}|up|down|left|right|tab|pageup|pagedown|home|end|escape|insert|unknown)$/.test(
    text,
  );
}
