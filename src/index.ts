// The library: `import { load, plan, connect } from 'orch'`. It prints nothing and never ends the process. Changes by semantic
// versioning, as the output of `--json` does.
export type {
  EventRecord,
  ExitStatus,
  Explanation,
  InstanceState,
  InstanceStatus,
  LogQueueStatus,
  NotStarted,
  ServiceStatus,
  StartResult,
  Status,
} from './api/protocol.ts';
export type { Plan, PlanChange, PlanKey } from './api/protocol-plan.ts';
export type { TaskStatus } from './api/protocol-tasks.ts';
export type { ProcsFile, ServiceDeclaration } from './config/schema-generated/authoring.ts';
export type { Problem } from './core/load-result.ts';
export {
  type ConditionOptions,
  type Connection,
  connect,
  type EventStreamOptions,
  type Names,
  type StatusStreamOptions,
} from './library/connect-project.ts';
export { type LoadedProject, type LoadProjectOptions, load } from './library/load-project.ts';
export { OrchError } from './library/orch-error.ts';
export { type PlannedProject, type PlanProjectOptions, plan } from './library/plan-project.ts';
export type { ProjectOptions, Rejected } from './library/project-options.ts';
export type { PlanReport, PlanSide, PlanSummary } from './plan/plan-report.ts';
export { VERSION as version } from './version.ts';
