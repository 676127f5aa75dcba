// The part of the protocol that is about plans. `orch plan --json` prints these shapes: they change only compatibly.
import type { FilePlace } from '../core/load-result.ts';

export type PlanChange = {
  /** Or `log_queues.main`: a log queue; `policy.apply`: a key of the policy. */
  service: string;
  action: 'start' | 'stop' | 'restart' | 'update' | 'scale';
  /** The affected instances; empty for `update`. */
  instances: string[];
  /** `live`: applied in place; `restart`: needs new processes. */
  class: 'live' | 'restart';
  /** Changed keys; empty for start and stop. */
  keys: PlanKey[];
  /** A sentence. */
  reason: string;
};
export type PlanKey = {
  /** As in the file: `env.LOG_LEVEL`, `stop.grace`. */
  key: string;
  /** As printed, secrets masked; null: it is not there. */
  from: string | null;
  to: string | null;
  /** What the change of this key alone would need. Absent from a supervisor of an older version. */
  class?: 'live' | 'restart';
  /** Where the new value is written, and where the old one was; null: nowhere (a default). Absent: not known. */
  at?: FilePlace | null;
  was?: FilePlace | null;
};
export type Plan = {
  changes: PlanChange[];
  /** Only if the name of the environment changes; null: none. */
  environment?: EnvironmentChange;
  /** For `up --plan` (plan/plan-token.ts). Absent where the plan is not about what runs, and from an older supervisor. */
  token?: string;
};
/** `key`: by which the token was made. */
export type PlannedToken = { token: string; key: string };
export type EnvironmentChange = { from: string | null; to: string | null };
