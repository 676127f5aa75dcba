// Follows a ref: looks at the clone when something has changed, takes the one step that is due (core/follow.ts decides which),
// and looks again. One step at a time; each is written down before the work tree is touched.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldEdit } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import { shortHash } from '../../core/applied-commit.ts';
import {
  afterGivingUp,
  afterMove,
  afterProof,
  afterRejection,
  type CheckedCommit,
  commitInForce,
  decideFollow,
  type FollowFacts,
  type FollowHold,
  type FollowState,
  type FollowStep,
  type MovingPhase,
} from '../../core/follow.ts';
import type { FollowStatus } from '../../core/follow-status.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { errorText } from '../../os/errors.ts';
import { type FileWatch, watchFiles } from '../../os/watch/watch-files.ts';
import { becauseOf, EditJudge } from '../config/edit-judge.ts';
import type { FollowHost } from './follow-host.ts';
import { FollowReport } from './follow-report.ts';
import { FollowedClone } from './followed-clone.ts';
import { Proof } from './proof.ts';
import { RefFetcher } from './ref-fetcher.ts';
import { degradedNow, isUntouched, restartChanged } from './restart-changed.ts';

/** While something keeps a commit from being applied: no event says that a work tree is clean again. After git has failed, less often. */
const HELD_POLL_MS = 5_000;
const FAILED_POLL_MS = 30_000;
const CLOSE_WITHIN_MS = 5_000;

type HeldCommit = FollowHold & { since: string; commit: string | null };
/** `accepted`: what the commit says. */
type PolicyHold = { commit: string; edit: HeldEdit; accepted: AcceptedConfig };

export class FollowLoop {
  readonly #host: FollowHost;
  readonly #clone: FollowedClone;
  readonly #judge: EditJudge;
  readonly #report: FollowReport;
  readonly #fetcher: RefFetcher;
  readonly #proof: Proof;
  #watcher: FileWatch | null = null;
  #state: FollowState;
  #target: string | null = null;
  #held: HeldCommit | null = null;
  #checked: CheckedCommit | null = null;
  #policyHold: PolicyHold | null = null;
  /** A commit that a person lets pass. */
  #passed: string | null = null;
  #turn: Promise<void> = Promise.resolve();
  #isDue = false;
  #isClosed = false;
  #poll: NodeJS.Timeout | null = null;

  constructor(host: FollowHost, state: FollowState) {
    this.#host = host;
    this.#state = state;
    const { ref } = state;
    this.#clone = new FollowedClone(host);
    this.#judge = new EditJudge({ kernel: host.kernel, clock: host.clock, fileNow: () => host.file });
    this.#report = new FollowReport(host.events, ref.name);
    this.#proof = new Proof(host, () => this.wake());
    this.#fetcher = new RefFetcher(ref, this.#clone, this.#report);
    this.wake();
  }

  get state(): FollowState {
    return this.#state;
  }

  get status(): FollowStatus {
    const { ref, good, phase, bad } = this.#state;
    const { kind: state } = phase;
    const { fetchEveryMs } = ref;
    const held = this.#held && pick(this.#held);
    const fetches = fetchEveryMs === null ? {} : { fetches: { everyMs: fetchEveryMs, error: this.#fetcher.error } };
    const commit = commitInForce(this.#state);
    return { ref: ref.name, target: this.#target, commit, state, good, bad, held, ...fetches };
  }

  get held(): HeldEdit | null {
    return this.#held?.rule === 'policy' ? (this.#policyHold?.edit ?? null) : null;
  }

  planHeld = (): Plan | null => (this.held ? this.#judge.plan(this.#policyHold!.accepted) : null);

  async pass(since: string): Promise<boolean> {
    const { held } = this;
    if (held?.since !== since || !this.#policyHold) return false;
    this.#passed = this.#policyHold.commit;
    this.#checked = null;
    await this.wake();
    return true;
  }

  /** Looks, and acts on what it finds. Resolves once nothing is due any more. */
  wake(): Promise<void> {
    if (!this.#isDue) {
      this.#isDue = true;
      this.#turn = this.#turn.then(() => this.#takeSteps());
    }
    return this.#turn;
  }

  /** Resolves once git has finished, or after 5 s: a hook of the clone may take long. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#poll) clearTimeout(this.#poll);
    this.#proof.cancel();
    this.#fetcher.close();
    const tooLong = sleep(CLOSE_WITHIN_MS, null, { ref: false });
    await Promise.race([Promise.all([this.#turn, this.#watcher?.close()]), tooLong]);
  }

  async #takeSteps(): Promise<void> {
    this.#isDue = false;
    try {
      while (!this.#isClosed && (await this.#takeStep()));
    } catch (error) {
      this.#hold({ rule: 'git', because: errorText(error), command: null });
    }
    this.#armPoll();
  }

  /** @returns whether another one may be due */
  async #takeStep(): Promise<boolean> {
    const seen = await this.#clone.look(this.#state);
    if (this.#isClosed) return false;
    if (typeof seen === 'string') return this.#hold({ rule: 'git', because: seen, command: null });
    const { watched, ...clone } = seen;
    if (this.#watcher) this.#watcher.update(watched);
    else this.#watcher = watchFiles(watched, () => void this.wake());
    this.#target = clone.target;
    this.#proof.follow(this.#state);
    const { verdict } = this.#proof;
    const isPaused = this.#host.edits.state.paused !== null;
    return await this.#perform(
      decideFollow(this.#state, { ...clone, isPaused, checked: this.#checked, verdict }),
      clone,
    );
  }

  async #perform(step: FollowStep, { head }: Pick<FollowFacts, 'head'>): Promise<boolean> {
    if (step.do !== 'hold') this.#held = null;
    switch (step.do) {
      case 'nothing':
        return false;
      case 'hold':
        return this.#hold(step.hold);
      case 'check':
        this.#checked = await this.#check(step.commit);
        return true;
      case 'reject':
        await this.#enter(afterRejection(this.#state, step.commit, step.because));
        this.#report.rejected(step.commit, step.because, commitInForce(this.#state));
        return true;
      case 'move':
        return await this.#move(step.phase);
      case 'accept':
        await this.#enter(afterProof(this.#state));
        this.#report.accepted(head, this.#proof.tookMs);
        return true;
      case 'give_up':
        await this.#enter(afterGivingUp(this.#state, step.because));
        this.#report.gaveUp(head, step.because);
        return true;
    }
  }

  async #enter(state: FollowState): Promise<void> {
    this.#state = state;
    await this.#host.save();
  }

  /** Its configuration, from git: the work tree is not touched. */
  async #check(commit: string): Promise<CheckedCommit> {
    const loaded = await this.#host.edits.loadCommit(commit);
    this.#policyHold = null;
    if (!loaded.ok) return { commit, result: 'invalid', because: this.#report.problemText(loaded.problems) };
    return await this.#judgePolicy(commit, loaded.accepted);
  }

  async #judgePolicy(commit: string, accepted: AcceptedConfig): Promise<CheckedCommit> {
    const mayPass = commit === this.#passed || this.#judge.isInForce(accepted);
    const reasons = mayPass ? [] : await this.#judge.policyReasons(accepted);
    if (reasons.length === 0) return { commit, result: 'valid' };
    const edit = this.#judge.describe(this.#judge.plan(accepted), reasons);
    const isSame = this.#policyHold?.commit === commit && this.#policyHold.edit.summary === edit.summary;
    this.#policyHold = { commit, edit: isSame ? this.#policyHold!.edit : edit, accepted };
    return { commit, result: 'held', because: `${becauseOf(edit)} (${edit.summary})` };
  }

  /** What the policy says of a commit depends on what runs as well. */
  async #judgeAgain(): Promise<void> {
    const before = this.#checked;
    if (!this.#policyHold || before?.result !== 'held') return await this.wake();
    const { commit, accepted } = this.#policyHold;
    const now = await this.#judgePolicy(commit, accepted);
    if (this.#isClosed || this.#checked !== before) return;
    this.#checked = now;
    if (now.result !== 'held' || now.because !== before.because) await this.wake();
    else this.#armPoll();
  }

  async #move(phase: MovingPhase): Promise<boolean> {
    const before = this.#state;
    const { edits } = this.#host;
    const isInterrupted = before.phase.kind === 'moving';
    const degraded = degradedNow(this.#host);
    this.#proof.cancel();
    edits.suspend();
    try {
      await this.#enter({ ...before, phase });
      const { hasMoved, failure } = await this.#clone.move(phase, isInterrupted);
      if (!hasMoved) {
        await this.#enter(before);
        return this.#hold({ rule: 'git', because: failure ?? 'git has moved nothing', command: null });
      }
      const loaded = failure === null ? await edits.applyMoved() : null;
      const problem = loaded && !loaded.ok ? this.#report.problemText(loaded.problems) : failure;
      if (problem !== null && phase.reason.kind === 'forward') return await this.#turnBack(phase, problem);
      if (problem !== null) this.#report.incomplete(phase.to, problem);
      const files = phase.from === phase.to ? [] : await this.#clone.changedFiles(phase.from, phase.to);
      const restarted = restartChanged(this.#host, files);
      const excused = degraded.filter((id) => isUntouched(this.#host, id, restarted));
      await this.#enter(afterMove(before, phase, excused));
      this.#report.moved(phase, restarted.services);
      return true;
    } finally {
      // Interrupted: what lies there is finished first.
      if (this.#state.phase.kind !== 'moving') edits.release();
    }
  }

  /** The files are those of the new commit, and it cannot be put in force. */
  async #turnBack({ from, to }: MovingPhase, because: string): Promise<boolean> {
    const phase: MovingPhase = { kind: 'moving', from: to, to: from, reason: { kind: 'back', because } };
    await this.#enter({ ...this.#state, phase });
    return true;
  }

  /** @returns false: nothing is due until something changes */
  #hold(hold: FollowHold): boolean {
    const former = this.#held;
    const isSame = former?.rule === hold.rule && former.because === hold.because && former.commit === this.#target;
    const since = new Date(this.#host.clock.nowMs()).toISOString();
    this.#held = { ...hold, since: isSame ? former.since : since, commit: this.#target };
    if (!isSame) this.#report.held(this.#held, this.#target ? shortHash(this.#target) : this.#state.ref.name);
    return false;
  }

  #armPoll(): void {
    if (this.#poll) clearTimeout(this.#poll);
    this.#poll = null;
    if (this.#isClosed || this.#held === null) return;
    const delayMs = this.#held.rule === 'git' ? FAILED_POLL_MS : HELD_POLL_MS;
    const look = this.#held.rule === 'policy' ? () => this.#judgeAgain() : () => this.wake();
    this.#poll = setTimeout(() => void look(), delayMs).unref();
  }
}

const pick = ({ rule, because, command, since }: HeldCommit): NonNullable<FollowStatus['held']> => ({
  rule,
  because,
  command,
  since,
});
