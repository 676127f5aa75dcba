// What following a ref says in the events: one sentence for each thing that has happened.
import { shortHash } from '../../core/applied-commit.ts';
import type { FollowHold, MovingPhase } from '../../core/follow.ts';
import type { Problem } from '../../core/load-result.ts';
import { formatSpan } from '../../units.ts';
import type { Supervised } from '../api/supervised.ts';

export class FollowReport {
  readonly #events: Pick<Supervised['events'], 'report'>;
  readonly #ref: string;

  constructor(events: Pick<Supervised['events'], 'report'>, ref: string) {
    this.#events = events;
    this.#ref = ref;
  }

  /** The work tree is that of the commit, and its configuration is in force. */
  moved({ from, to, reason }: MovingPhase, services: readonly string[]): void {
    const restarts = services.length === 0 ? '' : `; restarting ${services.join(', ')}`;
    const details = { from, commit: to, services };
    if (reason.kind === 'back') {
      const message = `Commit ${shortHash(from)} failed: ${reason.because}. Back to ${shortHash(to)}${restarts}.`;
      this.#tell('commit_failed', message, { commit: from, to, because: reason.because, services });
      return;
    }
    const by = reason.kind === 'by_hand' ? 'is checked out by hand' : `of ${this.#ref} is checked out`;
    this.#tell('commit_applied', `Commit ${shortHash(to)} ${by}${restarts}.`, details);
  }

  accepted(commit: string, tookMs: number): void {
    const message = `Commit ${shortHash(commit)} is good: converged after ${formatSpan(tookMs)}.`;
    this.#tell('commit_accepted', message, { commit, tookMs });
  }

  rejected(commit: string, because: string, inForce: string): void {
    const message = `Commit ${shortHash(commit)} is rejected, ${shortHash(inForce)} stays in force: ${because}`;
    this.#tell('commit_rejected', message, { commit, because });
  }

  gaveUp(commit: string, because: string): void {
    const message = `Commit ${shortHash(commit)} failed: ${because}. No good commit is known to go back to; it stays.`;
    this.#tell('commit_failed', message, { commit, to: null, because });
  }

  /** The work tree was moved, but not all that belongs to it is in force. */
  incomplete(commit: string, because: string): void {
    this.#tell('commit_incomplete', `Commit ${shortHash(commit)} is checked out, but: ${because}.`, {
      commit,
      because,
    });
  }

  /** @param what the commit, or the ref */
  held({ rule, because, command }: FollowHold, what: string): void {
    const helps = command === null ? '' : ` \`${command}\` helps.`;
    this.#tell('commit_held', `${what} is held: ${because}.${helps}`, { rule, because, command });
  }

  fetchFailed(error: string): void {
    this.#tell('fetch_failed', `git could not fetch ${this.#ref}: ${error}`, { error });
  }

  fetchedAgain(): void {
    this.#tell('fetch_recovered', `git has fetched ${this.#ref} again.`, {});
  }

  /** The first one, with its place. */
  problemText(problems: readonly Problem[]): string {
    const errors = problems.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    if (!first) return 'its configuration cannot be read';
    const place = [first.file, first.line, first.column].filter((part) => part !== null).join(':');
    return `${place}: ${first.message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`;
  }

  #tell(type: string, message: string, details: Record<string, unknown>): void {
    this.#events.report({ type, instance: null, message, details: { ref: this.#ref, ...details } });
  }
}
