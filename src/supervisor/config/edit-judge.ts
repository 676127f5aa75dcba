// What an edit would do, and what the policies say of it. Changes nothing.
import { createHash } from 'node:crypto';
import type { HeldEdit, RolledBack } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import { whyUncommitted } from '../../config/files/commit-state.ts';
import type { EditPolicy } from '../../core/edit-policy.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { isSameConfig } from '../../core/same-config.ts';
import { judgeEdit, strictestPolicy } from '../../plan/judge-edit.ts';
import { type PlanBase, planChange } from '../../plan/plan.ts';
import { summarizePlan } from '../../plan/plan-report.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

export type Reasons = HeldEdit['reasons'];
/** `from`: a hash of the configuration on disk that it replaces; null: the files were not valid. */
export type RollbackState = RolledBack & { from: string | null };

export type EditJudgeOptions = {
  kernel: Kernel;
  clock: SupervisorContext['clock'];
  /** procs.yaml, absolute. */
  fileNow(): string;
};

export class EditJudge {
  #options: EditJudgeOptions;

  constructor(options: EditJudgeOptions) {
    this.#options = options;
  }

  /** What applying it would do, in one line. */
  summarize = (accepted: AcceptedConfig): string => this.summaryOf(accepted)();

  /** As `summarize`, for what applying it would do at the time of this call. */
  summaryOf({ config }: AcceptedConfig): () => string {
    const { kernel, clock } = this.#options;
    const { accepted, desired, overrides, rollouts } = kernel;
    const { length } = config.services;
    if (!accepted) return () => `${length} ${length === 1 ? 'service' : 'services'}`;
    const nowMs = clock.nowMs();
    const versionOf: PlanBase['versionOf'] = (service, specHash) => kernel.versionOf(service, specHash);
    const base: PlanBase = { accepted, desired, overrides, rollouts, slots: new Map(kernel.slots), versionOf };
    const isNew = !isSameConfig(config, accepted.config);
    return () => (isNew ? summarizePlan(planChange(base, config, nowMs, 'edit')).text : '');
  }

  isInForce = ({ config }: AcceptedConfig): boolean => isSameConfig(config, this.#options.kernel.accepted?.config);

  /** What the policies of both sides say. */
  async policyReasons(accepted: AcceptedConfig): Promise<Reasons> {
    const policy = this.#policyOn(accepted);
    if (!policy) return [];
    const uncommitted = await this.whyUncommitted(accepted);
    return judgeEdit(policy, { plan: () => this.plan(accepted), slots: this.#options.kernel.slots, uncommitted });
  }

  /** A clause; null: the files count as committed, or no policy asks. */
  async whyUncommitted(accepted: AcceptedConfig): Promise<string | null> {
    if (!this.#policyOn(accepted)?.requireClean) return null;
    return whyUncommitted(
      this.#options.fileNow(),
      accepted.watched.map(({ path }) => path),
    );
  }

  #policyOn({ config }: AcceptedConfig): EditPolicy | null {
    return strictestPolicy(this.#options.kernel.accepted?.config.policy, config.policy);
  }

  plan({ config }: AcceptedConfig, by: 'up' | 'edit' = 'edit'): Plan {
    return planChange(this.#options.kernel, config, this.#options.clock.nowMs(), by);
  }

  describe(plan: Plan, reasons: Reasons): HeldEdit {
    const command = reasons.some(({ rule }) => rule === 'paused') ? 'orch resume' : 'orch apply';
    return {
      reasons,
      since: new Date(this.#options.clock.nowMs()).toISOString(),
      summary: summarizePlan(plan).text,
      command,
    };
  }
}

/** Of the configuration, not of the bytes of its files. */
export const hashOf = ({ config }: AcceptedConfig): string =>
  createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);

export const becauseOf = ({ reasons }: HeldEdit): string => reasons.map(({ because }) => because).join('; ');

/** The files are still those that the roll-back was typed against. */
export function rollbackReasons(rollback: RollbackState | null, accepted: AcceptedConfig): Reasons {
  if (rollback === null || rollback.from !== hashOf(accepted)) return [];
  return [{ rule: 'rolled_back', because: `rolled back to generation ${rollback.to} by \`orch rollback\`` }];
}
