// A followed ref for programs and people: `orch ps --json` prints the shape, `orch ps` and the view the sentence. Pure, and light.
import { shortHash } from './applied-commit.ts';
import type { FollowHold } from './follow.ts';

/** Commits are full hashes. */
export type FollowStatus = {
  /** `origin/main`. */
  ref: string;
  /** Of the ref; null: it is gone, or not known yet. */
  target: string | null;
  /** The commit in force. While the work tree moves, the one that it leaves. */
  commit: string;
  /** `proving`: in force, and waited for until it converges. */
  state: 'settled' | 'moving' | 'proving';
  /** The last commit that converged; null: none has yet. */
  good: string | null;
  /** A commit that is not tried again until the ref moves on: `rejected` for its configuration, or it did not converge. */
  bad: { commit: string; kind: 'rejected' | 'failed'; because: string } | null;
  /** What keeps `target` from being applied. `since`: ISO 8601. `command`: what helps; null: only time. */
  held: (Pick<FollowHold, 'rule' | 'because' | 'command'> & { since: string }) | null;
  /** Only with `--fetch-every`. `error`: what git said last; null: it succeeded, or was not asked yet. */
  fetches?: { everyMs: number; error: string | null };
};

/** `follows origin/main at abc1234 (last good def5678; …)`. */
export function followText(follow: FollowStatus): string {
  const { ref, commit, good, state, target } = follow;
  const more = [
    ...(good !== null && good !== commit ? [`last good ${shortHash(good)}`] : []),
    ...(state === 'proving' ? ['not converged yet'] : []),
    ...(state === 'moving' && target ? [`${shortHash(target)} is being checked out`] : []),
    ...troublesOf(follow),
  ];
  return `follows ${ref} at ${shortHash(commit)}${more.length > 0 ? ` (${more.join('; ')})` : ''}`;
}

/** The same while something keeps the commit of the ref from being in force; null: all is well. */
export const followTrouble = (follow: FollowStatus | undefined): string | null =>
  follow && troublesOf(follow).length > 0 ? followText(follow) : null;

function troublesOf({ commit, target, bad, held, fetches }: FollowStatus): string[] {
  const isBad = bad !== null && (bad.commit === target || bad.commit === commit);
  const helps = held?.command ? ` (\`${held.command}\` helps)` : '';
  return [
    ...(isBad ? [`${shortHash(bad.commit)} ${bad.kind}: ${bad.because}`] : []),
    ...(held ? [`${target ? shortHash(target) : 'a new commit'} is held: ${held.because}${helps}`] : []),
    ...(fetches?.error ? [`not fetched: ${fetches.error.split('\n')[0]}`] : []),
  ];
}
