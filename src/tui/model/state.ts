// The state of the view: the newest status, the events, and the user's choices. Plain values, replaced, never mutated.
import type { DownProgress, EventRecord, Explanation, Status } from '../../api/protocol.ts';
import type { JsonForm } from '../../logs/reader/json-line.ts';
import type { Details } from './details.ts';
import { type DiskEditPage, NO_EDIT } from './disk-edit.ts';
import type { Effect, ScaleTarget } from './effects.ts';
import { type HistoryPage, NO_HISTORY } from './generation-history.ts';
import { type GraphPage, WHOLE_GRAPH } from './graph.ts';
import { KEYMAP, type KeyBinding, type KeyContext } from './keymap.ts';
import type { LevelFilter } from './level.ts';
import type { PageName } from './page-name.ts';
import { NO_QUEUES, type QueuesPage } from './queue-rates.ts';
import { NO_SAMPLES, type Samples } from './samples.ts';
import type { OutputSelection } from './selected-lines.ts';
import type { SortOrder } from './sort.ts';
import { NO_START_UP, type StartUpPage } from './start-up.ts';
import { NO_TASKS, type TasksPage } from './task-runs.ts';

export type TerminalSize = { columns: number; rows: number };
export type ViewName = 'main' | 'logs' | 'events' | PageName;
export type Tone = 'good' | 'warn' | 'bad';

/** A panel over the view, or a question in the last line. */
export type Overlay =
  | PanelOverlay
  | ScaleOverlay
  | SearchOverlay
  | PaletteOverlay
  | SignalOverlay
  | InputOverlay
  | ConfirmOverlay
  | LeaveOverlay;
export type PanelOverlay = HelpOverlay | WhyOverlay | DetailsOverlay;
export function isPanel(overlay: Overlay | null): overlay is PanelOverlay {
  return overlay?.kind === 'help' || overlay?.kind === 'why' || overlay?.kind === 'details';
}

export type HelpOverlay = { kind: 'help'; scroll: number; bindings: readonly KeyBinding[] };
export type WhyOverlay = {
  kind: 'why';
  name: string;
  scroll: number;
  /** null: not answered yet. */
  explanations: Explanation[] | null;
  error: string | null;
};
/** The same for everything that is known about a row. */
export type DetailsOverlay = {
  kind: 'details';
  name: string;
  scroll: number;
  details: Details | null;
  error: string | null;
};
/** `typed`: the user has typed digits; the offered number is gone. */
export type ScaleOverlay = {
  kind: 'scale';
  service: string;
  from: number;
  text: string;
  typed: boolean;
  target: ScaleTarget;
};
/** `before`: the filter to restore when the search is cancelled. */
export type SearchOverlay = { kind: 'search'; of: SearchSubject; text: string; before: string };
/** `names`: rows of the table; `lines`: only lines that match are shown; `output`: lines are found, and all are shown; `time`: the output from there; `file`: where it is saved. */
export type SearchSubject = 'names' | 'lines' | 'output' | 'time' | 'file';
/** `at`: which of the matches is chosen. */
export type PaletteOverlay = { kind: 'palette'; text: string; at: number };
/** `title`: of the row, or how many instances. */
export type SignalOverlay = { kind: 'signal'; names: string[]; title: string; text: string; typed: boolean };
/** The line that is typed into the program of an instance. */
export type InputOverlay = { kind: 'input'; instance: string; text: string };
/** Before a command that ends much. `effect`: what the answer yes does. */
export type ConfirmOverlay = { kind: 'confirm'; question: string; effect: Effect };
/** Before the view that owns the project ends. */
export type LeaveOverlay = { kind: 'leave' };

export type RangeName = '1 m' | '15 m' | '1 h' | 'start' | 'cleared';
/** The time stays where it was when the range was chosen: lines do not disappear while they are read. */
export type TimeRange = { name: RangeName; sinceMs: number };

/** The shutdown, from its request on. `total`: instances that were alive then. */
export type ShutdownView = { sinceMs: number; total: number; immediate: boolean; progress: DownProgress | null };

export type UiState = {
  size: TerminalSize;
  owning: boolean;
  /** `scale` can edit procs.yaml. */
  canEditFile: boolean;
  /** Questions come before the end of the project, and before commands for several instances. */
  asksFirst: boolean;
  bindings: readonly KeyBinding[];
  /** No supervisor has answered since then; null: one does. */
  lostSinceMs: number | null;
  status: Status | null;
  samples: Samples;
  /** Oldest first, at most MAX_EVENTS. */
  events: EventRecord[];
  view: ViewName;
  overlay: Overlay | null;
  shutdown: ShutdownView | null;
  /** A service or an instance; null: the first row. */
  selected: string | null;
  /** Services whose fold the user chose; the others fold by size. */
  folds: Record<string, boolean>;
  /** The first row of the table on screen, where the mouse decides it; null: so that the selected row shows. */
  tableTop: number | null;
  /** The terminal reports the mouse to the view; false: it selects text with it. */
  mouse: boolean;
  /** Services and instances, in the order in which they were marked. */
  marked: readonly string[];
  sort: SortOrder;
  groupsByTag: boolean;
  nameFilter: string;
  lineFilter: string;
  /** From which time on output is shown; null: all. */
  range: TimeRange | null;
  /** When the user marked the output, oldest first. */
  marks: readonly number[];
  /** Services and instances whose lines the output of all services leaves out. */
  muted: readonly string[];
  /** Which lines of the output are shown by their level. */
  levels: LevelFilter;
  /** What is searched in the output, and highlighted. */
  search: string;
  /** Seq of the line that the search is at; null: it has not begun. */
  searchHit: number | null;
  allOutput: boolean;
  wrapLines: boolean;
  /** How lines that are JSON objects are shown. Filters and searches see them as they are. */
  jsonLines: 'raw' | JsonForm;
  showTimes: boolean;
  /** Lowest visible line when paused; null: follows the newest. */
  logBottom: number | null;
  /** Lines of output that the user selects; null: keys act as usual. */
  selection: OutputSelection | null;
  /** Seq of the lowest visible event when paused. */
  eventBottom: number | null;
  graph: GraphPage;
  queues: QueuesPage;
  diskEdit: DiskEditPage;
  history: HistoryPage;
  startUp: StartUpPage;
  tasks: TasksPage;
  notice: { text: string; tone: Tone; untilMs: number } | null;
  /** The last change of a pool's size that can be undone. */
  lastScale: LastScale | null;
};
/** `before`: the size to go back to; null: no override. */
export type LastScale = { service: string; before: number | null; target: ScaleTarget };

export const MAX_EVENTS = 1000;

type InitialOptions = { size: TerminalSize; owning: boolean; canEditFile: boolean; asksFirst: boolean } & {
  /** Default: true. */
  mouse?: boolean | undefined;
  bindings?: readonly KeyBinding[] | undefined;
};

export function initialState(start: InitialOptions): UiState {
  return {
    ...start,
    bindings: start.bindings ?? KEYMAP,
    mouse: start.mouse ?? true,
    lostSinceMs: null,
    status: null,
    samples: NO_SAMPLES,
    events: [],
    view: 'main',
    overlay: null,
    shutdown: null,
    selected: null,
    tableTop: null,
    folds: {},
    marked: [],
    sort: null,
    groupsByTag: false,
    nameFilter: '',
    lineFilter: '',
    range: null,
    marks: [],
    muted: [],
    levels: null,
    search: '',
    searchHit: null,
    allOutput: false,
    wrapLines: false,
    jsonLines: 'raw',
    showTimes: true,
    logBottom: null,
    selection: null,
    eventBottom: null,
    graph: WHOLE_GRAPH,
    queues: NO_QUEUES,
    diskEdit: NO_EDIT,
    history: NO_HISTORY,
    startUp: NO_START_UP,
    tasks: NO_TASKS,
    notice: null,
    lastScale: null,
  };
}

/** The context in which the next key is looked up. */
export function contextOf(state: UiState): KeyContext {
  if (state.shutdown !== null) return 'shutdown';
  return state.overlay?.kind ?? (state.selection === null ? state.view : 'select');
}

const NOTICE_MS = 5000;
const FAILURE_NOTICE_MS = 12_000;

export function noticeOf(text: string, tone: Tone, nowMs: number): UiState['notice'] {
  return { text, tone, untilMs: nowMs + (tone === 'bad' ? FAILURE_NOTICE_MS : NOTICE_MS) };
}
