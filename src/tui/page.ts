// What every page must be able to do. Types only.
import type { EventRecord, Status } from '../api/protocol.ts';
import type { Effect } from './model/effects.ts';
import type { KeyAction } from './model/keymap.ts';
import type { Reduced } from './model/messages.ts';
import type { PageAnswer } from './model/page-answer.ts';
import type { UiState } from './model/state.ts';

export type Page = {
  /** Before it is shown. */
  open(state: UiState): Reduced;
  /** @param delta lines or rows, down positive; infinite: to the end */
  scroll(state: UiState, delta: number): UiState;
  /** Its own meaning of a key; null: the usual one. */
  apply(state: UiState, action: KeyAction, nowMs: number): Reduced | null;
  /** Only of pages that ask the supervisor: what it answers, or why it does not. */
  take?(state: UiState, answer: PageAnswer): UiState;
  fail?(state: UiState, error: string): UiState;
  /** New events, while it is shown. */
  hear?(state: UiState, events: readonly EventRecord[]): UiState;
  /** Whether to ask again, after another status came. */
  refresh?(before: Status | null, state: UiState): Effect[];
};
