// The whole output of `orch plan` for people. Pure.
import type { PlanReport } from '../../plan/plan-report.ts';
import type { Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { formatPlan } from './plan-text.ts';
import { planTitle } from './plan-title.ts';

/** Ends without a line break. @param note what else a person should know */
export function formatReport(report: PlanReport, note: string | null, paint: Paint): string {
  const title = escapeControls(planTitle(report));
  return `${title}${note === null ? '' : `\n(${escapeControls(note)})`}\n\n${formatPlan(report, paint)}`;
}
