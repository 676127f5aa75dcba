// `--fetch-every`: asks the remote of the clone now and then. A fetch that fails is reported once, and disturbs nothing.
import type { FollowedRef } from '../../core/follow.ts';
import type { FollowReport } from './follow-report.ts';
import type { FollowedClone } from './followed-clone.ts';

const FETCH_TIMEOUT_MS = 60_000;

export class RefFetcher {
  readonly #ref: FollowedRef;
  readonly #clone: FollowedClone;
  readonly #report: FollowReport;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #error: string | null = null;

  constructor(ref: FollowedRef, clone: FollowedClone, report: FollowReport) {
    this.#ref = ref;
    this.#clone = clone;
    this.#report = report;
    if (ref.fetchEveryMs !== null) this.#arm(0, ref.fetchEveryMs);
  }

  /** What git said of the last fetch; null: it succeeded, or there was none. */
  get error(): string | null {
    return this.#error;
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #arm(delayMs: number, everyMs: number): void {
    this.#timer = setTimeout(() => void this.#fetch(everyMs), delayMs).unref();
  }

  async #fetch(everyMs: number): Promise<void> {
    const error = await this.#clone.fetch(this.#ref.full, FETCH_TIMEOUT_MS);
    if (this.#isClosed) return;
    if (error !== null && error !== this.#error) this.#report.fetchFailed(error);
    if (error === null && this.#error !== null) this.#report.fetchedAgain();
    this.#error = error;
    this.#arm(everyMs, everyMs);
  }
}
