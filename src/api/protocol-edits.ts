// The part of the protocol that is about the files on disk: applied, rejected, held. `orch ps --json` prints these shapes.
import type { AppliedCommit } from '../core/applied-commit.ts';
import type { FollowStatus } from '../core/follow-status.ts';
import type { Problem } from '../core/load-result.ts';

export type ConfigStatus = {
  files: string[];
  /** `held`: the files on disk are valid, but something keeps them from being applied. */
  status: 'applied' | 'rejected' | 'held';
  problems: Problem[];
  /** Of what is applied. Absent: the files are in no git repository, or that is not known yet. */
  commit?: AppliedCommit;
  /** Only while edits are paused (`orch pause`). */
  paused?: PausedEdits;
  /** Only with the status `held`. */
  held?: HeldEdit;
  /** Only while `orch rollback` keeps an earlier generation in force: until the files agree or change. */
  rollback?: RolledBack;
  /** Only while a ref of git is followed (`orch up --follow`). */
  follow?: FollowStatus;
};
/** `since`: ISO 8601. `edits`: how many wait. */
export type PausedEdits = { since: string; edits: number };
/** A valid edit that is not applied; what runs keeps running. */
export type HeldEdit = {
  /** Each rule that holds it, with a clause that says why. */
  reasons: { rule: HoldRule; because: string }[];
  /** ISO 8601. */
  since: string;
  /** What it would do, in one line. */
  summary: string;
  /** Lets it pass. */
  command: string;
};
/** `to`: the generation whose configuration is in force again. `since`: ISO 8601. */
export type RolledBack = { to: number; since: string };
/** `paused`: by `orch pause`; `rolled_back`: by `orch rollback`. The others: of `policy` in procs.yaml. */
export type HoldRule = 'paused' | 'rolled_back' | 'manual' | 'require_clean' | 'protect';

/** What became of the files on disk. `held`: only with that status. */
export type EditOutcome = {
  generation: number;
  status: ConfigStatus['status'];
  problems: Problem[];
  held?: HeldEdit;
};

/** What made a generation. `recovery`: a supervisor that took the place of one that was lost. `follow`: a commit. */
export type AppliedBy = 'up' | 'edit' | 'scale' | 'apply' | 'resume' | 'rollback' | 'upgrade' | 'recovery' | 'follow';

/** One line of `orch history --json`. */
export type GenerationRecord = {
  generation: number;
  /** ISO 8601. */
  at: string;
  by: AppliedBy;
  env: string | null;
  /** The full hash of the commit that has exactly these files; null: none is known to. */
  commit: string | null;
  /** The plan of it in one line. */
  summary: string;
  /** Of `rollback`: to which generation. */
  to?: number;
};
