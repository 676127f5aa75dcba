// (state, message) → next state and what is to be done outside. Pure: the clock comes with the message.
import type { DownProgress, EventRecord, Explanation, Status } from '../api/protocol.ts';
import { type Effect, perform } from './actions.ts';
import { actionOf } from './keymap.ts';
import type { LogView } from './log-ring.ts';
import { typeInto } from './questions.ts';
import { contextOf, MAX_EVENTS, type Size, type Tone, type UiState } from './state.ts';

export type Message =
  | { kind: 'status'; status: Status }
  | { kind: 'events'; events: EventRecord[] }
  | { kind: 'resized'; size: Size }
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
export function reduce(state: UiState, message: Message, log: LogView): Reduced {
  switch (message.kind) {
    case 'status':
      return only({ ...state, status: message.status });
    case 'events':
      return only({ ...state, events: [...state.events, ...message.events].slice(-MAX_EVENTS) });
    case 'resized':
      return only({ ...state, size: message.size });
    case 'key':
      return press(state, message.name, message.nowMs, log);
    case 'pasted':
      return only(typeInto(state, message.text));
    case 'explained':
      return only(explain(state, message));
    case 'said':
      return only({ ...state, notice: noticeOf(message.text, message.tone, message.nowMs) });
    case 'downProgressed':
      return only(
        state.leaving === null ? state : { ...state, leaving: { ...state.leaving, progress: message.progress } },
      );
    case 'downFailed':
      return only({ ...state, leaving: null, notice: noticeOf(message.error, 'bad', message.nowMs) });
  }
}

function press(state: UiState, key: string, nowMs: number, log: LogView): Reduced {
  const action = actionOf(key, contextOf(state));
  if (action !== null) return perform(state, action, { log, nowMs });
  return only(typeInto(state, key === 'space' ? ' ' : key));
}

function explain(state: UiState, message: Extract<Message, { kind: 'explained' }>): UiState {
  if (state.overlay?.kind !== 'why' || state.overlay.name !== message.name) return state;
  return { ...state, overlay: { ...state.overlay, explanations: message.explanations, error: message.error } };
}

function noticeOf(text: string, tone: Tone, nowMs: number): UiState['notice'] {
  return { text, tone, untilMs: nowMs + (tone === 'bad' ? FAILURE_NOTICE_MS : NOTICE_MS) };
}

function only(state: UiState): Reduced {
  return { state, effects: [] };
}
