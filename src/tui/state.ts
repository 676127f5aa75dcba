// What the screen knows: the newest status, the events, and what the user has chosen. Plain values, replaced, never changed.
import type { DownProgress, EventRecord, Explanation, Status } from '../api/protocol.ts';
import type { KeyContext } from './keymap.ts';

export type Size = { columns: number; rows: number };
export type View = 'main' | 'logs' | 'events';
export type Tone = 'good' | 'warn' | 'bad';

/** What lies over the view, or asks something in the last line. `typed`: digits of the user's own, no longer the offer. */
export type Overlay =
  | { kind: 'help'; scroll: number }
  | { kind: 'why'; name: string; scroll: number; explanations: Explanation[] | null; error: string | null }
  | { kind: 'scale'; service: string; from: number; text: string; typed: boolean; target: ScaleTarget }
  | { kind: 'search'; of: 'names' | 'lines'; text: string; before: string };
/** `file`: procs.yaml is edited; `override`: for now only, kept by the supervisor. */
export type ScaleTarget = 'file' | 'override';

/** The way down, from the moment it was asked for. `total`: instances that lived then. */
export type Leaving = { sinceMs: number; total: number; atOnce: boolean; progress: DownProgress | null };

export type UiState = {
  size: Size;
  owning: boolean;
  /** May `scale` edit procs.yaml? */
  canEditFile: boolean;
  status: Status | null;
  /** Oldest first, at most MAX_EVENTS. */
  events: EventRecord[];
  view: View;
  overlay: Overlay | null;
  leaving: Leaving | null;
  /** A service or an instance; null: the first row. */
  selected: string | null;
  /** Services whose fold the user chose; the others fold by size. */
  folds: Record<string, boolean>;
  nameFilter: string;
  lineFilter: string;
  allOutput: boolean;
  wrapLines: boolean;
  showTimes: boolean;
  /** Lowest visible line when paused; null: follows the newest. */
  logBottom: number | null;
  /** Seq of the lowest visible event when paused. */
  eventBottom: number | null;
  notice: { text: string; tone: Tone; untilMs: number } | null;
};

/** What the user has chosen and typed: it outlives a view that ends because another supervisor takes over. */
export type Choices = Pick<
  UiState,
  'view' | 'overlay' | 'selected' | 'folds' | 'nameFilter' | 'lineFilter' | 'allOutput' | 'wrapLines' | 'showTimes'
>;

export const MAX_EVENTS = 1000;

type Beginning = { size: Size; owning: boolean; canEditFile: boolean };

/** @param choices of the view before. */
export function initialState(beginning: Beginning, choices: Choices | null = null): UiState {
  return {
    ...beginning,
    status: null,
    events: [],
    view: 'main',
    overlay: null,
    leaving: null,
    selected: null,
    folds: {},
    nameFilter: '',
    lineFilter: '',
    allOutput: false,
    wrapLines: false,
    showTimes: true,
    logBottom: null,
    eventBottom: null,
    notice: null,
    ...choices,
  };
}

/** A question that waits for its answer is dropped: nobody answers it any more. What is typed stays, else its rest were keys. */
export function choicesOf(state: UiState): Choices {
  const { view, selected, folds, nameFilter, lineFilter, allOutput, wrapLines, showTimes } = state;
  const isUnanswered = state.overlay?.kind === 'why' && state.overlay.explanations === null;
  const overlay = isUnanswered ? null : state.overlay;
  return { view, overlay, selected, folds, nameFilter, lineFilter, allOutput, wrapLines, showTimes };
}

/** Where the next key goes. */
export function contextOf(state: UiState): KeyContext {
  if (state.leaving !== null) return 'leaving';
  return state.overlay?.kind ?? state.view;
}
