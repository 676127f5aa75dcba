// `orch up --follow`: whether a ref is followed, from one `up` to the next and over supervisors. What does it is loaded only
// then.

import type { HeldEdit } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import type { FollowedRef, FollowState } from '../../core/follow.ts';
import type { FollowStatus } from '../../core/follow-status.ts';
import { followTrouble } from '../../core/follow-status.ts';
import type { FollowControl } from '../api/follow-control.ts';
import { RequestError } from '../api/request-error.ts';
import type { FollowHost } from './follow-host.ts';
import type { FollowLoop } from './follow-loop.ts';

export class RefFollowing implements FollowControl {
  readonly #host: FollowHost;
  /** Of the supervisor before, until `begin`. */
  #restored: FollowState | null = null;
  #loop: FollowLoop | null = null;

  constructor(host: FollowHost) {
    this.#host = host;
  }

  /** What must outlive the supervisor. */
  get state(): FollowState | null {
    return this.#loop?.state ?? this.#restored;
  }

  get status(): FollowStatus | null {
    return this.#loop?.status ?? null;
  }

  get trouble(): string | null {
    const trouble = followTrouble(this.status ?? undefined);
    return trouble && `orch ${trouble}.`;
  }

  get held(): HeldEdit | null {
    return this.#loop?.held ?? null;
  }

  planHeld = (): Plan | null => this.#loop?.planHeld() ?? null;
  pass = async (since: string): Promise<boolean> => (await this.#loop?.pass(since)) ?? false;
  wake = (): void => void this.#loop?.wake();

  /** Only before the files are watched: half a work tree must not count as an edit. */
  restore(state: FollowState | null): void {
    this.#restored = state;
    if (state?.phase.kind === 'moving') this.#host.edits.suspend();
  }

  /** @param ref of the `up` that has started this supervisor; null: none; undefined: as before */
  async begin(ref: FollowedRef | null | undefined): Promise<void> {
    if (ref !== undefined) await this.follow(ref);
    else if (this.#restored) await this.#start(this.#restored);
  }

  async follow(ref: FollowedRef | null): Promise<string | null> {
    const before = this.state;
    if (ref === null && before === null) return null;
    await this.#loop?.close();
    const state = ref && (await this.#stateOf(ref, before));
    this.#loop = null;
    this.#restored = state;
    // It may have been held with half a move: nothing finishes that any more.
    if (state?.phase.kind !== 'moving') this.#host.edits.release();
    await this.#host.save();
    if (state) await this.#start(state);
    const ended = before && before.ref.full !== ref?.full ? before.ref.name : null;
    if (ended !== null) this.#report('following_ended', `${ended} is not followed any more.`, { ref: ended });
    if (ref && before?.ref.full !== ref.full)
      this.#report('following_started', `Each new commit of ${ref.name} is applied from now on.`, { ref: ref.name });
    return ended;
  }

  /** The same ref again: what is known of it stays, and a bad commit gets another chance. */
  async #stateOf(ref: FollowedRef, before: FollowState | null): Promise<FollowState> {
    if (before?.ref.full === ref.full) return { ...before, ref, bad: null };
    const { FollowedClone } = await import('./followed-clone.ts');
    const head = await new FollowedClone(this.#host).commitOf('HEAD');
    if (head === null) throw new RequestError({ code: 'failed', message: 'git has no commit checked out' });
    return { ref, good: null, phase: { kind: 'proving', commit: head, isOurs: false }, bad: null, excused: [] };
  }

  async #start(state: FollowState): Promise<void> {
    const { FollowLoop } = await import('./follow-loop.ts');
    this.#loop = new FollowLoop(this.#host, state);
    this.#restored = null;
  }

  /** Resolves when git is not at work any more. */
  close = async (): Promise<void> => this.#loop?.close();

  #report(type: string, message: string, details: Record<string, unknown>): void {
    this.#host.events.report({ type, instance: null, message, details });
  }
}
