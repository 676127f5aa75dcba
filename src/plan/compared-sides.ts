// A plan between two configurations, or what runs and a configuration: its actions, and its report. Pure.
import type { Plan } from '../api/protocol-plan.ts';
import type { BuiltConfig } from '../config/build-config.ts';
import { keyPlaces } from '../config/key-places.ts';
import type { AcceptedConfig } from '../core/load-result.ts';
import { planChange } from './plan.ts';
import { type PlanReport, type PlanSide, summarizePlan, withPlaces } from './plan-report.ts';
import { planToken } from './plan-token.ts';
import { SETTLED_MS, settledState } from './settled-state.ts';

/** A configuration, where its values are written, and where it comes from. */
export type ComparedSide = { accepted: AcceptedConfig; built: BuiltConfig; side: PlanSide };

/** The actions of a supervisor that has settled on `before`; null: of one that has run nothing. */
export function planBetween(before: ComparedSide | null, after: ComparedSide): Plan {
  return planChange(settledState(before?.accepted.config ?? null), after.accepted.config, SETTLED_MS);
}

/**
 * Of a project that does not run.
 * @param key for the token
 */
export function planFirst(after: ComparedSide, key: string): Plan {
  return { ...planBetween(null, after), token: planToken(key, null, after.accepted.config) };
}

/** @param before null: nothing runs */
export function reportPlan(before: ComparedSide | PlanSide | null, after: ComparedSide, plan: Plan): PlanReport {
  const { project, env } = after.accepted.config;
  const was = before && 'built' in before ? keyPlaces(before.built) : null;
  const from: PlanSide = before === null ? { kind: 'nothing' } : 'side' in before ? before.side : before;
  const placed = withPlaces(plan, keyPlaces(after.built), was);
  return { ...placed, project, env, from, to: after.side, summary: summarizePlan(plan) };
}
