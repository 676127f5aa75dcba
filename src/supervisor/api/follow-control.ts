// Following a ref of git, as the API and the supervisor see it. An interface, so that neither imports what is built on top of it.
import type { HeldEdit } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import type { FollowedRef } from '../../core/follow.ts';
import type { FollowStatus } from '../../core/follow-status.ts';

export interface FollowControl {
  /** Null: no ref is followed. */
  readonly status: FollowStatus | null;
  /** A commit that the policy holds; null: it holds none. */
  readonly held: HeldEdit | null;
  /** A sentence that people should know while a commit is held or bad; null: all is well. */
  readonly trouble: string | null;
  /**
   * Follows this ref from now on; null: none any more.
   * @returns the name of the ref that was followed until now; null: none was, or it is the same
   */
  follow(ref: FollowedRef | null): Promise<string | null>;
  /** Looks again: edits are paused, or not any more. */
  wake(): void;
  /** What the commit would do that the policy holds; null: it holds none. */
  planHeld(): Plan | null;
  /** Applies the commit that the policy holds since then. @returns false: it holds another one, or none. */
  pass(since: string): Promise<boolean>;
}
