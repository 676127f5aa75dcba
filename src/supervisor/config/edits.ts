// What becomes of an edit of the files: it is applied, held, or rejected. Follows the files; pauses and resumes that. Decides
// nothing about services: what is applied goes to the kernel.

import type { AppliedBy, ConfigStatus, HeldEdit, PausedEdits } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import type { AcceptedConfig, LoadResult, WatchedFile } from '../../core/load-result.ts';
import { isSameConfig } from '../../core/same-config.ts';
import { settlesWithin } from '../../logs/settles-within.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { ConfigLoader } from './child-loader.ts';
import { CommitPoll } from './commit-poll.ts';
import { ConfigFollower } from './config-follower.ts';
import { becauseOf, EditJudge, hashOf, type Reasons, type RollbackState, rollbackReasons } from './edit-judge.ts';

/** Changed files that services watch wait for the configuration for so long. */
const RESUME_PATIENCE_MS = 1_000;
/** What runs changes meanwhile, and with it what the held edit would do. */
const SUMMARY_AGE_MS = 1_000;

export type EditsOptions = {
  kernel: Kernel;
  clock: SupervisorContext['clock'];
  journal: SupervisorContext['journal'];
  /** procs.yaml, absolute. */
  fileNow(): string;
  createLoader(): ConfigLoader;
  apply(accepted: AcceptedConfig, by: AppliedBy): void;
  /** Makes the state durable. */
  save(): Promise<void>;
  /** Services that watch files must not act on them either. */
  onPause(isPaused: boolean): void;
};

/** What must outlive the supervisor. */
export type EditState = { paused: PausedEdits | null; rollback: RollbackState | null };
type Held = { edit: HeldEdit; accepted: AcceptedConfig; services: ReadonlySet<string>; summarizedMs: number };

export class Edits {
  #options: EditsOptions;
  #judge: EditJudge;
  #follower: ConfigFollower | null = null;
  #paused: PausedEdits | null = null;
  #held: Held | null = null;
  #rollback: RollbackState | null = null;
  /** What applies the edit that is being read. */
  #by: AppliedBy = 'edit';
  /** The content that was read last: reading it again is not an edit. Null: that of an earlier supervisor, not known. */
  #lastRead: string | null = null;
  /** What the policies say of the configuration that was read last. */
  #judged: { accepted: AcceptedConfig; reasons: Reasons } | null = null;
  readonly #commitPoll: CommitPoll;
  /** The work tree is being moved from one commit to another. */
  #isSuspended = false;

  constructor(options: EditsOptions) {
    this.#options = options;
    this.#judge = new EditJudge(options);
    this.#commitPoll = new CommitPoll({
      waiting: () =>
        this.#held?.edit.reasons.some(({ rule }) => rule === 'require_clean') ? this.#held.accepted : null,
      isCommitted: async (accepted) => (await this.#judge.whyUncommitted(accepted)) === null,
      onCommitted: () => this.reload(),
    });
  }

  get state(): EditState {
    return { paused: this.#paused, rollback: this.#rollback };
  }

  /** Only before `watch`. */
  restore({ paused, rollback }: EditState): void {
    this.#rollback = rollback;
    this.#paused = paused;
    if (paused) this.#options.onPause(true);
  }

  get status(): Pick<ConfigStatus, 'paused' | 'held' | 'rollback'> {
    const [paused, held] = [this.#paused, this.held];
    const rollback = this.#rollback && { to: this.#rollback.to, since: this.#rollback.since };
    return { ...(paused && { paused }), ...(held && { held }), ...(rollback && { rollback }) };
  }

  /** The edit on disk that is not applied; null: there is none. */
  get held(): HeldEdit | null {
    if (!this.#held) return null;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#held.summarizedMs >= SUMMARY_AGE_MS) {
      const edit = { ...this.#held.edit, summary: this.#judge.summarize(this.#held.accepted) };
      this.#held = { ...this.#held, edit, summarizedMs: nowMs };
    }
    return this.#held.edit;
  }

  /** @returns what applying it does now, to be asked for after that */
  summaryOf = (accepted: AcceptedConfig): (() => string) => this.#judge.summaryOf(accepted);

  /** What the held edit would do now. */
  planHeld = (): Plan | null => this.#held && this.#judge.plan(this.#held.accepted);

  /** @returns a sentence about the held edit where it would change this service; null: it would not. */
  noteOn(service: string): string | null {
    if (!this.#held?.services.has(service)) return null;
    const { summary, command } = this.#held.edit;
    return `An edit that changes it is held: ${becauseOf(this.#held.edit)} (${summary}). \`${command}\` lets it pass.`;
  }

  get isWatching(): boolean {
    return this.#follower !== null;
  }

  watch(watched: WatchedFile[]): void {
    const { createLoader, kernel } = this.#options;
    if (!this.#paused?.edits) this.#lastRead = JSON.stringify(watched);
    if (this.#follower) return;
    const loader = createLoader();
    void loader.begin?.(kernel.accepted!);
    this.#follower = new ConfigFollower({
      loader,
      watched,
      prepare: (result) => this.#prepare(result),
      onLoaded: (result) => this.#loaded(result),
      onDegraded: (why) => this.#report('watch_degraded', `File watching is unavailable: ${why}.`),
    });
  }

  /** This configuration is applied. What a roll-back applies is not what is on disk. */
  follow(watched: WatchedFile[], by: AppliedBy): void {
    this.#held = null;
    if (by === 'rollback') return;
    if (by !== 'recovery' && by !== 'upgrade') this.#rollback = null;
    this.#follower?.follow(watched);
  }

  /** Puts the configuration of an earlier generation in force, until the files agree or change. */
  async rollBack(to: number, accepted: AcceptedConfig): Promise<void> {
    const { kernel, apply, save } = this.#options;
    const onDisk = kernel.problems.length > 0 ? null : (this.#held?.accepted ?? kernel.accepted);
    const from = this.#rollback?.from ?? (onDisk && hashOf(onDisk));
    this.#rollback = { to, since: this.#nowIso(), from };
    apply(accepted, 'rollback');
    this.#follower?.invalidate();
    await save();
    await this.reload();
  }

  /** Reads the files now, changed or not. */
  async reload(by: AppliedBy = 'edit'): Promise<LoadResult> {
    if (!this.#follower) this.watch(this.#options.kernel.accepted!.watched);
    this.#by = by;
    return await this.#follower!.reload().finally(() => {
      this.#by = 'edit';
    });
  }

  /** Reads the files as a commit has them. Applies nothing. */
  async loadCommit(commit: string): Promise<LoadResult> {
    const loader = this.#options.createLoader();
    return await loader.load(commit).finally(() => loader.close());
  }

  /** From now on, what is on disk counts for nothing: half a checkout is not an edit. Services that watch files wait, too. */
  suspend(): void {
    this.#isSuspended = true;
    this.#options.onPause(true);
  }

  /** Applies what is on disk, whatever a policy says: it was asked about that commit. */
  async applyMoved(): Promise<LoadResult> {
    this.#follower?.invalidate(); // a reading under way has seen half of it
    return await this.reload('follow');
  }

  /** Ends `suspend`. */
  release(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    if (!this.#paused) this.#options.onPause(false);
    void this.reload();
  }

  /** Loads what was saved before the call. */
  catchUp = async (): Promise<void> => this.#follower?.catchUp();

  async close(): Promise<void> {
    this.#commitPoll.close();
    await this.#follower?.close();
  }

  /** @returns false: they were paused before. */
  async pause(): Promise<boolean> {
    if (this.#paused) return false;
    this.#paused = { since: this.#nowIso(), edits: 0 };
    this.#options.onPause(true);
    this.#report('edits_paused', 'Edits of the files are not applied until `orch resume`.');
    await this.#options.save();
    return true;
  }

  /** Applies what waits. @returns null: they were not paused. */
  async resume(): Promise<LoadResult | null> {
    if (!this.#paused) return null;
    const { edits } = this.#paused;
    this.#paused = null;
    const number = `${edits} ${edits === 1 ? 'edit' : 'edits'}`;
    this.#report('edits_resumed', `Edits of the files are applied again; ${number} waited.`, { edits });
    await this.#options.save();
    const reading = this.reload('resume');
    // Together, as they were made, unless reading the configuration takes long.
    await settlesWithin(reading, RESUME_PATIENCE_MS);
    if (!this.#isSuspended && !this.#paused) this.#options.onPause(false);
    return await reading;
  }

  /**
   * Lets the held edit pass, whatever the policy says.
   * @param since of the edit that a person has seen. @returns false: another one, or none, is held by now
   */
  applyHeld(since: string): boolean {
    if (this.#held?.edit.since !== since) return false;
    this.#options.apply(this.#held.accepted, 'apply');
    return true;
  }

  /**
   * @param consents the user knows what the policy says, and applies it
   * @returns why this configuration, which a client has loaded, must not be applied; null: it may.
   */
  async objectionTo(accepted: AcceptedConfig, consents: boolean): Promise<HeldEdit | null> {
    if (this.#judge.isInForce(accepted)) return null;
    const reasons = [...this.#pauseReasons(), ...(consents ? [] : await this.#allReasons(accepted))];
    return reasons.length === 0 ? null : this.#judge.describe(this.#judge.plan(accepted, 'up'), reasons);
  }

  async #prepare(result: LoadResult): Promise<void> {
    this.#judged = null;
    if (!result.ok || this.#judge.isInForce(result.accepted)) return;
    this.#judged = { accepted: result.accepted, reasons: await this.#allReasons(result.accepted) };
  }

  #loaded(result: LoadResult): void {
    const isMoved = this.#by === 'follow';
    if (this.#isSuspended && !isMoved) return;
    const isNew = this.#isNewContent(result);
    if (!result.ok) {
      this.#held = null;
      if (isNew) this.#countEdit();
      return void this.#options.kernel.rejectConfig(result.problems);
    }
    const { accepted } = result;
    const isInForce = this.#judge.isInForce(accepted);
    if (isInForce && this.#paused) this.#paused = { ...this.#paused, edits: 0 };
    else if (isNew) this.#countEdit();
    const judged = this.#judged?.accepted === accepted ? this.#judged.reasons : [];
    const reasons = isInForce || isMoved ? [] : [...this.#pauseReasons(), ...judged];
    if (reasons.length > 0) this.#hold(accepted, reasons);
    else this.#options.apply(accepted, this.#by);
  }

  #isNewContent(result: LoadResult): boolean {
    const read = JSON.stringify(result.ok ? result.accepted.watched : result.watched);
    const isNew = this.#lastRead !== null && read !== this.#lastRead;
    this.#lastRead = read;
    return isNew;
  }

  #pauseReasons = (): Reasons => (this.#paused ? [{ rule: 'paused', because: 'edits are paused' }] : []);

  async #allReasons(accepted: AcceptedConfig): Promise<Reasons> {
    return [...rollbackReasons(this.#rollback, accepted), ...(await this.#judge.policyReasons(accepted))];
  }

  #hold(accepted: AcceptedConfig, reasons: Reasons): void {
    const former = this.#held;
    const isSame = former !== null && isSameConfig(accepted.config, former.accepted.config);
    const plan = this.#judge.plan(accepted);
    const described = this.#judge.describe(plan, reasons);
    const edit = isSame ? { ...described, since: former.edit.since } : described;
    const services = new Set(plan.changes.map(({ service }) => service));
    this.#held = { accepted, edit, services, summarizedMs: this.#options.clock.nowMs() };
    this.#options.kernel.forgetProblems();
    this.#commitPoll.arm();
    if (isSame && JSON.stringify(former.edit.reasons) === JSON.stringify(reasons)) return;
    const [{ summary, command }, { generation }] = [edit, this.#options.kernel];
    const message = `The edit is held, generation ${generation} stays in force: ${becauseOf(edit)} (${summary}). \`${command}\` lets it pass.`;
    this.#report('config_held', message, { rules: reasons.map(({ rule }) => rule), summary, command });
  }

  #countEdit(): void {
    if (!this.#paused) return;
    this.#paused = { ...this.#paused, edits: this.#paused.edits + 1 };
    void this.#options.save();
  }

  #nowIso = (): string => new Date(this.#options.clock.nowMs()).toISOString();

  #report(type: string, message: string, details: Record<string, unknown> = {}): void {
    this.#options.journal.report({ type, instance: null, message, details });
  }
}
