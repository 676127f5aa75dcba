// Knows the commit that the configuration in force belongs to: for `ps`, the view and the events. Asks git a moment after each
// edit, so that no edit waits for it, and again when another commit is checked out. Where git is not there, nothing is known.
import { type HeadCommit, readHeadCommit, stampOf } from '../../config/files/head-commit.ts';
import type { AppliedCommit } from '../../core/applied-commit.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { hasChanged } from './config-follower.ts';

export type CommitFollowerOptions = {
  kernel: Kernel;
  journal: SupervisorContext['journal'];
  /** procs.yaml, absolute. */
  fileNow(): string;
};

/** The first instances of a new configuration start in this time. */
const LOOK_AFTER_MS = 300;
/** An answer of `ps` waits no longer for git. */
const MAX_WAIT_MS = 250;

export class CommitFollower {
  #options: CommitFollowerOptions;
  #known: HeadCommit | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  /** Ends a git that still runs: none outlives the supervisor. */
  readonly #closing = new AbortController();
  /** What the last event said. */
  #reported = '';

  constructor(options: CommitFollowerOptions) {
    this.#options = options;
  }

  get commit(): AppliedCommit | null {
    if (!this.#known) return null;
    const { hash, branch, dirty, text } = this.#known;
    return { hash, branch, dirty, text };
  }

  /** A configuration has come into force. */
  applied(): void {
    this.#timer ??= setTimeout(() => this.#due(), LOOK_AFTER_MS).unref();
  }

  /** Looks now if that is due, or another commit is checked out. Costs next to nothing otherwise. */
  async catchUp(): Promise<void> {
    const hasMoved = this.#known !== null && stampOf(this.#known.stamped) !== this.#known.stamp;
    if (!this.#timer && !this.#looking && !hasMoved) return;
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise((resolve) => {
      timer = setTimeout(resolve, MAX_WAIT_MS);
    });
    await Promise.race([this.#look(), waited]);
    clearTimeout(timer);
  }

  close(): void {
    this.#disarm();
    this.#closing.abort();
  }

  #disarm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #due(): void {
    this.#timer = null;
    void (this.#looking ?? Promise.resolve()).then(() => this.#look());
  }

  #look(): Promise<void> {
    if (this.#looking) return this.#looking;
    this.#disarm();
    this.#looking = this.#ask().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #ask(): Promise<void> {
    const { kernel, fileNow } = this.#options;
    const { accepted } = kernel;
    if (!accepted || this.#closing.signal.aborted) return;
    const { watched } = accepted;
    const paths = watched.filter(({ contentHash }) => contentHash !== null).map(({ path }) => path);
    const found = await readHeadCommit(fileNow(), paths, this.#closing.signal);
    // Otherwise the files on disk are not what is in force: a newer edit is on its way, held, or rejected.
    if (kernel.accepted === accepted && !(await hasChanged(watched))) this.#learn(found, accepted);
    else if (found && this.#known) this.#known = { ...this.#known, stamp: found.stamp, stamped: found.stamped };
  }

  #learn(found: HeadCommit | null, { files }: AcceptedConfig): void {
    this.#known = found;
    if (!found) return;
    const { generation } = this.#options.kernel;
    const { hash, branch, dirty, text } = found;
    const message = `Generation ${generation} is commit ${text}.`;
    if (message === this.#reported) return;
    this.#reported = message;
    const details = { generation, commit: hash, branch, dirty, files };
    this.#options.journal.report({ type: 'config_commit', instance: null, message, details });
  }
}
