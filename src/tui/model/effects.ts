// What the reducer asks of the outside. Plain values.
import type { LogPlace } from '../../logs/reader/log-history.ts';
import type { Direction } from './log-ring.ts';
import type { AskingPage } from './page-answer.ts';

/** `file`: procs.yaml is edited; `override`: only the supervisor keeps it. */
export type ScaleTarget = 'file' | 'override';

/** What the controller carries out; results come back as messages. `leave`: the view ends. */
export type Effect =
  | { kind: 'command'; method: 'start' | 'stop' | 'restart'; names: string[] }
  | ScaleEffect
  | { kind: 'signal'; names: string[]; signal: string }
  | { kind: 'reload'; name: string }
  | { kind: 'project'; method: ProjectMethod }
  | { kind: 'explain'; name: string }
  | { kind: 'describe'; name: string }
  /** procs.yaml at the service, in the editor of the user. */
  | { kind: 'edit'; service: string }
  | { kind: 'browse'; url: string }
  /** What a page shows. */
  | { kind: 'ask'; of: AskingPage }
  /** The edit that is held since then. */
  | { kind: 'applyHeld'; since: string }
  /** The configuration of that generation comes back. */
  | { kind: 'rollBack'; to: number }
  | { kind: 'down'; timeoutMs: number | null }
  | { kind: 'leave'; outcome: LeaveOutcome }
  /** null: a read under way ends. */
  | { kind: 'readLog'; request: LogRequest | null }
  /** `selected`: only these lines; null: all that the filters show, of the whole log. */
  | { kind: 'saveOutput'; file: string; selected: SelectedText | null }
  | { kind: 'copyLines'; copied: SelectedText }
  | { kind: 'pageOutput' }
  | { kind: 'editOutput' }
  /** Lines, each without its newline. */
  | { kind: 'sendInput'; instance: string; lines: string[] }
  /** The keyboard is the program's until its user leaves. */
  | { kind: 'attach'; instance: string }
  | { kind: 'copy' }
  | { kind: 'suspend' }
  | { kind: 'redraw' };

/** Lines as programs wrote them. `note`: what is not in it, for the user; empty: nothing is missing. */
export type SelectedText = { text: string; lines: number; note: string };

/** `size` null: what the file says. `before`: the size that undoes it; null: no override. */
export type ScaleEffect = {
  kind: 'scale';
  service: string;
  size: number | null;
  target: ScaleTarget;
  before: number | null;
};

/** Of the whole project: edits wait, are applied again; the configuration before comes back. */
export type ProjectMethod = 'pause' | 'resume' | 'rollback';

/** `lost`: no supervisor answered; `lostDown`: the same, and everything is to be stopped. */
export type LeaveOutcome = 'quit' | 'detached' | 'lost' | 'lostDown';

/** What is read from the log where the ring ends, at a time, or where a search finds something. */
export type LogRequest =
  /** `isForHit`: the line that a search found is at the top, without the lines before it. */
  | { kind: 'older'; isForHit?: boolean }
  | { kind: 'newer' }
  | { kind: 'time'; timeMs: number }
  | { kind: 'find'; direction: Direction; place: LogPlace; text: string };
