// (state, message) → next state and what is to be done outside. Pure: the clock comes with the message.
import type { DownProgress, EventRecord, Explanation, Status } from '../api/protocol.ts';
import { applyAction, type Effect } from './actions.ts';
import { actionOf } from './model/keymap.ts';
import type { LogView } from './model/log-ring.ts';
import { contextOf, MAX_EVENTS, type TerminalSize, type Tone, type UiState } from './model/state.ts';
import { typeIntoPrompt } from './prompt.ts';

export type UiMessage =
  | { kind: 'status'; status: Status }
  | { kind: 'events'; events: EventRecord[] }
  | { kind: 'resized'; size: TerminalSize }
  /** `name` as in the keymap. */
  | { kind: 'key'; name: string; nowMs: number }
  /** More than one character at once: pasted. */
  | { kind: 'pasted'; text: string }
  | { kind: 'explained'; name: string; explanations: Explanation[] | null; error: string | null }
  | { kind: 'said'; text: string; tone: Tone; nowMs: number }
  | { kind: 'downProgressed'; progress: DownProgress }
  | { kind: 'downFailed'; error: string; nowMs: number };

export type Reduced = { state: UiState; effects: Effect[] };

const NOTICE_MS = 5000;
const FAILURE_NOTICE_MS = 12_000;

/** @param log what the scroll keys move in; only read. */
export function reduce(state: UiState, message: UiMessage, log: LogView): Reduced {
  switch (message.kind) {
    case 'status':
      return withoutEffects({ ...state, status: message.status });
    case 'events':
      return withoutEffects({ ...state, events: [...state.events, ...message.events].slice(-MAX_EVENTS) });
    case 'resized':
      return withoutEffects({ ...state, size: message.size });
    case 'key':
      return pressKey(state, message.name, message.nowMs, log);
    case 'pasted':
      return withoutEffects(typeIntoPrompt(state, message.text));
    case 'explained':
      return withoutEffects(explain(state, message));
    case 'said':
      return withoutEffects({ ...state, notice: noticeOf(message.text, message.tone, message.nowMs) });
    case 'downProgressed':
      return withoutEffects(
        state.shutdown === null ? state : { ...state, shutdown: { ...state.shutdown, progress: message.progress } },
      );
    case 'downFailed':
      return withoutEffects({ ...state, shutdown: null, notice: noticeOf(message.error, 'bad', message.nowMs) });
  }
}

function pressKey(state: UiState, key: string, nowMs: number, log: LogView): Reduced {
  const action = actionOf(key, contextOf(state));
  if (action !== null) return applyAction(state, action, { log, nowMs });
  return withoutEffects(typeIntoPrompt(state, key === 'space' ? ' ' : key));
}

function explain(state: UiState, message: Extract<UiMessage, { kind: 'explained' }>): UiState {
  if (state.overlay?.kind !== 'why' || state.overlay.name !== message.name) return state;
  return { ...state, overlay: { ...state.overlay, explanations: message.explanations, error: message.error } };
}

function noticeOf(text: string, tone: Tone, nowMs: number): UiState['notice'] {
  return { text, tone, untilMs: nowMs + (tone === 'bad' ? FAILURE_NOTICE_MS : NOTICE_MS) };
}

function withoutEffects(state: UiState): Reduced {
  return { state, effects: [] };
}
