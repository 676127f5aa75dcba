// What every page must be able to do. Types only.
import type { KeyAction } from './model/keymap.ts';
import type { Reduced } from './model/messages.ts';
import type { UiState } from './model/state.ts';

export type Page = {
  /** Before it is shown. */
  open(state: UiState): Reduced;
  /** @param delta lines or rows, down positive; infinite: to the end */
  scroll(state: UiState, delta: number): UiState;
  /** Its own meaning of a key; null: the usual one. */
  apply(state: UiState, action: KeyAction, nowMs: number): Reduced | null;
};
