// What becomes of an edit of the files: it is applied, held, or rejected. Follows the files; pauses and resumes that. Decides
// nothing about services: what is applied goes to the kernel.
import type { ConfigStatus, HeldEdit, PausedEdits } from '../../api/protocol.ts';
import type { AcceptedConfig, LoadResult, WatchedFile } from '../../core/load-result.ts';
import { planChange } from '../../plan/plan.ts';
import { summarizePlan } from '../../plan/plan-report.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { ConfigFollower } from './config-follower.ts';
import type { ConfigLoader } from './config-loader.ts';

export type EditsOptions = {
  kernel: Kernel;
  clock: SupervisorContext['clock'];
  journal: SupervisorContext['journal'];
  createLoader(): ConfigLoader;
  apply(accepted: AcceptedConfig): void;
  /** Makes the state durable. */
  save(): Promise<void>;
  /** Services that watch files must not act on them either. */
  onPause(isPaused: boolean): void;
};

/** What must outlive the supervisor. */
export type EditState = { paused: PausedEdits | null };

type Held = HeldEdit & { accepted: AcceptedConfig };

export class Edits {
  #options: EditsOptions;
  #follower: ConfigFollower | null = null;
  #paused: PausedEdits | null = null;
  #held: Held | null = null;
  /** The content that was read last: reading it again is not an edit. Null: that of an earlier supervisor, not known. */
  #lastRead: string | null = null;

  constructor(options: EditsOptions) {
    this.#options = options;
  }

  get state(): EditState {
    return { paused: this.#paused };
  }

  /** Only before `watch`. */
  restore({ paused }: EditState): void {
    this.#paused = paused;
    if (paused) this.#options.onPause(true);
  }

  get status(): Pick<ConfigStatus, 'paused' | 'held'> {
    return { ...(this.#paused && { paused: this.#paused }), ...(this.held && { held: this.held }) };
  }

  /** The edit on disk that is not applied; null: there is none. */
  get held(): HeldEdit | null {
    if (!this.#held) return null;
    const { accepted: _, ...held } = this.#held;
    return held;
  }

  get isWatching(): boolean {
    return this.#follower !== null;
  }

  watch(watched: WatchedFile[]): void {
    const { createLoader, journal } = this.#options;
    if (!this.#paused?.edits) this.#lastRead = JSON.stringify(watched);
    this.#follower ??= new ConfigFollower({
      loader: createLoader(),
      watched,
      onLoaded: (result) => this.#loaded(result),
      onDegraded: (why) =>
        journal.report({ type: 'watch_degraded', instance: null, message: `File watching is unavailable: ${why}.` }),
    });
  }

  /** These files are applied: by a client, or by this class. */
  follow(watched: WatchedFile[]): void {
    this.#held = null;
    this.#follower?.follow(watched);
  }

  /** Reads the files now, changed or not. */
  async reload(): Promise<LoadResult> {
    if (!this.#follower) this.watch(this.#options.kernel.accepted!.watched);
    return await this.#follower!.reload();
  }

  /** Loads what was saved before the call. */
  catchUp = async (): Promise<void> => this.#follower?.catchUp();
  close = async (): Promise<void> => this.#follower?.close();

  /** @returns false: they were paused before. */
  async pause(): Promise<boolean> {
    if (this.#paused) return false;
    this.#paused = { since: new Date(this.#options.clock.nowMs()).toISOString(), edits: 0 };
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
    this.#report('edits_resumed', `Edits of the files are applied again; ${countEdits(edits)} waited.`, { edits });
    await this.#options.save();
    const result = await this.reload();
    this.#options.onPause(false);
    return result;
  }

  /** @returns why this configuration, which a client has loaded, must not be applied; null: it may. */
  objectionTo(accepted: AcceptedConfig): HeldEdit | null {
    return this.#isInForce(accepted) ? null : this.#judge(accepted);
  }

  #loaded(result: LoadResult): void {
    const isNew = this.#isNewContent(result);
    if (!result.ok) {
      this.#held = null;
      if (isNew) this.#countEdit();
      this.#options.kernel.rejectConfig(result.problems);
      return;
    }
    const { accepted } = result;
    const isInForce = this.#isInForce(accepted);
    if (isInForce) this.#forgetEdits();
    else if (isNew) this.#countEdit();
    const held = isInForce ? null : this.#judge(accepted);
    if (held) this.#hold({ ...held, accepted });
    else this.#options.apply(accepted);
  }

  #isNewContent(result: LoadResult): boolean {
    const read = JSON.stringify(result.ok ? result.accepted.watched : result.watched);
    const isNew = this.#lastRead !== null && read !== this.#lastRead;
    this.#lastRead = read;
    return isNew;
  }

  #isInForce = ({ config }: AcceptedConfig): boolean =>
    JSON.stringify(config) === JSON.stringify(this.#options.kernel.accepted?.config);

  #judge({ config }: AcceptedConfig): HeldEdit | null {
    if (!this.#paused) return null;
    const { kernel, clock } = this.#options;
    const nowMs = clock.nowMs();
    const summary = summarizePlan(planChange(kernel, config, nowMs)).text;
    const because = 'edits are paused';
    const since = this.#held?.since ?? new Date(nowMs).toISOString();
    return { reasons: [{ rule: 'paused', because }], since, summary, command: 'orch resume' };
  }

  #hold(held: Held): void {
    const isSame =
      this.#held !== null && JSON.stringify(this.#held.accepted.config) === JSON.stringify(held.accepted.config);
    this.#held = held;
    const { kernel } = this.#options;
    kernel.forgetProblems();
    if (isSame) return;
    const because = held.reasons.map((reason) => reason.because).join('; ');
    const message = `The edit is held, generation ${kernel.generation} stays in force: ${because} (${held.summary}). \`${held.command}\` lets it pass.`;
    const { reasons, summary, command } = held;
    this.#report('config_held', message, { rules: reasons.map(({ rule }) => rule), summary, command });
  }

  #countEdit(): void {
    if (!this.#paused) return;
    this.#paused = { ...this.#paused, edits: this.#paused.edits + 1 };
    void this.#options.save();
  }

  #forgetEdits(): void {
    if (this.#paused && this.#paused.edits > 0) this.#paused = { ...this.#paused, edits: 0 };
  }

  #report(type: string, message: string, details: Record<string, unknown> = {}): void {
    this.#options.journal.report({ type, instance: null, message, details });
  }
}

const countEdits = (edits: number): string => `${edits} ${edits === 1 ? 'edit' : 'edits'}`;
