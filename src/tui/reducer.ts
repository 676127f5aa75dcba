// (state, message) → next state and effects. Pure: the clock comes with the message.
import { isDeepStrictEqual } from 'node:util';
import type { Status } from '../api/protocol.ts';
import { applyAction } from './actions.ts';
import { showRead } from './find.ts';
import { actionOf } from './model/key-actions.ts';
import { hasSparklines } from './model/layout.ts';
import type { LogView } from './model/log-ring.ts';
import { type Reduced, type UiMessage, withoutEffects } from './model/messages.ts';
import { type QueuesPage, withQueueSample } from './model/queue-rates.ts';
import { NO_SAMPLES, withSample } from './model/samples.ts';
import { contextOf, MAX_EVENTS, noticeOf, type UiState } from './model/state.ts';
import { withSteadyUsage } from './model/steady-usage.ts';
import { applyMouse, withSelectedShown } from './mouse-actions.ts';
import { refreshPage, takeAnswer, takeFailure, tellPage } from './pages.ts';
import { typeIntoPrompt } from './prompt.ts';

/** @param log the scroll keys move in it; the reducer only reads it. */
export function reduce(state: UiState, message: UiMessage, log: LogView): Reduced {
  switch (message.kind) {
    case 'status':
      return refreshPage(state.status, takeStatus(state, message.status, message.nowMs));
    case 'events':
      return withoutEffects(
        tellPage({ ...state, events: [...state.events, ...message.events].slice(-MAX_EVENTS) }, message.events),
      );
    case 'resized':
      return withoutEffects({ ...state, size: message.size });
    case 'key':
      return pressKey(state, message.name, message.nowMs, log);
    case 'mouse':
      return applyMouse(state, message.report, { log, nowMs: message.nowMs });
    case 'pasted':
      return typeIntoPrompt(state, message.text);
    case 'explained':
      return withoutEffects(explain(state, message));
    case 'described':
      return withoutEffects(describe(state, message));
    case 'answered':
      return withoutEffects(takeAnswer(state, message.answer));
    case 'unanswered':
      return withoutEffects(takeFailure(state, message.of, message.error));
    case 'scaled': {
      const { service, before, target } = message;
      return withoutEffects({ ...state, lastScale: { service, before, target } });
    }
    case 'logRead':
      return withoutEffects(showRead(state, message, log));
    case 'notice':
      return withoutEffects({ ...state, notice: noticeOf(message.text, message.tone, message.nowMs) });
    case 'lost':
      return lose(state, message.nowMs);
    case 'found':
      return withoutEffects(continueWithNext(state, message));
    case 'shutdownProgress':
      return withoutEffects(
        state.shutdown === null ? state : { ...state, shutdown: { ...state.shutdown, progress: message.progress } },
      );
    case 'shutdownFailed':
      return withoutEffects({ ...state, shutdown: null, notice: noticeOf(message.error, 'bad', message.nowMs) });
  }
}

/** What was used is kept only where there is room to show it. */
function takeStatus(state: UiState, received: Status, nowMs: number): UiState {
  const status = withSteadyUsage(state.status, received);
  const samples = hasSparklines(state) ? withSample(state.samples, status, nowMs) : NO_SAMPLES;
  const queues = state.view === 'queues' ? withRates(state.queues, status, nowMs) : state.queues;
  const isSame = samples === state.samples && queues === state.queues && isDeepStrictEqual(status, state.status);
  return isSame ? state : { ...state, status, samples, queues };
}

function withRates(queues: QueuesPage, { logQueues }: Status, nowMs: number): QueuesPage {
  const samples = withQueueSample(queues.samples, logQueues, nowMs);
  return samples === queues.samples ? queues : { ...queues, samples };
}

function pressKey(state: UiState, key: string, nowMs: number, log: LogView): Reduced {
  const action = actionOf(key, contextOf(state), state.bindings);
  if (action !== null) {
    const reduced = applyAction(state, action, { log, nowMs });
    return { ...reduced, state: withSelectedShown(reduced.state) };
  }
  return typeIntoPrompt(state, key === 'space' ? ' ' : key);
}

/** A shutdown under way is the command's to finish: the view cannot. */
function lose(state: UiState, nowMs: number): Reduced {
  const lost = { ...state, lostSinceMs: nowMs, shutdown: null };
  return { state: lost, effects: state.shutdown === null ? [] : [{ kind: 'leave', outcome: 'lostDown' }] };
}

/** An unanswered `why` is dropped. Typed text stays, otherwise the rest of it would act as keys. */
function continueWithNext(state: UiState, { text, nowMs }: { text: string; nowMs: number }): UiState {
  const { overlay: open } = state;
  const isUnanswered =
    (open?.kind === 'why' && open.explanations === null) || (open?.kind === 'details' && open.details === null);
  const overlay = isUnanswered ? null : state.overlay;
  return { ...state, overlay, lostSinceMs: null, events: [], notice: noticeOf(text, 'warn', nowMs) };
}

function explain(state: UiState, message: Extract<UiMessage, { kind: 'explained' }>): UiState {
  if (state.overlay?.kind !== 'why' || state.overlay.name !== message.name) return state;
  return { ...state, overlay: { ...state.overlay, explanations: message.explanations, error: message.error } };
}

function describe(state: UiState, message: Extract<UiMessage, { kind: 'described' }>): UiState {
  if (state.overlay?.kind !== 'details' || state.overlay.name !== message.name) return state;
  return { ...state, overlay: { ...state.overlay, details: message.details, error: message.error } };
}
