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

export const MAX_EVENTS = 1000;

export function initialState(options: { size: Size; owning: boolean; canEditFile: boolean }): UiState {
  return {
    ...options,
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
  };
}

/** Where the next key goes. */
export function contextOf(state: UiState): KeyContext {
  if (state.leaving !== null) return 'leaving';
  return state.overlay?.kind ?? state.view;
}
