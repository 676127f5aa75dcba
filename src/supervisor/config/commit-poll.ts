// Asks git now and then whether an edit that waits for its commit is committed by now: a commit changes no watched file.
import type { AcceptedConfig } from '../../core/load-result.ts';

const POLL_MS = 2_000;

export type CommitPollOptions = {
  /** The edit that waits; null: none does any more. */
  waiting(): AcceptedConfig | null;
  isCommitted(accepted: AcceptedConfig): Promise<boolean>;
  onCommitted(): Promise<unknown>;
};

export class CommitPoll {
  #options: CommitPollOptions;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CommitPollOptions) {
    this.#options = options;
  }

  /** Begins, or continues, as long as an edit waits. */
  arm(): void {
    this.close();
    if (this.#options.waiting()) this.#timer = setTimeout(() => void this.#ask(), POLL_MS).unref();
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #ask(): Promise<void> {
    const { waiting, isCommitted, onCommitted } = this.#options;
    const accepted = waiting();
    if (!accepted) return;
    const isClean = await isCommitted(accepted);
    if (waiting() === accepted && isClean) await onCommitted();
    else this.arm();
  }
}
