// What an edit would do, and what the policies say of it. Changes nothing.
import { createHash } from 'node:crypto';
import type { HeldEdit } from '../../api/protocol-edits.ts';
import type { Plan } from '../../api/protocol-plan.ts';
import { whyUncommitted } from '../../config/files/commit-state.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { judgeEdit, strictestPolicy } from '../../plan/judge-edit.ts';
import { planChange } from '../../plan/plan.ts';
import { summarizePlan } from '../../plan/plan-report.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

export type Reasons = HeldEdit['reasons'];

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
  summarize(accepted: AcceptedConfig): string {
    const { accepted: inForce } = this.#options.kernel;
    if (inForce) return this.isInForce(accepted) ? '' : summarizePlan(this.plan(accepted)).text;
    const { length } = accepted.config.services;
    return `${length} ${length === 1 ? 'service' : 'services'}`;
  }

  isInForce = ({ config }: AcceptedConfig): boolean =>
    JSON.stringify(config) === JSON.stringify(this.#options.kernel.accepted?.config);

  /** What the policies of both sides say. */
  async policyReasons(accepted: AcceptedConfig): Promise<Reasons> {
    const { kernel, fileNow } = this.#options;
    const policy = strictestPolicy(kernel.accepted?.config.policy, accepted.config.policy);
    if (!policy) return [];
    const paths = accepted.watched.map(({ path }) => path);
    const uncommitted = policy.requireClean ? await whyUncommitted(fileNow(), paths) : null;
    return judgeEdit(policy, { plan: this.plan(accepted), slots: kernel.slots, uncommitted });
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
