// Following a ref of git: from what is known of the repository and of what runs, the one step that is due now. Pure.

export type FollowedRef = {
  /** As a person writes it: `origin/main`. */
  name: string;
  /** `refs/remotes/origin/main`. */
  full: string;
  /** `+origin/main`: a commit that does not continue the history is applied as well. */
  takesRewrites: boolean;
  /** Null: others fetch. */
  fetchEveryMs: number | null;
  /** How long a commit may take to converge. */
  timeoutMs: number;
};

/** A commit that is not tried again. `rejected`: its configuration is not valid. `failed`: it did not converge. */
export type BadCommit = { commit: string; kind: 'rejected' | 'failed'; because: string };

export type MoveReason =
  | { kind: 'forward' }
  /** Another hand has checked it out. */
  | { kind: 'by_hand' }
  /** To the last good commit. */
  | { kind: 'back'; because: string };

/** Full hashes throughout. */
export type MovingPhase = { kind: 'moving'; from: string; to: string; reason: MoveReason };
/**
 * ```
 *   settled ──move──▶ moving ──moved──▶ proving ──accept─▶ settled (good)
 *      ▲                │  ▲               ├──────move──▶ moving (a newer commit)
 *      └── moved back ──┘  └── move back ──┤
 *      ▲                                   │
 *      └────────────── give_up ────────────┘ (without a good commit to go back to)
 * ```
 * It is written down before the work tree is touched, so that a supervisor that takes over finishes what was begun.
 */
export type FollowPhase =
  /** `commit` is in force. */
  | { kind: 'settled'; commit: string }
  /** The work tree becomes that of `to`; then its configuration is applied, and the services restart that it changes. */
  | MovingPhase
  /** In force, and not converged since. `isOurs` false: another hand has checked it out, orch does not take it back. */
  | { kind: 'proving'; commit: string; isOurs: boolean };

export type FollowState = {
  ref: FollowedRef;
  /** The last commit that converged; null: none yet. */
  good: string | null;
  phase: FollowPhase;
  bad: BadCommit | null;
  /** Instances that were degraded before the commit in force, and that it does not restart: they prove nothing about it. */
  excused: string[];
};

/** Of the commit of the ref to the one that is checked out. `unknown`: the clone is too shallow to tell. */
export type CommitRelation = 'same' | 'newer' | 'older' | 'rewritten' | 'unknown';
export type CommitVerdict = { kind: 'pending' } | { kind: 'met' } | { kind: 'failed'; because: string };
export type Obstacle = { because: string; command: string | null };
/** What a look at the configuration of a commit has found. `held`: by the policy. */
export type CheckedCommit = { commit: string } & (
  | { result: 'valid' }
  | { result: 'invalid'; because: string }
  | { result: 'held'; because: string }
);

export type FollowFacts = {
  /** The commit of the ref; null: the ref is gone. */
  target: string | null;
  head: string;
  relation: CommitRelation;
  /** The target is the last good commit, or continues it. */
  continuesGood: boolean;
  /** The branch that is checked out is the one that is followed. */
  isCheckedOut: boolean;
  /** Why the work tree must not be touched now; null: it may. */
  obstacle: Obstacle | null;
  isPaused: boolean;
  /** The last commit that was looked at. */
  checked: CheckedCommit | null;
  /** Of the commit in force. */
  verdict: CommitVerdict;
};

export type FollowHold = {
  rule: 'paused' | 'ref_gone' | 'checked_out' | 'rewritten' | 'work_tree' | 'policy' | 'git';
  /** A clause. */
  because: string;
  /** What helps; null: only time. */
  command: string | null;
};

export type FollowStep =
  | { do: 'nothing' }
  | { do: 'hold'; hold: FollowHold }
  /** Load its configuration from git, and ask the policy. */
  | { do: 'check'; commit: string }
  | { do: 'reject'; commit: string; because: string }
  | { do: 'move'; phase: MovingPhase }
  | { do: 'accept' }
  | { do: 'give_up'; because: string };

/** The rules in order; the first that fits decides. */
export function decideFollow(state: FollowState, facts: FollowFacts): FollowStep {
  const { phase } = state;
  // Half a work tree is finished first, paused or not.
  if (phase.kind === 'moving' && (facts.head === phase.from || facts.head === phase.to))
    return facts.obstacle ? hold('work_tree', facts.obstacle) : { do: 'move', phase };
  const inForce = phase.kind === 'moving' ? phase.from : phase.commit;
  if (facts.head !== inForce) {
    if (facts.isPaused) return PAUSED;
    return { do: 'move', phase: { kind: 'moving', from: inForce, to: facts.head, reason: { kind: 'by_hand' } } };
  }
  if (phase.kind !== 'proving') return decideNext(state, facts);
  if (facts.verdict.kind === 'met') return { do: 'accept' };
  if (facts.verdict.kind === 'failed') return decideFailed(state, facts, facts.verdict.because);
  // The first commit is waited for: without it, there is nothing to go back to.
  return state.good === null ? { do: 'nothing' } : decideNext(state, facts);
}

/** A newer commit may be the remedy. Otherwise back, where orch itself has come from a good commit. */
function decideFailed(state: FollowState, facts: FollowFacts, because: string): FollowStep {
  const { phase, good } = state;
  const next = decideNext(state, facts);
  if (next.do === 'check' || next.do === 'reject' || next.do === 'move') return next;
  const mayGoBack = phase.kind === 'proving' && phase.isOurs && !facts.isCheckedOut;
  if (!mayGoBack || good === null || good === phase.commit) return { do: 'give_up', because };
  if (facts.isPaused) return PAUSED;
  if (facts.obstacle) return hold('work_tree', facts.obstacle);
  return { do: 'move', phase: { kind: 'moving', from: phase.commit, to: good, reason: { kind: 'back', because } } };
}

/** Whether the commit of the ref is to be applied. */
function decideNext({ ref, phase, bad }: FollowState, facts: FollowFacts): FollowStep {
  const { target, head, checked } = facts;
  if (target === null) return hold('ref_gone', { because: `git does not know ${ref.name} any more`, command: null });
  if (facts.isCheckedOut) return hold('checked_out', whyCheckedOut(ref.name));
  if (target === head || target === bad?.commit) return { do: 'nothing' };
  if (facts.isPaused) return PAUSED;
  // A commit that is not proven yet may disappear from the ref again.
  const replacesUnproven = phase.kind === 'proving' && phase.isOurs && facts.continuesGood;
  if (facts.relation !== 'newer' && !ref.takesRewrites && !replacesUnproven) {
    // Commits of this clone come on top.
    if (facts.relation === 'older') return { do: 'nothing' };
    return hold('rewritten', facts.relation === 'unknown' ? whyUnknown(ref.name) : whyRewritten(ref.name));
  }
  if (checked?.commit !== target) return { do: 'check', commit: target };
  if (checked.result === 'invalid') return { do: 'reject', commit: target, because: checked.because };
  if (facts.obstacle) return hold('work_tree', facts.obstacle);
  if (checked.result === 'held') return hold('policy', { because: checked.because, command: 'orch apply' });
  return { do: 'move', phase: { kind: 'moving', from: head, to: target, reason: { kind: 'forward' } } };
}

const hold = (rule: FollowHold['rule'], { because, command }: Obstacle): FollowStep => ({
  do: 'hold',
  hold: { rule, because, command },
});

const PAUSED = hold('paused', { because: 'edits are paused', command: 'orch resume' });

export const whyCheckedOut = (name: string): Obstacle => ({
  because: `${name} is the branch that is checked out, so that its files change before orch has seen the commit`,
  command: 'git switch --detach',
});

const whyRewritten = (name: string): Obstacle => ({
  because: `${name} does not continue what is checked out: it was rewritten, or commits were made here`,
  command: `git reset --keep ${name}`,
});

const whyUnknown = (name: string): Obstacle => ({
  because: `this clone is shallow, and git cannot tell whether ${name} continues what is checked out (--unshallow gets the history)`,
  command: null,
});

/** What follows once the work tree is that of `to`, its configuration is in force and its services restart. */
export function afterMove(state: FollowState, { from, to, reason }: MovingPhase, excused: string[]): FollowState {
  switch (reason.kind) {
    case 'forward':
      return { ...state, phase: { kind: 'proving', commit: to, isOurs: true }, excused };
    case 'by_hand':
      return { ...state, phase: { kind: 'proving', commit: to, isOurs: false }, excused };
    case 'back': {
      const bad: BadCommit = { commit: from, kind: 'failed', because: reason.because };
      return { ...state, phase: { kind: 'settled', commit: to }, bad, excused: [] };
    }
  }
}

/** The commit in force is good. */
export function afterProof(state: FollowState): FollowState {
  const commit = commitInForce(state);
  const bad = state.bad?.commit === commit ? null : state.bad;
  return { ...state, good: commit, phase: { kind: 'settled', commit }, bad, excused: [] };
}

/** The commit in force did not converge, and stays. */
export function afterGivingUp(state: FollowState, because: string): FollowState {
  const commit = commitInForce(state);
  const bad: BadCommit = { commit, kind: 'failed', because };
  return { ...state, phase: { kind: 'settled', commit }, bad, excused: [] };
}

export const afterRejection = (state: FollowState, commit: string, because: string): FollowState => ({
  ...state,
  bad: { commit, kind: 'rejected', because },
});

/** While the work tree moves: the commit that it leaves. */
export const commitInForce = ({ phase }: Pick<FollowState, 'phase'>): string =>
  phase.kind === 'moving' ? phase.from : phase.commit;
