// What goes into the reducer (messages), and what comes out of it: the next state, and effects for the controller.
import type { DownProgress, EventRecord, Explanation, Status } from '../../api/protocol.ts';
import type { Details } from './details.ts';
import type { Effect, LogRequest, ScaleTarget } from './effects.ts';
import type { MouseReport } from './mouse-report.ts';
import type { AskingPage, PageAnswer } from './page-answer.ts';
import type { TerminalSize, Tone, UiState } from './state.ts';

export type UiMessage =
  | { kind: 'status'; status: Status; nowMs: number }
  | { kind: 'events'; events: EventRecord[] }
  | { kind: 'resized'; size: TerminalSize }
  /** `name` as in the keymap. */
  | { kind: 'key'; name: string; nowMs: number }
  | { kind: 'mouse'; report: MouseReport; nowMs: number }
  /** More than one character at once: pasted. */
  | { kind: 'pasted'; text: string }
  | { kind: 'explained'; name: string; explanations: Explanation[] | null; error: string | null }
  | { kind: 'described'; name: string; details: Details | null; error: string | null }
  | { kind: 'answered'; answer: PageAnswer }
  | { kind: 'unanswered'; of: AskingPage; error: string }
  /** A pool has another size; `before` undoes it. */
  | { kind: 'scaled'; service: string; before: number | null; target: ScaleTarget }
  /** What was asked of the log is in the ring. `seq`: the line to show; null: there is none. */
  | { kind: 'logRead'; request: LogRequest; seq: number | null; nowMs: number }
  | { kind: 'notice'; text: string; tone: Tone; nowMs: number }
  /** The connection to the supervisor has ended. */
  | { kind: 'lost'; nowMs: number }
  /** Another supervisor answers; `text` says which. */
  | { kind: 'found'; text: string; nowMs: number }
  | { kind: 'shutdownProgress'; progress: DownProgress }
  | { kind: 'shutdownFailed'; error: string; nowMs: number };

export type Reduced = { state: UiState; effects: Effect[] };

export function withoutEffects(state: UiState): Reduced {
  return { state, effects: [] };
}
