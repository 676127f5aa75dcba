// The questions that take text: a search, a new pool size, a signal, the palette. What typed text and the keys for the answer
// do. Pure.
import { stripSequences } from '../terminal/sanitize.ts';
import type { ScaleEffect } from './model/effects.ts';
import type { PromptAction } from './model/keymap.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { paletteMatches } from './model/palette.ts';
import type { PaletteOverlay, ScaleOverlay, SearchOverlay, SignalOverlay, UiState } from './model/state.ts';
import { answerInput, typeInput } from './type-into.ts';

const MAX_SEARCH_CHARS = 200;
const MAX_POOL = 9999;
const MAX_SIGNAL_CHARS = 12;

/** Text goes into the open question; without one it is ignored. */
export function typeIntoPrompt(state: UiState, text: string): Reduced {
  const { overlay } = state;
  if (state.shutdown !== null || overlay?.kind !== 'input') return withoutEffects(typeIntoQuestion(state, text));
  return isKeyName(text) ? withoutEffects(state) : typeInput(state, overlay, text);
}

function typeIntoQuestion(state: UiState, text: string): UiState {
  const overlay = state.overlay;
  if (state.shutdown !== null || overlay === null) return state;
  if (overlay.kind === 'search' && !isKeyName(text)) {
    return setSearch(state, overlay, (overlay.text + stripSequences(text)).slice(0, MAX_SEARCH_CHARS));
  }
  if (overlay.kind === 'palette' && !isKeyName(text)) {
    const typed = (overlay.text + stripSequences(text)).slice(0, MAX_SEARCH_CHARS);
    return { ...state, overlay: { ...overlay, text: typed, at: 0 } };
  }
  if (overlay.kind === 'signal' && /^[a-z0-9]+$/i.test(text)) {
    // The first letter replaces the signal that was offered.
    const letters = ((overlay.typed ? overlay.text : '') + text.toUpperCase()).slice(0, MAX_SIGNAL_CHARS);
    return { ...state, overlay: { ...overlay, typed: true, text: letters } };
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
  const changes = {
    names: { nameFilter: text },
    lines: { lineFilter: text, logBottom: null, eventBottom: null },
    output: { search: text, searchHit: null },
    time: {},
    file: {},
  };
  return { ...state, ...changes[overlay.of], overlay: { ...overlay, text } };
}

export function answerPrompt(state: UiState, action: PromptAction): Reduced {
  const { overlay } = state;
  if (overlay?.kind === 'scale') return answerScale(state, overlay, action);
  if (overlay?.kind === 'signal') return answerSignal(state, overlay, action);
  if (overlay?.kind === 'input') return answerInput(state, overlay, action);
  if (overlay?.kind === 'palette') return withoutEffects({ ...state, overlay: choose(state, overlay, action) });
  if (overlay?.kind !== 'search') return withoutEffects(state);
  if (action === 'accept') return withoutEffects({ ...state, overlay: null });
  const text = action === 'erase' ? [...overlay.text].slice(0, -1).join('') : '';
  return withoutEffects(setSearch(state, overlay, text));
}

/** Accepting is not here: the command may be any of the view. */
function choose(state: UiState, overlay: PaletteOverlay, action: PromptAction): PaletteOverlay {
  const count = paletteMatches(state, overlay).length;
  const at = Math.min(overlay.at, count - 1);
  switch (action) {
    case 'choosePrevious':
      return { ...overlay, at: Math.max(0, at - 1) };
    case 'chooseNext':
      return { ...overlay, at: Math.max(0, Math.min(count - 1, at + 1)) };
    case 'erase':
      return { ...overlay, at: 0, text: [...overlay.text].slice(0, -1).join('') };
    case 'eraseAll':
      return { ...overlay, at: 0, text: '' };
    default:
      return overlay;
  }
}

function answerSignal(state: UiState, overlay: SignalOverlay, action: PromptAction): Reduced {
  const { names, text } = overlay;
  switch (action) {
    case 'accept':
      return {
        state: { ...state, overlay: null },
        effects: text === '' ? [] : [{ kind: 'signal', names, signal: text }],
      };
    case 'erase':
      return withoutEffects({ ...state, overlay: { ...overlay, typed: true, text: text.slice(0, -1) } });
    case 'eraseAll':
      return withoutEffects({ ...state, overlay: { ...overlay, typed: true, text: '' } });
    default:
      return withoutEffects(state);
  }
}

function answerScale(state: UiState, overlay: ScaleOverlay, action: PromptAction): Reduced {
  const size = overlay.text === '' ? overlay.from : Number(overlay.text);
  const edited = (changes: Partial<ScaleOverlay>): Reduced =>
    withoutEffects({ ...state, overlay: { ...overlay, ...changes } });
  switch (action) {
    case 'accept': {
      const { service, target, from } = overlay;
      const effects = size === from ? [] : [scaleEffect(state, { service, size, target })];
      return { state: { ...state, overlay: null }, effects };
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
    default:
      return withoutEffects(state);
  }
}

/** With what undoes it: the size now, or no override where there was none. */
export function scaleEffect(state: UiState, scale: Pick<ScaleEffect, 'service' | 'size' | 'target'>): ScaleEffect {
  const now = state.status?.services.find(({ name }) => name === scale.service);
  const before = scale.target === 'file' || now?.override?.pool !== undefined ? (now?.pool ?? null) : null;
  return { kind: 'scale', ...scale, before };
}

/** Keys without a meaning here (`f1`, `ctrl+x`) are not text. */
function isKeyName(text: string): boolean {
  return /^(ctrl\+.+|meta\+.+|shift\+.+|f[0-9]{1,2}|up|down|left|right|tab|pageup|pagedown|home|end|escape|insert|unknown)$/.test(
    text,
  );
}
