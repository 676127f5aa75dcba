// What the screen knows: the newest status, the events, and what the user has chosen. Plain values, replaced, never changed.
import type { DownProgress, EventRecord, Explanation, Status } from '../../api/protocol.ts';
import type { KeyContext } from './keymap.ts';

export type TerminalSize = { columns: number; rows: number };
export type ViewName = 'main' | 'logs' | 'events';
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
export type ShutdownView = { sinceMs: number; total: number; immediate: boolean; progress: DownProgress | null };

export type UiState = {
  size: TerminalSize;
  owning: boolean;
  /** May `scale` edit procs.yaml? */
  canEditFile: boolean;
  status: Status | null;
  /** Oldest first, at most MAX_EVENTS. */
  events: EventRecord[];
  view: ViewName;
  overlay: Overlay | null;
  shutdown: ShutdownView | null;
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
export type ViewChoices = Pick<
  UiState,
  'view' | 'overlay' | 'selected' | 'folds' | 'nameFilter' | 'lineFilter' | 'allOutput' | 'wrapLines' | 'showTimes'
>;

export const MAX_EVENTS = 1000;

type InitialOptions = { size: TerminalSize; owning: boolean; canEditFile: boolean };

/** @param choices of the view before. */
export function initialState(beginning: InitialOptions, choices: ViewChoices | null = null): UiState {
  return {
    ...beginning,
    status: null,
    events: [],
    view: 'main',
    overlay: null,
    shutdown: null,
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
export function choicesOf(state: UiState): ViewChoices {
  const { view, selected, folds, nameFilter, lineFilter, allOutput, wrapLines, showTimes } = state;
  const isUnanswered = state.overlay?.kind === 'why' && state.overlay.explanations === null;
  const overlay = isUnanswered ? null : state.overlay;
  return { view, overlay, selected, folds, nameFilter, lineFilter, allOutput, wrapLines, showTimes };
}

/** Where the next key goes. */
export function contextOf(state: UiState): KeyContext {
  if (state.shutdown !== null) return 'leaving';
  return state.overlay?.kind ?? state.view;
}

// What is typed as a search, of lines, events or names: the same rules for all. Pure.

/** null: everything. */
export type SearchPattern = RegExp | null;

/** What the user typed as a search: a regular expression where it is one, else the text itself; case matters only when
 * the user typed upper case. */
export function searchPattern(text: string): SearchPattern {
  if (text === '') return null;
  const flags = /[A-Z]/.test(text) ? '' : 'i';
  try {
    return new RegExp(text, flags);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags); // an unfinished expression, such as `(`
  }
}
