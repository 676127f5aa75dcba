// The part of the protocol that is about the files on disk: applied, rejected, held. `orch ps --json` prints these shapes.
import type { AppliedCommit } from '../core/applied-commit.ts';
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
/** `paused`: by `orch pause`. The others: of `policy` in procs.yaml. */
export type HoldRule = 'paused' | 'manual' | 'require_clean' | 'protect';

/** What became of the files on disk. `held`: only with that status. */
export type EditOutcome = {
  generation: number;
  status: ConfigStatus['status'];
  problems: Problem[];
  held?: HeldEdit;
};
